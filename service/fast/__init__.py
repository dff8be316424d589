"""The hottest addresses, answered on the event loop; what is unusual goes the ordinary way."""
