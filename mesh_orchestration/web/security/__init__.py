"""Who may ask the service for what, and what a browser may do with its answers."""
