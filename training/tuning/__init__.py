"""Tuning: recipes tried on earlier periods within a time budget; the latest stays an exam."""
