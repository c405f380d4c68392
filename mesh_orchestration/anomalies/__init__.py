"""What is unusual: volumes, nulls, distributions and delays against what history lets expect."""
