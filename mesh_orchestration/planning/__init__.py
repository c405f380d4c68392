"""What a change would do to the whole mesh before it is merged, and doing it: ``mesh plan`` and ``mesh apply``."""
