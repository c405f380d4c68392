"""What was made from what, told as OpenLineage events."""
