"""The bundle as an MLflow pyfunc, for notebooks, Spark and ``mlflow models serve``.

MLflow stores this file itself and runs it when the model is loaded (models from code); nothing is
pickled. The service never loads it: it reads the bundle.
"""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import set_model

from ebbtide.bundle.read import check_golden, read_bundle


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
        model_input : a column for each feature; further columns are ignored.
        """
        del context
        names = [feature.name for feature in self.bundle.scorer.features]
        rows = np.ascontiguousarray(model_input[names].to_numpy(dtype=np.float64, na_value=np.nan))
        return pd.DataFrame({"p_churn": self.bundle.scorer.p_churn(rows)}, index=model_input.index)


set_model(ChurnModel())
