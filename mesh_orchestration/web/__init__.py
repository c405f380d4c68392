"""The web service: the pages and APIs of the mesh, behind one address."""
