"""A warning in words, from its code and what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.answer.answer import WARNINGS, Warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.answer.answer import WarningCode
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.words import Language


def warned(
    code: WarningCode, subject: str, *, features: Sequence[FeatureContract], language: Language
) -> Warned:
    """Return a warning.

    Parameters
    ----------
    code : what kind of thing.
    subject : what it is about, or empty.
    features : those of the model, for what the null of one means.
    language : the language of the text.

    Examples
    --------
    >>> warned("expired", "", features=(), language="zh").text
    'as_of 已超过策略规定的有效期，请发送或发布更新的数据'
    """
    meaning = None
    if code == "missing_feature":
        meaning = next(f.when_null for f in features if f.name == subject)
    text = WARNINGS[code][language].format(
        subject=subject, meaning=meaning[language] if meaning else ""
    )
    return Warned(code=code, subject=subject, text=text)
