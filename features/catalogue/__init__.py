"""Every feature, declared once: a module for each family, and ``catalogue`` that joins them."""
