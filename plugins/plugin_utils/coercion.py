# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what templates and YAML leave to plain Python values of the types that a schema wants.

A shape says what is wanted: "integer" or "boolean" for a value, a mapping of names to shapes for what has properties,
empty where nothing is to be converted. The shape under `EACH` is that of each item of a list, and of each property
that is not named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

EACH = "*"

#: As many digits as a 64-bit number has; more of them stay text, and validation reports it.
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")


def shape_of(schema: Mapping[str, Any]) -> Any:
    """Collect the wanted types of a schema's properties, also from the parts that it combines."""
    shape: Any = schema.get("type") if schema.get("type") in ("boolean", "integer") else {}
    for part in (*schema.get("allOf", ()), *(schema[word] for word in ("then", "else") if word in schema)):
        shape = _merged(shape, shape_of(part))
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            shape = _merged(shape, {EACH: shape_of(schema[word])})
    return _merged(shape, {name: shape_of(part) for name, part in schema.get("properties", {}).items()})


def _merged(one: Any, other: Any) -> Any:
    """Two shapes of one place: a type word wins, mappings are merged."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other if isinstance(one, Mapping) else one
    return {**one, **{name: _merged(one.get(name, {}), shape) for name, shape in other.items()}}


def coerced(value: Any, shape: Any) -> Any:
    """A copy in plain Python with the types that the shape wants; keys without a value (None) are left out.

    What does not read as the wanted type stays as it is, and so does text where the shape wants nothing.
    """
    below = shape if isinstance(shape, Mapping) else {}
    if isinstance(value, Mapping):
        pairs = ((_plain_key(key), item) for key, item in value.items() if item is not None)
        return {key: coerced(item, below.get(key, below.get(EACH))) for key, item in pairs}
    if isinstance(value, (list, tuple)):
        return [coerced(item, below.get(EACH)) for item in value]
    return _typed(_scalar(value), shape)


def plain(value: Any) -> Any:
    """A copy in plain Python, with no type changed."""
    return coerced(value, None)


def _scalar(value: Any) -> Any:
    """A scalar as Python's own type; whatever else has a text, an inline vault value for one, becomes that text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def _plain_key(key: Any) -> str:
    """YAML reads an unquoted ``true:`` as a boolean, where the word is meant."""
    return str(key).lower() if isinstance(key, bool) else str.__str__(str(key))


def _typed(value: Any, wanted: Any) -> Any:
    """The value as the wanted type if it reads as one, else unchanged."""
    if wanted == "integer" and isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if wanted == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if wanted == "boolean" and isinstance(value, (str, int)):
        try:
            return boolean(value)
        except TypeError:
            return value
    return value
