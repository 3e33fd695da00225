# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run is to end in, by what was found, and the few lines that a terminal shows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import relay, telling, words
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.document import AMISS
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.finding import FAILED, IN_SYNC

Finding = Mapping[str, Any]

#: How many instances a message names, and how many have a line in the table.
_NAMED, _LINES = 8, 50


class _End(NamedTuple):
    """A way for a run to fail: with which code, over which instances or relays, in which words, and what to do.

    ``unreachable`` gives it the exit status 4 instead of 2. ``kind`` is what it is about, instance or relay.
    """

    error_code: str
    concerns: Callable[[Finding], bool]
    what: str
    remedy: str
    unreachable: bool = False
    kind: str = "instance"


#: The first that concerns one of its kind is the one.
_ENDS = (
    _End(
        "not_examined",
        lambda finding: finding["state"] == FAILED,
        "could not be examined",
        "The report says what failed for each of them, and what to do.",
        unreachable=True,
    ),
    _End(
        "not_examined",
        lambda finding: finding["state"] == relay.FAILED,
        "could not be examined",
        "The report says what failed for each of them, and what to do.",
        unreachable=True,
        kind="relay",
    ),
    _End(
        "drifted",
        lambda finding: finding["state"] in AMISS and not finding["tolerated"],
        "do not hold what is declared",
        "Take an edit over into the profile, or apply the profile again (weestimate.mail.apply).",
    ),
    _End(
        "password_overdue",
        lambda finding: finding["password"]["overdue"] and finding["password"]["fails"],
        "have a password that is older than it may be",
        "Rotate it (weestimate.mail.rotate_password).",
    ),
    _End(
        "relay_unwell",
        lambda finding: finding["state"] == relay.UNWELL,
        "need attention",
        "The report says for each point what to do; weestimate.mail.relay_doctor examines the relay again.",
        kind="relay",
    ),
)

_NOTHING = {
    "error_code": "not_examined",
    "msg": "No instance was examined: no host fits.",
    "remedy": "See weestimate_hosts, the inventory and --limit.",
    "unreachable": True,
}


def fault(findings: Sequence[Finding], relays: Sequence[Finding] = (), *, drift_counts: bool) -> dict[str, Any]:
    """How the run is to fail: ``error_code``, ``msg``, ``remedy``, ``unreachable``; empty where it is not to."""
    if not findings:
        return dict(_NOTHING)
    for end in _ENDS:
        if end.error_code == "drifted" and not drift_counts:
            continue
        examined = relays if end.kind == "relay" else findings
        concerned = [finding[end.kind] for finding in examined if end.concerns(finding)]
        if concerned:
            number = f"{len(concerned):,} of {words.counted(len(examined), end.kind)}"
            return {
                "error_code": end.error_code,
                "msg": f"{number} {end.what}: {_named(concerned)}.",
                "remedy": end.remedy,
                "unreachable": end.unreachable,
            }
    return {}


def table(document: Mapping[str, Any]) -> list[str]:
    """Lines of text: the number in each state, then each instance that is not in sync and why, and each such relay."""
    amiss = [finding for finding in document["instances"] if finding["state"] != IN_SYNC]
    shown = sorted(amiss, key=lambda finding: list(words.STATES).index(finding["state"]))[:_LINES]
    lines = [words.verdict(document).meaning, *_aligned(map(_row, shown))]
    if len(amiss) > len(shown):
        lines.append(f"and {len(amiss) - len(shown):,} more, which are in the report")
    return [*lines, *_aligned(_relay_row(finding) for finding in document.get("relays", ()))]


def _row(finding: Finding) -> tuple[str, str, str, str]:
    state = words.STATES[finding["state"]].text
    return state, finding["environment"], finding["instance"], telling.why(finding)


def _relay_row(finding: Finding) -> tuple[str, str, str, str]:
    state = words.RELAY_STATES[finding["state"]].text
    return f"Relay: {state}", finding["environment"], finding["relay"], telling.about_relay(finding)


def _aligned(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
