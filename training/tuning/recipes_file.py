"""The file of tuned recipes: what ``ebbtide tune`` found, and until when it knew outcomes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ebbtide.clock import day_in_words
from ebbtide.console import write_text
from ebbtide.errors import NotReady, SettingsError
from ebbtide.project import CandidateName  # noqa: TC001  pydantic reads it
from training.recipes import Recipe
from training.tuning.space import TUNED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

_AGAIN = "Write it anew with: ebbtide tune"

PositiveDays = Annotated[float, Field(gt=0, le=36_500)]


class _Recipe(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    parameters: dict[str, float | int]
    half_life_days: PositiveDays | None
    window_days: PositiveDays | None
    mean_auc: float
    usual_mean_auc: float
    trials: int = Field(ge=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[1]
    definition: str
    learned_until: AwareDatetime
    recipes: dict[CandidateName, _Recipe]

    @model_validator(mode="after")
    def _names_parameters_as_they_are_tuned(self) -> _File:
        for kind, recipe in self.recipes.items():
            for name, value in recipe.parameters.items():
                if name not in TUNED[kind]:
                    raise ValueError(f"{kind} has a parameter that is not tuned: {name!r}")
                low, high = TUNED[kind][name]
                is_whole = isinstance(low, int)
                if not low <= value <= high or (is_whole and not isinstance(value, int)):
                    number = "whole number" if is_whole else "number"
                    raise ValueError(
                        f"{kind}.{name} is {value!r}, expected a {number} from {low:g} to {high:g}"
                    )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best recipe of one kind.

    Parameters
    ----------
    recipe : how to fit.
    mean_auc : over the periods that tuning looked at.
    usual_mean_auc : that of the usual recipe, over the same.
    trials : how many recipes of the kind were tried.
    """

    recipe: Recipe
    mean_auc: float
    usual_mean_auc: float
    trials: int

    def applied_to(self, usual: Recipe) -> Recipe:
        """Return the usual recipe with what was tuned; whom it weighs and binds stays."""
        found = self.recipe
        return replace(
            usual,
            parameters=found.parameters,
            half_life_days=found.half_life_days,
            window_days=found.window_days,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedRecipes:
    """Recipes, and what they know.

    Parameters
    ----------
    definition : code of the churn definition that they were tuned for.
    learned_until : no outcome after this instant was looked at.
    found : the best of each kind.
    """

    definition: str
    learned_until: datetime
    found: Mapping[CandidateName, Found]

    def require_honest(self, *, exam: datetime, definition: str, time_zone: str) -> None:
        """Return if the exam lies after all that tuning knew.

        Parameters
        ----------
        exam : instant of the latest period, at which models will be measured.
        definition : code of the churn definition that is trained for.
        time_zone : in which days are said.

        Raises
        ------
        NotReady
            If the recipes have seen outcomes of the exam, or were tuned for another definition.
        """
        if definition != self.definition:
            raise NotReady(
                f"Expected recipes tuned for {definition}, found recipes for {self.definition}. "
                f"Tune again, or take training.recipes out."
            )
        if exam < self.learned_until:
            known, day = (
                day_in_words(each, time_zone=time_zone) for each in (self.learned_until, exam)
            )
            raise NotReady(
                f"The recipes were tuned on outcomes until {known}, later than the period of {day} "
                f"at which models would be measured: they know the answers. Take training.recipes "
                f"out, or tune for that time: ebbtide tune --as-of"
            )


def write_recipes(tuned: TunedRecipes, path: Path) -> None:
    """Write recipes, whole or not at all; the same always as the same bytes."""
    content = {
        "format": 1,
        "definition": tuned.definition,
        "learned_until": tuned.learned_until.isoformat(),
        "recipes": {
            kind: {
                "parameters": dict(found.recipe.parameters),
                "half_life_days": found.recipe.half_life_days,
                "window_days": found.recipe.window_days,
                "mean_auc": round(found.mean_auc, 6),
                "usual_mean_auc": round(found.usual_mean_auc, 6),
                "trials": found.trials,
            }
            for kind, found in tuned.found.items()
        },
    }
    write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", path)


def read_recipes(path: Path) -> TunedRecipes:
    """Read what :func:`write_recipes` wrote.

    Parameters
    ----------
    path : the file.

    Raises
    ------
    SettingsError
        If the file is absent or says something else.
    """
    try:
        read = _File.model_validate_json(path.read_bytes(), strict=False)
    except OSError as err:
        raise SettingsError(
            f"Expected tuned recipes at {str(path)!r}, found none. {_AGAIN}"
        ) from err
    except ValidationError as err:
        places = ", ".join(
            ".".join(map(str, each["loc"])) or each["msg"].removeprefix("Value error, ")
            for each in err.errors()
        )
        raise SettingsError(
            f"Expected tuned recipes in {str(path)!r}, but this is not as they are written: "
            f"{places}. {_AGAIN}"
        ) from err
    return TunedRecipes(
        definition=read.definition,
        learned_until=read.learned_until,
        found={
            kind: Found(
                recipe=Recipe(
                    kind=kind,
                    parameters=each.parameters,
                    half_life_days=each.half_life_days,
                    window_days=each.window_days,
                ),
                mean_auc=each.mean_auc,
                usual_mean_auc=each.usual_mean_auc,
                trials=each.trials,
            )
            for kind, each in read.recipes.items()
        },
    )
