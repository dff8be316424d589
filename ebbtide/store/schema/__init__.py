"""The tables of the store, a module for each topic, for any database that SQLAlchemy speaks to."""
