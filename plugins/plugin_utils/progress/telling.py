# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results in words: what failed and what to do, what differs, what a debug task is to show.

What Ansible has hidden in a result, because of ``no_log``, is not in it any more; then its word for that is told.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

#: What a failed command leaves behind, beside its message.
_OUTPUTS = ("stderr", "stdout", "module_stderr", "module_stdout")

#: What a debug task returns beside what it is to show.
_NO_VARIABLES = {"skipped", "skip_reason", "false_condition", "invocation"}
_NO_VARIABLES |= {"changed", "changed_when_result", "failed", "failed_when_result"}


def failure(result: Mapping[str, Any]) -> str:
    """What failed, and what to do, in full; of an item of a loop, with its name."""
    message = str(result.get("msg") or result.get("censored") or "It failed and did not say how.").rstrip()
    remedy = str(result.get("remedy") or "")
    outputs = [str(result[name]).rstrip() for name in _OUTPUTS if str(result.get(name) or "").strip()]
    # Messages of this collection end with the remedy already.
    label = _item_label(result)
    message = f"{label}: {message}" if label else message
    return "\n".join([message, *([remedy] if remedy not in message else []), *outputs])


def diffs(result: Mapping[str, Any]) -> Iterator[str]:
    """What differs, line by line."""
    found = result.get("diff") or []
    for diff in found if isinstance(found, list) else [found]:
        yield from _diff(diff)


def shown(result: Mapping[str, Any]) -> Iterator[str]:
    """What a debug task is to show; of a loop, by each item."""
    items = [item for item in result.get("results") or () if isinstance(item, Mapping)]
    for each in items or [result]:
        values = [each["msg"]] if "msg" in each else [value for name, value in each.items() if _is_variable(name, each)]
        for value in values:
            yield from _lines(value)


def _item_label(item: Mapping[str, Any]) -> str:
    """Which item of a loop it is, where it is one, and that can be said in a word and is not hidden."""
    if "censored" in item:
        return ""
    label = item.get("_ansible_item_label", item.get(item.get("ansible_loop_var", "item")))
    return str(label) if isinstance(label, (str, int)) else ""


def _is_variable(name: str, result: Mapping[str, Any]) -> bool:
    inner = name.startswith(("_ansible", "ansible_loop", "ansible_index_var"))
    return not inner and name not in _NO_VARIABLES and name != result.get("ansible_loop_var")


def _lines(value: Any) -> Iterator[str]:
    """A value as it is read best: a text and a list of texts by their lines, all else as JSON."""
    if isinstance(value, str):
        yield from value.splitlines() or [""]
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        yield from value
    else:
        yield from _as_text(value).splitlines()


def _diff(diff: Mapping[str, Any]) -> Iterator[str]:
    if "prepared" in diff:
        yield from str(diff["prepared"]).splitlines()
    if "before" in diff and "after" in diff:
        before, after = (_as_text(diff[side]).splitlines() for side in ("before", "after"))
        names = (str(diff.get(f"{side}_header") or side) for side in ("before", "after"))
        yield from (line.rstrip("\n") for line in difflib.unified_diff(before, after, *names, lineterm=""))


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)
