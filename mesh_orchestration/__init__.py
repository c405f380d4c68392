"""A data mesh on Dagster: one contract per data product, published only when it is kept."""
