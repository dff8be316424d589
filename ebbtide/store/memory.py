"""A store that forgets: for tests and for trying things out."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from ebbtide.store.frame import snapshot_rows
from ebbtide.store.store import Prediction, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from ebbtide.answer.answer import Answer
    from ebbtide.store.store import Basis


class MemoryStore:
    """Snapshots and predictions in this process's memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshots: defaultdict[str, dict[datetime, Snapshot]] = defaultdict(dict)
        self._predictions: list[Prediction] = []

    def publish_snapshots(self, frame: pd.DataFrame, *, basis: Basis) -> int:
        """Keep snapshots; a later one of the same customer and ``as_of`` replaces an earlier."""
        rows = snapshot_rows(frame)
        with self._lock:
            for customer_id, as_of, values in zip(
                rows.customer_ids, rows.as_of, rows.matrix, strict=True
            ):
                self._snapshots[customer_id][as_of] = Snapshot(
                    as_of=as_of, basis=basis, names=rows.names, values=values
                )
        return len(rows.customer_ids)

    def newest_snapshots(
        self, customer_ids: Sequence[str], *, until: datetime
    ) -> Mapping[str, Snapshot]:
        """Return the newest snapshot of each customer at or before an instant."""
        with self._lock:
            seen = {
                customer_id: [as_of for as_of in self._snapshots[customer_id] if as_of <= until]
                for customer_id in customer_ids
                if customer_id in self._snapshots
            }
            return {
                customer_id: self._snapshots[customer_id][max(instants)]
                for customer_id, instants in seen.items()
                if instants
            }

    def record_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Add entries to the log."""
        with self._lock:
            self._predictions.extend(predictions)

    def predictions_of(self, customer_id: str) -> Sequence[Answer]:
        """Return the answers given about a customer, the newest first."""
        with self._lock:
            answers = [entry.answer for entry in self._predictions]
        return [answer for answer in reversed(answers) if answer.customer_id == customer_id]

    def check(self) -> None:
        """Memory always answers."""

    def close(self) -> None:
        """Nothing is held open."""
