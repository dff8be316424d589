"""Tell other systems what has happened: signed, retried, and never to an address of our own."""
