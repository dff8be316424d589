"""What is known about a customer at an instant, and how it is computed."""
