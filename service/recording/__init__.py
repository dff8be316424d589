"""Events that companies send between two publishes, and scoring their customers again."""
