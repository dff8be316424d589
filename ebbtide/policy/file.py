"""Read a policy file (TOML) and check it whole.

Every key that is allowed here is used by a decision; ``docs/policy.md`` explains each.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ebbtide.causes import Cause  # noqa: TC001  pydantic reads it when the class is made
from ebbtide.errors import SettingsError, did_you_mean
from ebbtide.policy.policy import (
    Action,
    Bands,
    Channel,
    Eligibility,
    FeatureBounds,
    Holdout,
    Policy,
    SaveRate,
)
from ebbtide.schema_wording import fault_in_words
from ebbtide.toml_file import TomlFile, toml_keys, toml_text
from ebbtide.words import Words

if TYPE_CHECKING:
    from pathlib import Path

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Money = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Bound = Annotated[float, Field(allow_inf_nan=False)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
HoldoutShare = Annotated[float, Field(ge=0, le=0.9, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Text(_Section):
    en: str = Field(min_length=1, max_length=300)
    zh: str = Field(min_length=1, max_length=300)


class _Bands(_Section):
    high: Share
    medium: Share

    @model_validator(mode="after")
    def _are_in_order(self) -> _Bands:
        if not 0 < self.medium < self.high:
            raise ValueError("expected 0 < medium < high")
        return self


class _SaveRate(_Section):
    mean: Share
    sd: float = Field(gt=0, le=0.5)


class _FeatureBounds(_Section):
    min: Bound | None = None
    max: Bound | None = None

    @model_validator(mode="after")
    def _bound_something(self) -> _FeatureBounds:
        if self.min is None and self.max is None:
            raise ValueError("expected min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("expected min <= max")
        return self


class _Eligibility(_Section):
    min_p_churn: Share = 0.0
    min_value: Money = 0.0
    features: dict[str, _FeatureBounds] = {}


class _Holdout(_Section):
    share: HoldoutShare
    salt: str = Field(min_length=8, max_length=200)


class _Action(_Section):
    code: Code
    family: Code | None = None
    holdout_share: HoldoutShare | None = None
    text: _Text
    channel: Channel
    contact_cost: Money
    acceptance_cost: Money
    stayer_acceptance_rate: Share
    answers: list[Cause] = Field(min_length=1)
    is_discount: bool
    needs_contact_consent: bool
    save_rate: _SaveRate
    eligibility: _Eligibility = _Eligibility()

    @model_validator(mode="after")
    def _no_discount_for_payment_failure(self) -> _Action:
        if self.is_discount and "payment_failure" in self.answers:
            raise ValueError(
                "a discount cannot answer payment_failure: contact billing instead, or drop the "
                "cause from answers"
            )
        return self


class _PolicyFile(_Section):
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")
    owner: str = Field(min_length=1, max_length=200)
    margin_rate: float = Field(gt=0, le=1)
    value_horizon_days: int = Field(ge=1, le=3650)
    discount_rate_yearly: Share = 0.0
    valid_days: int = Field(ge=1, le=365)
    bands: _Bands
    holdout: _Holdout | None = None
    actions: list[_Action] = Field(min_length=1, max_length=200)

    @field_validator("actions")
    @classmethod
    def _codes_are_unique(cls, actions: list[_Action]) -> list[_Action]:
        counts = Counter(action.code for action in actions)
        twice = sorted(code for code, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"expected each code once; these come twice: {', '.join(twice)}")
        return actions

    @model_validator(mode="after")
    def _families_are_held_out_as_one(self) -> _PolicyFile:
        if self.holdout is None:
            if any(action.holdout_share for action in self.actions):
                raise ValueError(
                    "expected [holdout] with share and salt, because an action has a holdout_share"
                )
            return self
        shares: dict[str, set[float]] = {}
        for action in self.actions:
            share = self.holdout.share if action.holdout_share is None else action.holdout_share
            shares.setdefault(action.family or action.code, set()).add(share)
        torn = sorted(family for family, found in shares.items() if len(found) > 1)
        if torn:
            raise ValueError(
                f"expected one holdout_share for all actions of a family; these have several: "
                f"{', '.join(torn)}"
            )
        return self


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Parameters
    ----------
    path : the TOML file.

    Raises
    ------
    SettingsError
        If the file is absent, no TOML, or breaks its schema; every problem is named at once.
    """
    file = TomlFile(
        path=path,
        title="Policy file",
        if_absent=f"Expected a policy file at {str(path)!r}, found none. Make one with: "
        f"ebbtide policy --out FILE; or mend [policy] path in the project file.",
        if_folder="Name the file in it: [policy] path in the project file.",
        if_refused="Mend that, or name another in [policy] path of the project file.",
    )
    return read_policy(toml_text(file), where=file.name)


def read_policy(text: str, *, where: str = "The policy") -> Policy:
    """Read a policy from the text of its file.

    Parameters
    ----------
    text : TOML.
    where : how the message begins if something is wrong.

    Raises
    ------
    SettingsError
        If the text is no TOML or breaks its schema; every problem is named at once.
    """
    keys = toml_keys(text, name=where)
    try:
        read = _PolicyFile.model_validate(keys)
    except ValidationError as err:
        lines = [f"{where} has {err.error_count()} problem(s):"]
        lines += [f"  {_problem(problem)}" for problem in err.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from err
    return Policy(
        label=read.version,
        owner=read.owner,
        margin_rate=read.margin_rate,
        value_horizon_days=read.value_horizon_days,
        discount_rate_yearly=read.discount_rate_yearly,
        valid_days=read.valid_days,
        bands=Bands(high=read.bands.high, medium=read.bands.medium),
        actions=tuple(_action(action) for action in read.actions),
        holdout=Holdout(share=read.holdout.share, salt=read.holdout.salt) if read.holdout else None,
    )


def _action(read: _Action) -> Action:
    return Action(
        code=read.code,
        family=read.family,
        holdout_share=read.holdout_share,
        text=Words(read.text.en, read.text.zh),
        channel=read.channel,
        contact_cost=read.contact_cost,
        acceptance_cost=read.acceptance_cost,
        stayer_acceptance_rate=read.stayer_acceptance_rate,
        answers=tuple(read.answers),
        is_discount=read.is_discount,
        needs_contact_consent=read.needs_contact_consent,
        save_rate=SaveRate(mean=read.save_rate.mean, sd=read.save_rate.sd),
        eligibility=Eligibility(
            min_p_churn=read.eligibility.min_p_churn,
            min_value=read.eligibility.min_value,
            features=tuple(
                FeatureBounds(name=name, low=bounds.min, high=bounds.max)
                for name, bounds in read.eligibility.features.items()
            ),
        ),
    )


def _problem(problem: Any) -> str:
    keys: tuple[str | int, ...] = problem["loc"]
    where = ".".join(str(key) for key in keys) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key; {did_you_mean(str(keys[-1]), _keys_beside(keys))}"
    return f"{where}: {fault_in_words(where, problem)}"


def _keys_beside(keys: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand where the last of ``keys`` stands."""
    section: type[BaseModel] = _PolicyFile
    for key in keys[:-1]:
        field = section.model_fields.get(str(key))
        if field is None:  # an index of a list, or a name that the owner chose
            continue
        kinds = (field.annotation, *get_args(field.annotation))
        section = next(
            kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)
        )
    return list(section.model_fields)
