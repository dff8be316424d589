"""A flat table with a label, as a company may bring it instead of events."""
