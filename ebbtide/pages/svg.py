"""Let a picture into a page only if it holds nothing but shapes and text.

An SVG that stands inside HTML could run scripts and fetch files. What is not on the list of what
the charts need is refused, not repaired.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

_NAMESPACE = "http://www.w3.org/2000/svg"

_ELEMENTS = frozenset(
    (
        *("svg", "g", "title", "desc", "defs", "clipPath", "linearGradient", "stop"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"),
    )
)

_WORKS_OUTSIDE = re.compile(r"^on|href$|^src$", re.IGNORECASE)
_FETCHES = re.compile(r"url\s*\(\s*['\"]?(?!#)|javascript:|@import|expression\s*\(", re.IGNORECASE)


def inlined(svg: str, *, name: str = "picture") -> str:
    """Return a picture as it may stand inside a page, its ids made its own.

    Parameters
    ----------
    svg : the picture as a document.
    name : of letters, digits and hyphens, another for each picture of a page; put before its ids.

    Raises
    ------
    ValueError
        If it is no SVG, or holds more than shapes and text.

    Examples
    --------
    >>> inlined('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    Traceback (most recent call last):
    ValueError: Expected an SVG of shapes and text, got one with <script>.
    """
    from markupsafe import Markup

    if "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        raise ValueError("Expected an SVG of shapes and text, got one with a document type.")
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as err:
        raise ValueError(f"Expected an SVG of shapes and text, got no XML ({err}).") from err
    for element in root.iter():
        _require_harmless(element)
    root.attrib.setdefault("role", "img")
    ElementTree.register_namespace("", _NAMESPACE)
    text = ElementTree.tostring(root, encoding="unicode")
    # Two pictures of one page may both have a 'clip0'.
    text = re.sub(r'(\sid=")', rf"\g<1>{name}-", text)
    return Markup(re.sub(r"url\(#", f"url(#{name}-", text))


def _require_harmless(element: ElementTree.Element) -> None:
    name = str(element.tag).removeprefix(f"{{{_NAMESPACE}}}")
    if name not in _ELEMENTS:
        raise ValueError(f"Expected an SVG of shapes and text, got one with <{name}>.")
    for key, value in element.attrib.items():
        if _WORKS_OUTSIDE.search(key.rsplit("}", 1)[-1]) or _FETCHES.search(value):
            raise ValueError(
                f"Expected an SVG of shapes and text, got one whose <{name}> reaches outside."
            )
