"""Why a model scores as it does: what moves it over all customers, and what is typical of whom."""
