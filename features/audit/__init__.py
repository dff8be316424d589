"""The proof, on a company's own tables, that features cannot see the future."""
