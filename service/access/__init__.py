"""Who may do what: keys and tokens, scopes, limits, and the record of privileged deeds."""
