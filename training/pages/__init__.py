"""Pages for people: the report of a model, and a challenger beside the champion."""
