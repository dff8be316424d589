"""Which bins are counted together, so that chance is known of each sum.

What is rare is decided by both samples together: by one of them alone, those categories would be
called rare that chance has made few in it, and the other would have more of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.drift.measures import sparse
from ebbtide.drift.spread import RARE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ebbtide.drift.spread import Counts, Spread


def comparable_groups(reference: Spread, counts: Counts) -> NDArray[np.intp]:
    """Return for each bin the group that it is compared in, shape (bins,).

    Tenths of the reference, or categories that one in a hundred has. Groups that expect too few
    values in either sample are one together, the first; where it still expects too few, it is the
    only one that does.

    Parameters
    ----------
    reference : the spread at training.
    counts : of the window, in the same bins.

    Examples
    --------
    >>> from ebbtide.drift.spread import Spread
    >>> before = Spread(edges=None, counts=(700, 280, 10, 6, 4), missing=0)
    >>> comparable_groups(before, np.array([140, 57, 2, 1, 0])).tolist()
    [1, 2, 0, 0, 0]
    """
    pooled = np.asarray(reference.counts) + counts
    n, n_before = int(counts.sum()), reference.total
    groups = reference.groups()
    if reference.edges is None:
        is_apart = pooled >= RARE * pooled.sum()
        is_apart &= ~sparse(pooled, n=n, n_before=n_before)
        is_apart[-1] = True  # what was not learned
        groups = np.where(is_apart, np.arange(1, len(pooled) + 1), 0)
    sums = np.bincount(groups, weights=pooled)
    is_few = sparse(sums, n=n, n_before=n_before)
    groups = np.where(is_few[groups], -1, groups)
    return np.unique(groups, return_inverse=True)[1].astype(np.intp)
