"""Single rows as clients write them: usual ones, and others that are wrong or rare."""

from __future__ import annotations

import json

from small_model import FEATURES, ROW

TEXT = json.dumps(ROW)
BARE = json.dumps({**ROW, "features": {n: v for n, v in FEATURES.items() if v is not None}})

USUAL = {
    "plain": TEXT,
    "without reasons": json.dumps({**ROW, "reasons": False}),
    "with an interval": json.dumps({**ROW, "interval": True}),
    "with a value": json.dumps({**ROW, "value": 0}),
    "of the past": json.dumps({**ROW, "as_of": "2026-02-28T23:59:59.999999-08:00"}),
    "not to be contacted": json.dumps({**ROW, "contact_opt_out": True}),
    "nulls": json.dumps({**ROW, "as_of": None, "value": None, "reasons": None, "interval": None}),
    "a nullable name left out": BARE,
    "a colon in the id": json.dumps({**ROW, "customer_id": "a:b::c"}),
    "an id in Chinese": json.dumps({**ROW, "customer_id": "客户:一"}, ensure_ascii=False),
    "an id in escapes": json.dumps({**ROW, "customer_id": "客户:一"}),
    "spaces and lines": json.dumps(ROW, indent=3).replace(":", " :\t"),
    "lost": TEXT.replace("143", "400"),
    "minus nothing": TEXT.replace("840.5", "-0"),
    "minus nothing point nothing": TEXT.replace("840.5", "-0.0"),
    "a whole number of many digits": TEXT.replace("840.5", "123456789012345"),
    "an exponent": TEXT.replace("840.5", "8.405E+2"),
    "many digits": TEXT.replace("840.5", "840.50000000000000000000000000001"),
    "tiny": TEXT.replace("840.5", "4e-324"),
    "next to nothing": TEXT.replace("840.5", "1e-400"),
    "as large as may be": TEXT.replace("840.5", "1e15"),
    **{
        f"{number} as a reason and as the value": json.dumps({**ROW, "value": 1.0})
        .replace('"payments_overdue": 0', f'"payments_overdue": {number}')
        .replace('"purchase_days_90d": 0', f'"purchase_days_90d": {min(number, "1", key=float)}')
        .replace('"value": 1.0', f'"value": {number}')
        for number in ("1.6600119e-05", "3e-7", "1e-300", "123456789.125", "1e12")
    },
}
UNUSUAL = {
    "a name twice": TEXT.replace('"recency_days": 143', '"recency_days": 1, "recency_days": 143'),
    "a name twice and one left out": BARE.replace(
        '"recency_days": 143', '"recency_days": 1, "recency_days": 143'
    ),
    "the id twice": TEXT.replace("{", '{"customer_id": "x", ', 1),
    "the id twice, once in escapes": TEXT.replace("{", r'{"customer_\u0069d": "x", ', 1),
    "a name twice with a colon short": TEXT.replace("{", r'{"customer_id": "a\u003ab", ', 1),
    "the features twice": TEXT[:-1] + ', "features": {}}',
    "an unknown name": TEXT[:-1] + ', "extra": 1}',
    "an unknown feature": TEXT.replace("recency_days", "recency_day"),
    "a boolean": TEXT.replace("840.5", "true"),
    "a text": TEXT.replace("840.5", '"840.5"'),
    "too large": TEXT.replace("840.5", "1.1e15"),
    "beyond range": TEXT.replace("840.5", "1e400"),
    "a very long number": TEXT.replace("840.5", "9" * 400),
    "below its range": TEXT.replace("143", "-1"),
    "null that is never null": TEXT.replace("143", "null"),
    "no number": TEXT.replace("840.5", "NaN"),
    "endless": TEXT.replace("840.5", "-Infinity"),
    "a leading nought": TEXT.replace("840.5", "0840"),
    "a trailing comma": TEXT[:-1] + ",}",
    "behind the end": TEXT + " x",
    "nothing": "",
    "spaces only": " \n",
    "a byte order mark": "\ufeff" + TEXT,
    "half a character": json.dumps({**ROW, "customer_id": "\ud800"}),
    "a line break in the id": json.dumps({**ROW, "customer_id": "a\nb"}),
    "an empty id": json.dumps({**ROW, "customer_id": ""}),
    "a long id": json.dumps({**ROW, "customer_id": "x" * 129}),
    "an id that is a number": json.dumps({**ROW, "customer_id": 17}),
    "the future": json.dumps({**ROW, "as_of": "2026-03-02T12:00:01Z"}),
    "no instant": json.dumps({**ROW, "as_of": ""}),
    "a naive instant": json.dumps({**ROW, "as_of": "2026-03-01T00:00:00"}),
    "a value below nothing": json.dumps({**ROW, "value": -1}),
    "a flag that is none": json.dumps({**ROW, "interval": 1}),
    "events beside": json.dumps({**ROW, "events": {}}),
    "no features": json.dumps({"customer_id": "c-1"}),
    "an array": json.dumps([ROW]),
    "deep": "[" * 5000,
}
