"""The rights of the people whose data this is: finding it, erasing it, keeping it no longer than said."""
