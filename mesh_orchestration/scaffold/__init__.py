"""New domains, products, checks and rules from templates: ``mesh new``."""
