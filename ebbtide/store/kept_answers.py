"""Answers that were kept under an ``Idempotency-Key``: those that name a customer go with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_

from ebbtide.store.schema.idempotency import IDEMPOTENCY_KEYS

if TYPE_CHECKING:
    from sqlalchemy import Connection


def forget_kept_answers(connection: Connection, customer_id: str) -> int:
    """Delete kept answers that name a customer, as a part of a unit; return how many.

    A repeat of such a request is answered anew. Only scores name customers, and to score again
    harms nobody.

    Parameters
    ----------
    connection : of the unit.
    customer_id : who.
    """
    mark = json.dumps(customer_id, ensure_ascii=False)
    content = IDEMPOTENCY_KEYS.c.content
    named = (  # as the answers are written, and as they were before
        content.contains(f'"customer_id":{space}{mark}', autoescape=True) for space in ("", " ")
    )
    gone = connection.execute(delete(IDEMPOTENCY_KEYS).where(or_(*named)))
    return int(gone.rowcount)
