"""What training and service must agree on: words, contracts, bundle, scorer, policy and economics.

Imports none of the other packages. The map of the whole system is in ``docs/concepts.md``.
"""
