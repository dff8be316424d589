"""Who is left alone so that an effect can be told: a sticky coin for each customer and family.

What is done with the arms is in :mod:`ebbtide.effects`; where an answer says them, in
:mod:`ebbtide.answer.arm`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

Arm = Literal["treated", "holdout"]

_STEPS = 2**53  # places that a double tells apart exactly, so that every machine compares alike


def arm_of(customer_id: str, *, family: str, share: float, salt: str) -> Arm:
    """Return the arm of a customer for a family of actions.

    It is the same for ever: nothing but the arguments counts, no process, version or machine. A
    larger share moves customers from ``treated`` to ``holdout`` and none back. Families are held
    out independently of each other, and so are companies with different salts.

    Parameters
    ----------
    customer_id : who.
    family : the family of actions; who is held out of one action is held out of all of its family.
    share : part of the customers that is held out, in [0, 1).
    salt : a text of the company's own; another one deals all customers anew.

    Examples
    --------
    >>> [arm_of(f"c-{n}", family="call", share=0.1, salt="spring sale") for n in (3, 4, 5)]
    ['treated', 'holdout', 'treated']
    """
    return "holdout" if place_of(customer_id, family=family, salt=salt) < share else "treated"


def place_of(customer_id: str, *, family: str, salt: str) -> float:
    """Return where a customer stands in [0, 1); the hold-out is the lower end.

    Parameters
    ----------
    customer_id, family, salt : as in :func:`arm_of`.
    """
    # The family's length goes before it, so that no family and id can be read as another pair.
    message = f"{len(family)}:{family}{customer_id}".encode()
    digest = hmac.digest(salt.encode(), message, hashlib.sha256)
    return (int.from_bytes(digest[:8], "big") >> 11) / _STEPS
