"""How a database of any earlier state gets the tables of this version, step by step."""
