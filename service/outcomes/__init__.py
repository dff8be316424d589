"""What became of customers, as companies report it."""
