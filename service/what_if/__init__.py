"""What the model would say of a customer whose values were others."""
