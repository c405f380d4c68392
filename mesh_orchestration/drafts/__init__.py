"""Draft contracts from what a team already has: files, tables, schemas, dbt projects."""
