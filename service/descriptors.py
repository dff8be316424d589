"""File descriptors: as many as the connections need, or only so many connections as they allow."""

from __future__ import annotations

import resource

BESIDES = 128
"""Descriptors that the process needs beside those of its connections."""


def raise_descriptors(max_connections: int) -> int:
    """Allow this process its descriptors; return how many connections they are enough for.

    Parameters
    ----------
    max_connections : that are wanted, a reserve included.

    Notes
    -----
    The soft limit is raised as far as the hard one lets it. Where that is too little, half of the
    descriptors are left to the store, the registry and the files of jobs.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max_connections + BESIDES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections_within(soft, max_connections)


def connections_within(descriptors: int, wanted: int) -> int:
    """Return how many of the wanted connections so many descriptors allow.

    Examples
    --------
    >>> connections_within(1024, 576), connections_within(64, 576)
    (576, 32)
    """
    is_enough = descriptors == resource.RLIM_INFINITY or descriptors >= wanted + BESIDES
    return wanted if is_enough else min(wanted, descriptors // 2)
