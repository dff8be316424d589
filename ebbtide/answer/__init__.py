"""From feature rows to answers: risk, reasons in words and one suggested action."""
