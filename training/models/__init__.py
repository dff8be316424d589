"""The kinds of model, each fitted on ranks and written as text that the scorer reads."""
