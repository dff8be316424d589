"""From a verified bundle and feature rows to probabilities and exact contributions."""
