# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A finding in sentences, as plain text: for a terminal, and for the artifacts that quote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.redaction import CHANGED
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import relay, words

Finding = Mapping[str, Any]

#: Characters that would end a line, move the cursor, or turn the direction of reading; and halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")

#: Characters of a text that is shown, where nothing else is said.
LONGEST = 200


def why(finding: Finding) -> str:
    """What is to be said of an instance in one line; empty where it is in sync."""
    if finding["failure"]:
        return printable(f"{finding['failure']['error_code']}: {finding['failure']['msg']}")
    told = [_window(finding["window"])] if finding["window"] else []
    if finding["state"] == "drifted":
        told = [difference(option) for option in finding["options"]]
    return printable("; ".join(told), 5 * LONGEST)


def about_relay(finding: Finding) -> str:
    """What is to be said of a relay in one line: what failed first, and how much waits."""
    if finding["failure"]:
        return printable(f"{finding['failure']['error_code']}: {finding['failure']['msg']}")
    told = [f"{point['point']}: {point['why']}" for point in relay.amiss(finding)[:1]]
    return printable("; ".join([f"queue: {words.queue(finding['queue']).lower()}", *told]), 2 * LONGEST)


def difference(option: Mapping[str, Any]) -> str:
    """What an option holds in the place of what, and where that comes from."""
    return f"{option['label']} {held(option)} ({origin(option)})"


def held(option: Mapping[str, Any]) -> str:
    """What an option holds, and what it should."""
    if option["expected"] == CHANGED:
        return "is not the declared one"
    return f"is {value(option['actual'])} instead of {value(option['expected'])}"


def origin(option: Mapping[str, Any]) -> str:
    """Since when an option is as it is, and by whom, as far as the journal knows."""
    told = [words.ORIGINS[option["how"]].lower()]
    if option["since"]:
        told.append(f"{'after' if option['how'] == 'hand_edit' else 'on'} {words.minute(option['since'])} UTC")
    told += [f"{word} {option[key]}" for word, key in (("by", "by"), ("in run", "run")) if option[key]]
    return printable(" ".join(told))


def value(setting: Any) -> str:
    """A setting as a person reads it, on one line and shortened."""
    return printable(words.shown(setting))


def printable(text: str, at_most: int = LONGEST) -> str:
    """A text from anywhere on one line, shortened, without characters that do more than to be read."""
    line = _UNPRINTABLE.sub(" ", text).strip()
    return line if len(line) <= at_most else f"{line[: at_most - 1]}…"


def _window(window: Mapping[str, Any]) -> str:
    until = f"until {words.minute(window['until'])} UTC"
    return f"{window['holder'] or 'somebody'} {until}: {window['reason']}"
