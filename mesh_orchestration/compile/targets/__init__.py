"""The kinds of generated files, one module each (see ``compile/files.py`` for what a module offers)."""
