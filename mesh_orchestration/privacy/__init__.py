"""What people may ask of their data: to see it, and to have it erased; and that it is not kept for ever."""
