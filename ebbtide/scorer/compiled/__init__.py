"""Compiled code that scores and explains; optional: without numba LightGBM and numpy answer."""
