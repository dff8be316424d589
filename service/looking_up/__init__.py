"""What was said about customers: the current score, its history, and all of them page by page."""
