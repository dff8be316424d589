"""The parts of ``python -m benchmarks.serving``: one model, and servers that answer with it."""
