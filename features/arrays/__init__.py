"""Run the catalogue's SQL on sorted arrays: the engine of training, batch scores and live events."""
