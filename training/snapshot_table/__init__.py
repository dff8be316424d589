"""From a snapshot table to trained candidates, their card, and scores of its rows."""
