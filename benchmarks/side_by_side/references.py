"""What people serve such a model with today, each as an ASGI app that uvicorn is started with.

Written as one who knows the trade would: the model is read once, endpoints that compute are plain
functions. The folder of the model is in ``SIDE_BY_SIDE_MODEL``.
"""

# No postponed annotations: FastAPI reads those of functions within functions.
import ctypes
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.names import NAMES

_JSON = [(b"content-type", b"application/json")]
Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
CONSTANT = b'{"churn_probability":0.25,"risk_band":"medium"}'


def frame() -> Any:
    """Return FastAPI, a pydantic model of sixty fields, a DataFrame, ``predict_proba``."""
    import joblib
    import pandas as pd
    from fastapi import FastAPI
    from pydantic import create_model

    classifier = joblib.load(_folder() / "classifier.joblib").set_params(n_jobs=1)
    customer: Any = create_model("Customer", **dict.fromkeys(NAMES, (float | None, None)))
    app = FastAPI()

    @app.post("/predict")
    def predict(row: customer) -> dict[str, Any]:
        table = pd.DataFrame([row.model_dump()], columns=NAMES, dtype=float)
        return {"churn_probability": float(classifier.predict_proba(table)[0, 1])}

    return _with_health(app)


def frame_with_contributions() -> Any:
    """Do the same, and name the three features that contribute most."""
    import joblib
    import numpy as np
    import pandas as pd
    from fastapi import FastAPI
    from pydantic import create_model

    classifier = joblib.load(_folder() / "classifier.joblib").set_params(n_jobs=1)
    customer: Any = create_model("Customer", **dict.fromkeys(NAMES, (float | None, None)))
    app = FastAPI()

    @app.post("/predict")
    def predict(row: customer) -> dict[str, Any]:
        table = pd.DataFrame([row.model_dump()], columns=NAMES, dtype=float)
        # One call for both: contributions and base add up to the log-odds.
        shares = classifier.predict_proba(table, pred_contrib=True)[0]
        largest = np.argsort(-np.abs(shares[:-1]))[:3]
        return {
            "churn_probability": float(1 / (1 + np.exp(-shares.sum()))),
            "reasons": [{"feature": NAMES[at], "share": float(shares[at])} for at in largest],
        }

    return _with_health(app)


def constant_fastapi() -> Any:
    """Return FastAPI that takes nothing and always says the same."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/constant")
    async def constant() -> dict[str, Any]:
        return {"churn_probability": 0.25, "risk_band": "medium"}

    return _with_health(app)


def constant_asgi() -> Asgi:
    """Return an ASGI app that always says the same."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await _answer(send, CONSTANT)

    return app


def fast_single_row() -> Asgi:
    """Return LightGBM's single-row fast C API behind msgspec; the probability only."""
    import msgspec

    row = msgspec.defstruct("Row", [(name, float | None, None) for name in NAMES])
    decode = msgspec.json.Decoder(row).decode
    predict = _single_row_predictor((_folder() / "booster.lgb").read_bytes())

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = b""
        while scope["method"] == "POST":
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if not body:
            await _answer(send, b"{}")
            return
        values = msgspec.structs.astuple(decode(body))
        await _answer(send, b'{"churn_probability":%r}' % predict(values))

    return app


def _single_row_predictor(text: bytes) -> Callable[[tuple[float | None, ...]], float]:
    """Return a function from values to a probability, by ``PredictForMatSingleRowFast``."""
    import lightgbm

    library = lightgbm.basic._LIB
    handle, trees = ctypes.c_void_p(), ctypes.c_int()
    _check(library.LGBM_BoosterLoadModelFromString(text, ctypes.byref(trees), ctypes.byref(handle)))
    config = ctypes.c_void_p()
    of_normal, of_float64 = 0, 1
    _check(
        library.LGBM_BoosterPredictForMatSingleRowFastInit(
            handle,
            ctypes.c_int(of_normal),
            ctypes.c_int(0),
            ctypes.c_int(-1),
            ctypes.c_int(of_float64),
            ctypes.c_int32(len(NAMES)),
            ctypes.c_char_p(b"num_threads=1"),
            ctypes.byref(config),
        )
    )
    given = (ctypes.c_double * len(NAMES))()
    length, out = ctypes.c_int64(), ctypes.c_double()
    run = library.LGBM_BoosterPredictForMatSingleRowFast
    arguments = (config, given, ctypes.byref(length), ctypes.byref(out))
    missing = float("nan")

    def predict(values: tuple[float | None, ...]) -> float:
        given[:] = [missing if value is None else value for value in values]
        _check(run(*arguments))
        return out.value

    return predict


def _check(code: int) -> None:
    if code:
        raise RuntimeError("LightGBM's C API failed")


async def _answer(send: Any, body: bytes) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [*_JSON, length]})
    await send({"type": "http.response.body", "body": body})


def _with_health(app: Any) -> Any:
    @app.get("/")
    async def health() -> dict[str, Any]:
        return {}

    return app


def _folder() -> Path:
    return Path(os.environ["SIDE_BY_SIDE_MODEL"])
