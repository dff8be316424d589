"""A file of 100 MB goes to the store in parts: the memory of the service hardly grows."""

from __future__ import annotations

import multiprocessing

import job_process
import pytest


@pytest.mark.e2e
def test_receiving_a_large_file_takes_little_memory(project_file, make_bundle):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(job_process.PRELOADED)
    told, tell = context.Pipe(duplex=False)
    sizes = [4 * 2**20, 100 * 2**20]
    args = (str(project_file.parent), str(make_bundle()), b"a key for tests", sizes, tell)
    process = context.Process(target=job_process.receive, args=args, daemon=True)
    process.start()
    assert told.poll(60)
    (small, _), (large, grown_mib) = told.recv()
    process.join()
    assert (small, large) == (202, 202)
    assert grown_mib < 20
