"""Answer some questions with a model before it is served, so that nobody waits for what is new.

What is made once for a model and a policy is there then, and what the computing needs of memory
and of libraries has been asked for. Nothing is kept, logged or counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.answer.answer import Question
from ebbtide.answer.compose import answer_rows
from ebbtide.answer.written import answer_to_bytes
from ebbtide.words import LANGUAGES
from service.fast.groups import AT_ONCE

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.bundle.contents import Bundle
    from ebbtide.policy.policy import Policy


def warm_up(bundle: Bundle, *, policy: Policy, now: datetime) -> int:
    """Answer the rows that a bundle brings to be tried with; return how many answers there were.

    Parameters
    ----------
    bundle : the model; its rows are repeated to as many as are answered together under load.
    policy : what decides.
    now : the present.
    """
    rows = np.resize(bundle.golden.rows, (AT_ONCE, bundle.golden.rows.shape[1]))
    question = Question(prediction_id="", customer_id="nobody", as_of=now)
    count = 0
    for language in LANGUAGES:
        answers = answer_rows(
            rows,
            questions=[question] * AT_ONCE,
            model=bundle,
            policy=policy,
            scored_at=now,
            language=language,
        )
        count += sum(bool(answer_to_bytes(answer)) for answer in answers)
    return count
