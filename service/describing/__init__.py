"""What is being served: the model, its features, and the actions of the policy."""
