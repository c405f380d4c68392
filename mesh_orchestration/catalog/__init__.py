"""The catalog: what the mesh holds and how it hangs together, in one database that can be built anew."""
