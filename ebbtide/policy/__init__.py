"""Which retention actions there are, what they cost and what is believed of them."""
