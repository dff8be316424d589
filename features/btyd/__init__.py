"""Buy-till-you-die models: how often customers buy while they live, and when they stop."""
