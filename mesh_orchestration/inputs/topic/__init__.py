"""What reading a Kafka topic takes: the broker, the messages and what they say of rows."""
