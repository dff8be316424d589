"""What ops is told of scores and features, and the queues behind the service."""
