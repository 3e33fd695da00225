# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a fleet needs somebody, by environment, and by what there is to do and who has to do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue import causes
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import words
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.columns import (
    CERTIFICATE_DAYS,
    Finding,
    precedes_last_change,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.words import BAD, WARN

#: How many instances or mailboxes are named where all of them would be a wall of names.
NAMED = 8

#: Where all instances are counted: no state and no concern.
_ALL = ""


class Concern(NamedTuple):
    """Something about an instance that needs somebody.

    ``todo`` says what to do; empty where the findings say it themselves. ``owners`` tells from the findings that have
    the concern who can do it. ``of_mailbox`` is set where it is done once for a mailbox, and not once for an instance.
    """

    title: str
    tone: str
    holds: Callable[[Finding], bool]
    owners: Callable[[Sequence[Finding]], str]
    todo: str
    of_mailbox: bool = False


class Matter(NamedTuple):
    """A concern that this fleet has: the number of instances, and the first of them with their places in the report.

    ``mailboxes`` are all to which it has to be done, where it is done to mailboxes.
    """

    key: str
    title: str
    tone: str
    todo: str
    owners: str
    count: int
    named: Sequence[tuple[int, str]]
    mailboxes: Sequence[str]


class Number(NamedTuple):
    """How many instances of a line are in a state or have a concern; ``query`` are the filters that show just these."""

    title: str
    count: int
    tone: str
    query: str


class Line(NamedTuple):
    """An environment, or all of them, in numbers."""

    title: str
    numbers: Sequence[Number]


def _in_state(state: str) -> Callable[[Finding], bool]:
    return lambda finding: finding["state"] == state


def _operator(_findings: Sequence[Finding]) -> str:
    return "WeEstimate operator"


def _mail_administrator(_findings: Sequence[Finding]) -> str:
    return causes.MAIL


def _failed_tests(finding: Finding) -> list[Mapping[str, Any]]:
    return [test for test in finding["tests"] if not test["ok"]]


def _as_diagnosed(findings: Sequence[Finding]) -> str:
    """Those whom the diagnoses of failed tests name, the most often named first."""
    diagnoses = [test["diagnosis"] or {} for finding in findings for test in _failed_tests(finding)]
    named = Counter(diagnosis.get("owner") or causes.MAIL for diagnosis in diagnoses)
    return ", ".join(owner for owner, count in named.most_common())


def _is_unproven(finding: Finding) -> bool:
    """Whether no test says how mail fares with the settings in force."""
    return not finding["failure"] and all(precedes_last_change(finding, test) for test in finding["tests"])


def _expires_soon(finding: Finding) -> bool:
    return finding["certificate"] is not None and finding["certificate"]["days"] < CERTIFICATE_DAYS


#: What may need somebody, the most pressing first.
CONCERNS = {
    "failed": Concern(
        words.STATES["failed"].text,
        BAD,
        _in_state("failed"),
        _operator,
        "Until they can be examined, nothing is known of their settings. The details say what failed and what to do.",
    ),
    "drifted": Concern(
        words.STATES["drifted"].text,
        BAD,
        _in_state("drifted"),
        _operator,
        "Take the edit over into the profile, or apply the profile again.",
    ),
    "window_expired": Concern(
        words.STATES["window_expired"].text,
        WARN,
        _in_state("window_expired"),
        _operator,
        "Run weestimate.mail.apply or weestimate.mail.drift: both close the window first.",
    ),
    "test_failed": Concern(
        "Test failed",
        BAD,
        lambda finding: bool(_failed_tests(finding)),
        _as_diagnosed,
        "Mail did not get through. The details say at which stage, why, and what to do.",
    ),
    "unproven": Concern(
        "Not proven",
        WARN,
        _is_unproven,
        _operator,
        "No test is on record since the last change. Run weestimate.mail.apply with weestimate_smtp_test.always.",
    ),
    "password_overdue": Concern(
        "Password overdue",
        BAD,
        lambda finding: finding["password"]["overdue"],
        _operator,
        "Run weestimate.mail.rotate_password with a new password.",
        of_mailbox=True,
    ),
    "certificate": Concern(
        "Certificate expires",
        WARN,
        _expires_soon,
        _mail_administrator,
        f"The certificate of the mail server has fewer than {CERTIFICATE_DAYS} days left: have it renewed.",
    ),
    "exchange_online": Concern(
        "Exchange Online",
        WARN,
        lambda finding: finding["exchange_online_change"]["affected"],
        _mail_administrator,
        "",
        of_mailbox=True,
    ),
}


def concerns_of(finding: Finding) -> list[str]:
    """The keys of the concerns that an instance has."""
    return [key for key, concern in CONCERNS.items() if concern.holds(finding)]


def environments(findings: Iterable[Finding]) -> list[str]:
    """The environments by name."""
    return sorted({finding["environment"] for finding in findings})


def lines(findings: Sequence[Finding], concerns: Sequence[Sequence[str]]) -> list[Line]:
    """One line for each environment and a last one for all; ``concerns`` are those of each finding."""
    found: dict[str, Counter[str]] = {environment: Counter() for environment in environments(findings)}
    for finding, own in zip(findings, concerns, strict=True):
        # A state that is a concern as well has the same key in both.
        found[finding["environment"]].update({_ALL, finding["state"], *own})
    total = sum(found.values(), Counter())
    return [
        *(_line(environment, counts, {"environment": environment}) for environment, counts in found.items()),
        _line("All", total, {}),
    ]


def _line(title: str, counts: Mapping[str, int], within: Mapping[str, str]) -> Line:
    states = [
        Number(word.text, counts[key], word.tone, _query(within, state=key))
        for key, word in reversed(words.STATES.items())
    ]
    concerns = [
        Number(concern.title, counts[key], concern.tone, _query(within, concern=key))
        for key, concern in CONCERNS.items()
        if key not in words.STATES
    ]
    return Line(title, [Number("Instances", counts[_ALL], "", _query(within)), *states, *concerns])


def _query(within: Mapping[str, str], **more: str) -> str:
    return urlencode({name: words.encodable(value) for name, value in {**within, **more}.items()})


def matters(findings: Sequence[Finding], concerns: Sequence[Iterable[str]]) -> list[Matter]:
    """What there is to do in this fleet; ``concerns`` are those of each finding."""
    members: dict[str, list[int]] = {key: [] for key in CONCERNS}
    for index, keys in enumerate(concerns):
        for key in keys:
            members[key].append(index)
    return [_matter(key, findings, indexes) for key, indexes in members.items() if indexes]


def _matter(key: str, findings: Sequence[Finding], indexes: Sequence[int]) -> Matter:
    concern, concerned = CONCERNS[key], [findings[index] for index in indexes]
    return Matter(
        key,
        concern.title,
        concern.tone,
        concern.todo or concerned[0]["exchange_online_change"]["why"],
        concern.owners(concerned),
        len(indexes),
        [(index, findings[index]["instance"]) for index in indexes[:NAMED]],
        _mailboxes(concerned) if concern.of_mailbox else (),
    )


def _mailboxes(findings: Iterable[Finding]) -> list[str]:
    """The mailboxes of instances; the same address in other letters is the same mailbox."""
    users = (str(finding["settings"].get("smtp_user") or "") for finding in findings)
    return sorted({user.casefold() for user in users if user})
