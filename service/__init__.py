"""The HTTP service: score, decide, record. It runs no code from an artefact and imports no MLflow.

The one exception is ``service.champion.child``, a process of its own that talks to the registry.
"""
