"""Run the catalogue's SQL on sorted arrays: the engine of training, batches and live events."""
