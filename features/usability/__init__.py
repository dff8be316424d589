"""Whether a company's data can be used: traps in tables and logs, and what is missing to train."""
