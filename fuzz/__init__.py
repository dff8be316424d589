"""Coverage-guided fuzz of everything that reads what others send; see docs/security.md."""
