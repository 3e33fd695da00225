# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a secret looks like to everybody but its owner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .options import BY_NAME, OPTIONS

SET = "(set)"
BLANK = "(blank)"
UNCHANGED = "(unchanged)"
CHANGED = "(changed)"

_SECRET_LOOKING = re.compile(r"pass|pwd|pw\b|secret|token|credential|api.?key", re.IGNORECASE)


def presence(value: Any) -> str:
    """Whether there is a secret, and nothing else about it."""
    return SET if value not in (None, "") else BLANK


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of canonical settings that may be shown: each secret is reduced to its presence."""
    return {name: presence(value) if BY_NAME[name].secret else value for name, value in values.items()}


def masked_pair(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both sides of a diff: a secret shows as a difference exactly when it is one, and shows nothing more."""
    left, right = masked(before), masked(after)
    for option in OPTIONS:
        if not option.secret or option.name not in after:
            continue
        if (before.get(option.name) or "") == (after[option.name] or ""):
            left[option.name] = right[option.name] = UNCHANGED
        elif left.get(option.name) == SET and right[option.name] == SET:
            right[option.name] = CHANGED
    return left, right


def looks_secret(key: str) -> bool:
    """Whether a key of unknown meaning should be shown without its value."""
    return bool(_SECRET_LOOKING.search(key))
