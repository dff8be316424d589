"""What only administrators do: choose the model, and read the log of privileged deeds."""
