"""How good a model is: measures with their uncertainty, against rivals, by slice, and in money."""
