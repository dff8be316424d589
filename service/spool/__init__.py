"""Answers are given though the log cannot be written, where the operator has allowed it."""
