"""Typical values of those who stayed and of those who left, as a reader of reasons wants them.

Only the data; they are learned in training, from snapshots whose outcome has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalByOutcome:
    """A typical value of each feature in both groups of customers.

    Parameters
    ----------
    stayers, leavers : median of a number, or the commonest category, shape (features,); NaN where
        most of the group have none, or too few customers are in it.
    """

    stayers: FloatArray
    leavers: FloatArray

    @classmethod
    def unknown(cls, n_features: int) -> TypicalByOutcome:
        """Return that of a model that knows nothing of either group.

        Examples
        --------
        >>> TypicalByOutcome.unknown(2).stayers.tolist()
        [nan, nan]
        """
        return cls(stayers=np.full(n_features, np.nan), leavers=np.full(n_features, np.nan))
