"""What is unusual about the newest publications, against what history says; always a warning, never a block."""
