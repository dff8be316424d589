"""The shapes of data that cross a border: raw tables, and what is found wrong with them."""
