"""When customers leave: outcomes by day, the model of them, and how good it is out of time."""
