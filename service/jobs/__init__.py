"""Scoring of whole files, while nobody waits: taken in, worked on, handed out."""
