"""An export holds what jobs answered about a customer, too, and nothing of anybody else."""

from __future__ import annotations

from sqlalchemy import Integer, create_engine

from ebbtide.store.export import exported
from ebbtide.store.job_content import packed
from ebbtide.store.job_erasure import result_line
from ebbtide.store.schema.jobs import JOB_RESULTS
from ebbtide.store.sql import open_store


def test_results_of_jobs_are_exported(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    lines = [{"row": n, "customer_id": f"c-{n}", "status": "scored"} for n in (1, 2)]
    row = {c.name: 0 if isinstance(c.type, Integer) else "j" for c in JOB_RESULTS.columns}
    unchecked = create_engine(f"sqlite:///{tmp_path}/s.db")
    with unchecked.begin() as connection:
        content = packed(b"".join(map(result_line, lines)))
        connection.execute(JOB_RESULTS.insert(), {**row, "content": content})
    unchecked.dispose()
    assert exported(store.database, "c-2") == {"job_results": [{"job_id": "j", **lines[1]}]}
    assert exported(store.database, "c-3") == {}
    store.close()
