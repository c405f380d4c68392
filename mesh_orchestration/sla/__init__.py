"""Whether each product kept its service levels, as intervals that are never rewritten."""
