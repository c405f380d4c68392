"""The policies of the mesh: one bundle of Rego, decided in one place."""
