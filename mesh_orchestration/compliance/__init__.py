"""Whether the mesh kept its rules, now or at a past moment, from evidence alone: ``mesh compliance``."""
