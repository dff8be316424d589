"""A retention policy, as plain data.

How it is read from a file is in :mod:`ebbtide.policy.file`; what is decided with it, in
:mod:`ebbtide.decision`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

    from ebbtide.causes import Cause
    from ebbtide.words import Words

Band = Literal["low", "medium", "high"]
Channel = Literal["phone", "email", "app", "billing", "post", "visit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRate:
    """Prior belief about an action: the share of would-be churners that it keeps.

    Parameters
    ----------
    mean : expected share, in [0, 1].
    sd : standard deviation of that belief, in (0, 0.5].
    """

    mean: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureBounds:
    """The values of one feature for which an action is allowed; both ends included."""

    name: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Who may be offered an action.

    Parameters
    ----------
    min_p_churn : smallest probability of churn, in [0, 1].
    min_value : smallest value of the customer, in the project's currency.
    features : bounds of named features; a missing value or an unknown name is not eligible.
    """

    min_p_churn: float = 0.0
    min_value: float = 0.0
    features: tuple[FeatureBounds, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that can be done to keep a customer.

    Parameters
    ----------
    code : stable name for machines, snake case.
    text : what to do, for the person who does it.
    channel : how the customer is reached.
    contact_cost : cost of one contact, whatever comes of it, in currency, >= 0.
    acceptance_cost : further cost for a customer who accepts, in currency, >= 0.
    stayer_acceptance_rate : share of customers who would have stayed anyway and accept, in [0, 1].
    answers : causes of churn that it does something about.
    is_discount : whether it lowers a price; such an action is never the answer to payment failure.
    needs_contact_consent : whether it is withheld from customers who opted out of contact.
    save_rate : prior belief about its effect.
    eligibility : who may be offered it.
    family : actions of one family are held out together; None for one of its own.
    holdout_share : part of the customers that its family holds out, in [0, 1); None for the
        policy's.
    """

    code: str
    text: Words
    channel: Channel
    contact_cost: float
    acceptance_cost: float
    stayer_acceptance_rate: float
    answers: tuple[Cause, ...]
    is_discount: bool
    needs_contact_consent: bool
    save_rate: SaveRate
    eligibility: Eligibility = Eligibility()
    family: str | None = None
    holdout_share: float | None = None

    @property
    def held_out_with(self) -> str:
        """Name of its family: its own code where it was given none."""
        return self.family or self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """How many customers are left alone so that effects can be told.

    Parameters
    ----------
    share : part of the customers that each family holds out, in [0, 1).
    salt : a text of the company's own; another one deals all customers anew.
    """

    share: float
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """From which probability of churn a risk is called high, and from which medium."""

    high: float
    medium: float

    def of(self, p_churn: float) -> Band:
        """Return the band of a probability.

        Examples
        --------
        >>> Bands(high=0.6, medium=0.3).of(0.3)
        'medium'
        """
        if p_churn >= self.high:
            return "high"
        return "medium" if p_churn >= self.medium else "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the business has decided about keeping customers.

    Parameters
    ----------
    label : the version that its owner gave it.
    owner : who answers for it.
    margin_rate : margin as a share of spend, in (0, 1].
    value_horizon_days : over which time a customer's value is counted, days, >= 1.
    discount_rate_yearly : by how much a sum that comes a year later is worth less, in [0, 1].
    valid_days : how long an answer holds, counted from its ``as_of``, days, >= 1.
    bands : thresholds of the risk bands.
    actions : what can be done.
    holdout : whom to leave alone; None for nobody.
    version : the owner's label and a hash of all the rest; equal exactly where they are equal.
    """

    label: str
    owner: str
    margin_rate: float
    value_horizon_days: int
    valid_days: int
    bands: Bands
    actions: tuple[Action, ...]
    discount_rate_yearly: float = 0.0
    holdout: Holdout | None = None

    version: str = field(init=False)

    def __post_init__(self) -> None:
        content = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "version"}
        if self.discount_rate_yearly == 0:  # policies from before there was a rate keep their hash
            del content["discount_rate_yearly"]
        if self.holdout is None:
            del content["holdout"]
        text = json.dumps(content, default=_written, sort_keys=True, ensure_ascii=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        object.__setattr__(self, "version", f"{self.label}+{digest}")

    def holdout_share(self, action: Action) -> float:
        """Return which part of the customers the family of an action holds out, in [0, 1)."""
        if self.holdout is None:
            return 0.0
        return self.holdout.share if action.holdout_share is None else action.holdout_share

    def unknown_features(self, names: Collection[str]) -> dict[str, list[str]]:
        """Return the actions that ask for features that a model lacks, with those features.

        Such an action is never suggested: its eligibility cannot be known.

        Parameters
        ----------
        names : features of the model.
        """
        lacking = {
            action.code: [
                each.name for each in action.eligibility.features if each.name not in names
            ]
            for action in self.actions
        }
        return {code: unknown for code, unknown in lacking.items() if unknown}


def _written(part: Any) -> dict[str, Any]:
    """Return a part of a policy as it is hashed: without keys that came later and are not used."""
    content = asdict(part)
    if isinstance(part, Action):
        for name in ("family", "holdout_share"):
            if content[name] is None:
                del content[name]
    return content
