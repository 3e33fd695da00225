# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the page words what an examination found: one short text, a tone and what it sorts by, for each judgement.

A tone is never the only sign of anything; it is the colour and the mark of a text that says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.module_utils.options import BY_NAME

#: The tones, which the style sheet gives a colour and a mark each.
GOOD, BAD, WARN, BUSY, QUIET = "good", "bad", "warn", "busy", "quiet"


class Word(NamedTuple):
    """What something is called on the page, its tone, and what the key below the table says about it."""

    text: str
    tone: str
    meaning: str


#: What an instance can be in, the most pressing first: this is also the order of sorting.
STATES = {
    "failed": Word("Failed", BAD, "The instance could not be examined: it was not reached, or its settings not read."),
    "drifted": Word("Drifted", BAD, "What the instance holds differs from what is declared for it."),
    "window_expired": Word(
        "Window expired", WARN, "A window for customer documents was not closed in time; the next run closes it."
    ),
    "window_open": Word(
        "Window open", BUSY, "Somebody has switched to the settings for customer documents, until the time given."
    ),
    "in_sync": Word("In sync", GOOD, "The instance holds what is declared for it."),
}

#: What a relay can be in, the most pressing first.
RELAY_STATES = {
    "failed": Word("Failed", BAD, "The relay could not be examined."),
    "unwell": Word("Needs attention", BAD, "Something of the relay has to be mended; mail may be waiting."),
    "well": Word("In order", GOOD, "Postfix runs, each upstream answers and takes the login, and no mail waits long."),
}

#: What became of a point of a relay's examination.
POINTS = {
    "ok": ("In order", GOOD),
    "warning": ("Warning", WARN),
    "failed": ("Failed", BAD),
    "not_checkable": ("Not checked", QUIET),
}

#: How an option came to differ, as far as the journal knows.
ORIGINS = {
    "hand_edit": "Edited by hand",
    "older_run": "Left by an older run",
    "never_recorded": "Never set by a recorded run",
    "before_journal": "From before the journal",
}

#: The kinds of mail that a test sends, in the order of the columns.
KINDS = {
    "approval": "Approval mail",
    "customer_document": "Customer document",
    "self_document": "Document to oneself",
}

#: What became of a stage of a test.
STAGES = {"ok": ("Passed", GOOD), "failed": ("Failed", BAD), "skipped": ("Not reached", QUIET)}

#: The stages at the end of which the mail server has the mail.
_SENT = ("accepted", "delivered")

#: How the verdict counts the states, the most pressing first.
_COUNTED = {
    "failed": "could not be examined",
    "drifted": "drifted",
    "window_expired": "with an expired window",
    "window_open": "with an open window",
    "in_sync": "in sync",
}

#: What became of a recorded change.
_ENTRIES = {
    ("change", "open"): "Change, not yet proven",
    ("change", "confirmed"): "Change, kept",
    ("change", "superseded"): "Change, followed by another",
    ("change", "restored"): "Change, taken back",
    ("restore", "confirmed"): "Return to the settings before",
}

_SWITCHES = {True: "On", False: "Off"}


def short_of_mail(test: Mapping[str, Any]) -> str:
    """The last stage of a test that passed without a mail being sent, because none was asked for; else nothing."""
    reached = [stage["name"] for stage in test["stages"] if stage["status"] == "ok"]
    return reached[-1] if test["ok"] and reached and reached[-1] not in _SENT else ""


def label(option: str) -> str:
    """What WeEstimate calls an option; the name itself where the catalogue does not have it."""
    return BY_NAME[option].label if option in BY_NAME else option


def shown(value: Any) -> str:
    """A setting as a person reads it."""
    if isinstance(value, bool):
        return _SWITCHES[value]
    return "(not there)" if value is None else "(blank)" if value == "" else str(value)


def entry(recorded: Mapping[str, Any]) -> str:
    """What an entry of the journal says was done, and what became of it."""
    kind, state = recorded["kind"], recorded["state"]
    return _ENTRIES.get((kind, state), f"{kind}, {state}")


def verdict(document: Mapping[str, Any]) -> Word:
    """The verdict on the fleet, with the numbers that it rests on."""
    instances = len(document["instances"])
    counts = {state: document["counts"].get(state, 0) for state in STATES}
    if not instances:
        return Word("Nothing examined", WARN, "The report holds no instance.")
    parts = [f"{counts[state]:,} {told}" for state, told in _COUNTED.items() if counts[state]]
    return STATES[document["verdict"]]._replace(meaning=f"{counted(instances, 'instance')}: {', '.join(parts)}.")


def encodable(text: str) -> str:
    """Text without what no page can hold: halves of surrogate pairs, which JSON can name, and the character zero."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def day(moment: str | None) -> str:
    """The date of a moment that is given in UTC, in ISO 8601; empty where there is none."""
    return (moment or "")[:10]


def minute(moment: str | None) -> str:
    """The date and time of such a moment."""
    return (moment or "")[:16].replace("T", " ")


def days(number: int) -> str:
    """A number of days."""
    return f"{number:,} day{'' if number == 1 else 's'}"


def counted(number: int, noun: str) -> str:
    """A number of things, whose plural takes an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def queue(told: Mapping[str, Any] | None) -> str:
    """What waits in a relay's queue."""
    if told is None:
        return "Not known"
    return counted(told["length"], "mail") if told["length"] else "Empty"


def upstream(told: Mapping[str, Any]) -> str:
    """How an upstream was met, in two words or three."""
    if not told["reachable"]:
        return "does not answer"
    return {True: "login accepted", False: "login fails", None: "no login"}[told["logged_in"]]


def oldest(told: Mapping[str, Any] | None) -> str:
    """For how long the oldest mail waits; empty where none does."""
    if not told or not told["length"]:
        return ""
    minutes = told["oldest_seconds"] // 60
    hours = minutes // 60
    if hours < 2:
        return counted(minutes, "minute")
    return counted(hours, "hour") if hours < 48 else days(hours // 24)


def kinds_of(findings: list[Mapping[str, Any]]) -> list[str]:
    """The kinds of mail that have a column: the two that every WeEstimate sends, and any other that was tested."""
    tested = {test["kind"] for finding in findings for test in finding["tests"]}
    return [kind for kind in KINDS if kind in tested or kind != "self_document"]
