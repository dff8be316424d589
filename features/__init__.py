"""What is known about a customer at an instant: the catalogue, the one filter, the engine, labels."""
