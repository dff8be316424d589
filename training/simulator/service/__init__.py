"""A simulated service with monthly contracts, whose ends have known hazards by cause."""
