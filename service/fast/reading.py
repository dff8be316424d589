"""From the bytes of a row to what it asks, where it is a usual one: its features are in it.

What is read here is read as ``service.body`` and ``service.scoring.row`` would read it. Whatever is
wrong or unusual gives None: they say then what it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ebbtide.contracts.taken import MAX_ID_LENGTH, MAX_NUMBER
from service.body import parse_json
from service.problems import ProblemError
from service.scoring.answering import are_alive
from service.scoring.checks import Faults, check_instant
from service.scoring.row import MAX_VALUE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.bundle.contents import Bundle
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray

_ABSENT = math.nan
"""Stands for a feature that was not sent; JSON has no such number. It is known by its identity."""

_EXACT = 10**17
"""Whole numbers below are read as such everywhere; larger ones as categories are unusual."""


class Usual(msgspec.Struct, frozen=True, gc=False):
    """What a usual row asks.

    Parameters
    ----------
    customer_id, as_of, value, contact_opt_out, with_interval, with_reasons : as in ``Row``.
    values : in the order of the model's features; None is missing. Ranges are not checked yet.
    missing : names of the features that were not sent.
    """

    customer_id: str
    as_of: datetime | None
    value: float | None
    contact_opt_out: bool
    with_interval: bool
    with_reasons: bool
    values: tuple[float | None, ...]
    missing: tuple[str, ...]


class RowReader:
    """Reads the rows that ask one model.

    Parameters
    ----------
    bundle : the model.
    max_values : most values in one body.
    """

    def __init__(self, bundle: Bundle, *, max_values: int) -> None:
        features = bundle.scorer.features
        self.bundle = bundle
        self.is_quick = bundle.scorer.kernel == "compiled"
        """Whether rows are scored in microseconds."""
        self.names = tuple(feature.name for feature in features)
        self._max_values = max_values
        self._colons_in_names = any(":" in name for name in self.names)
        self._categories = [
            (column, feature.learned)
            for column, feature in enumerate(features)
            if feature.learned is not None and feature.is_categorical
        ]
        categorical = np.array([feature.is_categorical for feature in features], dtype=bool)
        self._low = np.where(categorical, -np.inf, _bounds(features, "low", -MAX_NUMBER))
        self._high = np.where(categorical, np.inf, _bounds(features, "high", MAX_NUMBER))
        self._never_null = np.array([not feature.is_nullable for feature in features], dtype=bool)
        self._row = _decoder(features)
        self._rows = msgspec.json.Decoder(_Rows) if self._row else None

    def read(self, body: bytes, *, now: datetime) -> Usual | None:
        """Return what a row asks; None if it is not a usual one.

        Parameters
        ----------
        body : the row as JSON.
        now : the present; nothing is asked about the future.
        """
        if self._row is None or (
            len(body) > self._max_values and body.count(b",") >= self._max_values
        ):
            return None
        try:
            row = self._row.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        values = msgspec.structs.astuple(row.features)
        if not self._has_names_once(body, row, values):
            return None
        missing: tuple[str, ...] = ()
        if _ABSENT in values:  # found by identity: no number equals it
            missing = tuple(
                name for name, value in zip(self.names, values, strict=True) if value is _ABSENT
            )
        if self._categories:
            coded = self._coded(values)
            if coded is None:
                return None
            values = coded
        return _usual(row, values=values, missing=missing, now=now)

    def read_many(self, body: bytes, *, now: datetime) -> list[Usual] | None:
        """Return what the rows of a body ask; None if they are not all usual ones."""
        if self._rows is None or (
            len(body) > self._max_values and body.count(b",") >= self._max_values
        ):
            return None
        try:
            rows = self._rows.decode(body).rows
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        read = []
        colons = 1
        for raw in rows:
            text = bytes(raw)
            colons += text.count(b":")
            each = self.read(text, now=now)
            if each is None:
                return None
            read.append(each)
        # The name of the rows may stand there twice, too.
        return read if colons == body.count(b":") else None

    def unfit(self, matrix: FloatArray) -> NDArray[np.bool_] | None:
        """Return which rows break the contracts of the features; None if none does.

        Parameters
        ----------
        matrix : values of usual rows, shape (n, features).
        """
        broken: NDArray[np.bool_] = (matrix < self._low) | (matrix > self._high)
        broken |= np.isnan(matrix) & self._never_null
        return np.asarray(broken.any(axis=1)) if broken.any() else None

    def alive(self, matrix: FloatArray) -> NDArray[np.bool_]:
        """Return which rows are of customers who are alive by the definition."""
        return are_alive(matrix, names=self.names, definition=self.bundle.definition)

    def _has_names_once(self, body: bytes, row: Any, values: tuple[Any, ...]) -> bool:
        """Return whether no name stands twice in an object, of which the last one was read.

        Every member has a colon of its own, so that with a member that was passed over there are
        more of them than members and letters account for.
        """
        if b"\\" in body:  # a letter may be written as its number
            try:
                parse_json(body, max_values=self._max_values)
            except ProblemError:
                return False
            return True
        texts = row.customer_id.count(":") + (row.as_of.count(":") if row.as_of else 0)
        members = 2 + sum(
            each is not msgspec.UNSET
            for each in (row.as_of, row.value, row.contact_opt_out, row.interval, row.reasons)
        )
        features = len(values) - values.count(_ABSENT)
        if self._colons_in_names:
            given = zip(self.names, values, strict=True)
            texts += sum(name.count(":") for name, value in given if value is not _ABSENT)
        for column, _ in self._categories:
            value = values[column]
            texts += value.count(":") if isinstance(value, str) else 0
        return body.count(b":") == int(members + features + texts)

    def _coded(self, values: tuple[Any, ...]) -> tuple[float | None, ...] | None:
        coded = list(values)
        for column, learned in self._categories:
            value = coded[column]
            if isinstance(value, int) and not -_EXACT < value < _EXACT:
                return None
            coded[column] = learned.code(value)
        return tuple(coded)


class _Rows(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    rows: list[msgspec.Raw]


def _decoder(features: Sequence[FeatureContract]) -> msgspec.json.Decoder[Any] | None:
    """Return what decodes rows; None where names of features cannot be those of JSON members."""
    fields: list[Any] = []
    for column, feature in enumerate(features):
        kind: Any = (bool | int | float | str) if feature.is_categorical else float
        name = f"f{column}"
        fields.append((name, kind | None, _ABSENT) if feature.is_nullable else (name, kind))
    try:
        values = msgspec.defstruct(
            "Features",
            fields,
            rename={f"f{column}": feature.name for column, feature in enumerate(features)},
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        row = msgspec.defstruct(
            "Row",
            [
                ("customer_id", str),
                ("features", values),
                ("as_of", str | None | msgspec.UnsetType, msgspec.UNSET),
                ("value", float | None | msgspec.UnsetType, msgspec.UNSET),
                ("contact_opt_out", bool | None | msgspec.UnsetType, msgspec.UNSET),
                ("interval", bool | None | msgspec.UnsetType, msgspec.UNSET),
                ("reasons", bool | None | msgspec.UnsetType, msgspec.UNSET),
            ],
            forbid_unknown_fields=True,
            gc=False,
        )
    except (TypeError, ValueError):
        return None
    return msgspec.json.Decoder(row)


def _usual(
    row: Any, *, values: tuple[float | None, ...], missing: tuple[str, ...], now: datetime
) -> Usual | None:
    customer_id, value, as_of = row.customer_id, None, None
    if not (0 < len(customer_id) <= MAX_ID_LENGTH and customer_id.isprintable()):
        return None
    if row.value is not msgspec.UNSET and row.value is not None:
        value = row.value
        if not 0 <= value <= MAX_VALUE:
            return None
    if row.as_of:
        as_of = check_instant(row.as_of, pointer="", faults=Faults())
        if as_of is None or as_of > now:
            return None
    elif row.as_of == "":
        return None
    return Usual(
        customer_id=customer_id,
        as_of=as_of,
        value=value,
        contact_opt_out=row.contact_opt_out is True,
        with_interval=row.interval is True,
        with_reasons=row.reasons is not False,
        values=values,
        missing=missing,
    )


def _bounds(features: Sequence[FeatureContract], name: str, widest: float) -> FloatArray:
    """Return the limits of numbers: those of the features, within those of all numbers."""
    limits = [getattr(feature, name) for feature in features]
    return np.array(
        [widest if limit is None else min(max(limit, -MAX_NUMBER), MAX_NUMBER) for limit in limits]
    )
