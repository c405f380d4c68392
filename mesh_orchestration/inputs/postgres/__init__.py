"""What reading a PostgreSQL table and its change log takes: the server's objects, its messages, its text."""
