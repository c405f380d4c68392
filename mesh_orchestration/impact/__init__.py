"""Who reads a product, column by column, and what they expect of it."""
