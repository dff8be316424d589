"""All of an answer that a model and a policy decide before anybody asks, worked out once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from ebbtide.answer.arm import Arms
from ebbtide.answer.unlearned import Lessons
from ebbtide.answer.value import Stakes
from ebbtide.answer.wording import Wording
from ebbtide.families import BadNews, Families
from ebbtide.offers import Offers
from ebbtide.words import LANGUAGES

if TYPE_CHECKING:
    from ebbtide.answer.model import Model
    from ebbtide.policy.policy import Policy
    from ebbtide.words import Language

_KEPT = 4
"""Models with their policies that are kept: the served one, and those around a change of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """What answers by one model and one policy share.

    Parameters
    ----------
    model : what scores.
    policy : what decides.
    definition : code of the model's churn definition.
    offers, arms, families, bad_news, lessons, stakes : see their own modules.
    wording : the words of answers, by language.
    """

    model: Model
    policy: Policy
    definition: str
    offers: Offers
    arms: Arms
    families: Families
    bad_news: BadNews
    lessons: Lessons
    stakes: Stakes
    wording: dict[Language, Wording] = field(repr=False)

    @classmethod
    def of(cls, model: Model, policy: Policy) -> Prepared:
        """Work it out."""
        scorer = model.scorer
        offers = Offers.of(policy, scorer.features)
        return cls(
            model=model,
            policy=policy,
            definition=model.definition.code,
            offers=offers,
            arms=Arms.of(policy, offers.actions),
            families=Families.of(scorer.features),
            bad_news=BadNews.of(
                scorer.features, typical=scorer.typical, by_outcome=scorer.typical_by_outcome
            ),
            lessons=Lessons.of(scorer.features),
            stakes=Stakes.of(model, policy),
            wording={
                language: Wording.of(model, offers.actions, language) for language in LANGUAGES
            },
        )


class _Kept:
    """The last few that were prepared; the only state of this package, and never visible."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._prepared: OrderedDict[tuple[int, int], Prepared] = OrderedDict()

    def of(self, model: Model, policy: Policy) -> Prepared:
        # What is kept holds its model and policy, so that their ids are nobody else's meanwhile.
        key = (id(model), id(policy))
        with self._lock:
            found = self._prepared.get(key)
            if found is not None:
                self._prepared.move_to_end(key)
                return found
        made = Prepared.of(model, policy)
        with self._lock:
            self._prepared[key] = made
            while len(self._prepared) > _KEPT:
                self._prepared.popitem(last=False)
        return made


_KEEPER = _Kept()


def prepared_for(model: Model, policy: Policy) -> Prepared:
    """Return what answers by a model and a policy share.

    Neither may change afterwards: what was prepared for them is kept for as long as they are asked.

    Parameters
    ----------
    model : what scores.
    policy : what decides.
    """
    return _KEEPER.of(model, policy)
