# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as Markdown for a comment on a merge request: short, and inert whatever the settings hold.

GitHub takes 65,536 characters; what does not fit is counted. Values stand in code, where nothing is a link or a
mention.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.module_utils.redaction import CHANGED
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import relay, telling, words

Finding = Mapping[str, Any]

#: Characters in all rows of one section.
_ROOM = 12_000

#: Characters of a diagnosis and of its remedy.
_LONG = 600

_MEANINGFUL = re.compile(r"([\\`*_\[\]<>()!|~&])")


class _Section(NamedTuple):
    """A table: its title, the titles of its columns, and the rows that a finding of a part of the report has in it."""

    title: str
    columns: Sequence[str]
    rows: Callable[[Finding], Iterable[Sequence[str]]]
    part: str = "instances"


def render(document: Mapping[str, Any]) -> Iterator[str]:
    """The Markdown, piece by piece."""
    verdict = words.verdict(document)
    yield f"## Mail settings of WeEstimate: {verdict.text.lower()}\n\n{verdict.meaning}\n"
    yield from _environments(document["instances"])
    for section in _SECTIONS:
        rows = [row for finding in document.get(section.part, ()) for row in section.rows(finding)]
        if rows:
            yield f"\n### {section.title}\n\n"
            yield from _table(section.columns, rows)
    run = f" in run {code(document['run'])}" if document["run"] else ""
    yield f"\nExamined by {document['generated_by']} on {words.minute(document['generated_at'])} UTC{run}.\n"


def code(value: Any) -> str:
    """A value as code that nothing in it can end."""
    text = telling.value(value)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", r"\|")


def plain(text: str, at_most: int = telling.LONGEST) -> str:
    """A sentence with all characters that mean something to Markdown taken literally, and without mentions."""
    return _MEANINGFUL.sub(r"\\\1", telling.printable(text, at_most)).replace("@", "@\N{ZERO WIDTH SPACE}")


def _environments(findings: Iterable[Finding]) -> Iterator[str]:
    rows = []
    for environment, members in groupby(findings, key=lambda finding: finding["environment"]):
        states = [finding["state"] for finding in members]
        rows.append([code(environment), *(f"{states.count(state):,}" for state in words.STATES)])
    yield "\n"
    yield from _table(["Environment", *(word.text for word in words.STATES.values())], rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"{_line(columns)}{_line(['---'] * len(columns))}"
    room = _ROOM
    for index, row in enumerate(rows):
        line = _line(row)
        room -= len(line)
        if room < 0:
            yield f"\n… and {len(rows) - index:,} more, which are in the other files of the report.\n"
            return
        yield line


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _named(finding: Finding) -> list[str]:
    return [code(finding["instance"]), code(finding["environment"])]


def _failures(finding: Finding) -> Iterator[list[str]]:
    failure = finding["failure"]
    if failure:
        yield [*_named(finding), code(failure["error_code"]), f"{plain(failure['msg'])} {plain(failure['remedy'])}"]


def _differences(finding: Finding) -> Iterator[list[str]]:
    if finding["state"] != "drifted":
        return
    for option in finding["options"]:
        declared = "another one" if option["expected"] == CHANGED else code(option["expected"])
        yield [*_named(finding), option["label"], declared, code(option["actual"]), plain(telling.origin(option))]


def _windows(finding: Finding) -> Iterator[list[str]]:
    window = finding["window"]
    if window:
        state = words.STATES["window_expired" if window["expired"] else "window_open"].text
        until = f"{words.minute(window['until'])} UTC"
        yield [*_named(finding), state, until, code(window["holder"]), plain(window["reason"])]


def _passwords(finding: Finding) -> Iterator[list[str]]:
    password = finding["password"]
    if password["overdue"]:
        yield [*_named(finding), words.days(password["age_days"]), words.days(password["max_age_days"])]


def _relays(finding: Finding) -> Iterator[list[str]]:
    ends = relay.next_end(finding)
    waits = " for ".join(filter(None, (words.queue(finding["queue"]), words.oldest(finding["queue"]))))
    yield [
        code(finding["relay"]),
        code(finding["environment"]),
        words.RELAY_STATES[finding["state"]].text,
        waits,
        f"{ends[1]}, {plain(ends[0])}" if ends else "",
    ]


def _ailments(finding: Finding) -> Iterator[list[str]]:
    failure = finding["failure"]
    if failure:
        yield [
            code(finding["relay"]),
            "Failed",
            code(failure["error_code"]),
            _advice(failure["msg"], failure["remedy"]),
        ]
    for point in relay.amiss(finding):
        status = words.POINTS[point["status"]][0]
        yield [code(finding["relay"]), status, plain(point["point"]), _advice(point["why"], point["remedy"])]


def _advice(why: str, remedy: str) -> str:
    return f"{plain(why, _LONG)} {plain(remedy, _LONG)}".strip()


_INSTANCE = ("Instance", "Environment")
_SECTIONS = (
    _Section("Could not be examined", (*_INSTANCE, "Code", "Why, and what to do"), _failures),
    _Section("Drifted", (*_INSTANCE, "Option", "Declared", "Held", "Where it comes from"), _differences),
    _Section("Windows for customer documents", (*_INSTANCE, "State", "Until", "Holder", "Reason"), _windows),
    _Section("Passwords that are older than they may be", (*_INSTANCE, "Age", "At most"), _passwords),
    _Section("Relays", ("Relay", "Environment", "State", "Queue", "Ends next"), _relays, "relays"),
    _Section("What there is to do at relays", ("Relay", "Status", "Point", "Why, and what to do"), _ailments, "relays"),
)
