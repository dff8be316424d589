"""From a request to answers: check the rows, find their features, score, record."""
