"""The bundle as an MLflow pyfunc, for notebooks, Spark and ``mlflow models serve``.

MLflow stores this file itself and runs it when the model is loaded (models from code); nothing is
pickled. The service never loads it: it reads the bundle.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import set_model

from ebbtide.bundle.read import check_golden, read_bundle

if TYPE_CHECKING:
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray


class ChurnModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow is untyped
    """Scores frames of features with the bundle that lies beside it."""

    def load_context(self, context: mlflow.pyfunc.PythonModelContext) -> None:
        """Read and check the bundle."""
        self.bundle = read_bundle(Path(context.artifacts["bundle"]), key=None)
        check_golden(self.bundle)

    def predict(
        self, context: mlflow.pyfunc.PythonModelContext, model_input: pd.DataFrame
    ) -> pd.DataFrame:
        """Return ``p_churn`` for each row.

        Parameters
        ----------
        context : unused.
        model_input : a column for each feature, categories as text; further columns are ignored.
        """
        del context
        features = self.bundle.scorer.features
        columns = [_values(model_input[feature.name], feature) for feature in features]
        rows = np.ascontiguousarray(np.column_stack(columns))
        return pd.DataFrame({"p_churn": self.bundle.scorer.p_churn(rows)}, index=model_input.index)


def _values(column: pd.Series, feature: FeatureContract) -> FloatArray:
    """Return the values of a column as the scorer reads them, shape (n,)."""
    if feature.learned is None or not feature.learned.is_categorical:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.array(
        [np.nan if pd.isna(value) else feature.learned.code(value) for value in column],
        dtype=np.float64,
    )


set_model(ChurnModel())
