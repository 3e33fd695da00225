# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of the page's table: what each of them says about an instance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.module_utils.options import PASSWORD
from ansible_collections.weestimate.mail.plugins.module_utils.redaction import BLANK
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import words
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.words import BAD, GOOD, QUIET, WARN

#: A certificate with fewer days left than this is a matter for somebody; the same as in smtp_doctor.
CERTIFICATE_DAYS = 30

Finding = Mapping[str, Any]


class Cell(NamedTuple):
    """What stands in a cell: a text in a tone, smaller lines below it, and what the column sorts by.

    Where ``sort`` is None, it is the text; where it is empty, there is nothing to sort by, and the row comes last.
    """

    text: str
    tone: str = ""
    below: str = ""
    sort: float | str | None = None


NOTHING, UNKNOWN = Cell("None", QUIET, sort=""), Cell("Not known", QUIET, sort="")


class Column(NamedTuple):
    """A column: its title, and its cell for a finding."""

    title: str
    cell: Callable[[Finding], Cell]


def columns(kinds: Iterable[str]) -> list[Column]:
    """All columns but the first, which names the instance; one for each of these kinds of mail among them."""
    tests = [Column(words.KINDS[kind], partial(_test, kind)) for kind in kinds]
    return [
        Column("Environment", lambda finding: Cell(finding["environment"])),
        Column("State", _state),
        Column("Drift", _drift),
        *tests,
        Column("Password", _password),
        Column("Certificate", _certificate),
        Column("Exchange Online", _exchange_online),
    ]


def _state(finding: Finding) -> Cell:
    word = words.STATES[finding["state"]]
    # Where words.STATES has it is how pressing it is.
    return Cell(word.text, word.tone, _about_state(finding), list(words.STATES).index(finding["state"]))


def _about_state(finding: Finding) -> str:
    failure, window = finding["failure"], finding["window"]
    if failure:
        return "unreachable" if failure["unreachable"] else failure["error_code"]
    return f"{window['holder'] or 'somebody'}\nuntil {words.minute(window['until'])}" if window else ""


def _drift(finding: Finding) -> Cell:
    options = finding["options"]
    if finding["failure"] and not options:
        return UNKNOWN
    if not options:
        return NOTHING._replace(sort=0)
    labels = ", ".join(option["label"] for option in options)
    # Within a window, other settings are meant.
    tone = BAD if finding["state"] == "drifted" else QUIET
    return Cell(words.counted(len(options), "option"), tone, labels, len(options))


def last_test(finding: Finding, kind: str) -> Finding | None:
    """The last test of a kind of mail, if there was one."""
    return next((test for test in finding["tests"] if test["kind"] == kind), None)


def precedes_last_change(finding: Finding, test: Finding) -> bool:
    """Whether a test says nothing about the settings in force, because they were changed after it."""
    # All of them are written in the same zone and length.
    return any(test["at"] < entry["changed_at"] for entry in finding["history"][:1])


def _test(kind: str, finding: Finding) -> Cell:
    test = last_test(finding, kind)
    if not test:
        return Cell("Never", QUIET, sort="")
    day = words.day(test["at"])
    if not test["ok"]:
        return Cell("Failed", BAD, f"at {test['failed_stage']}\n{day}", day)
    short = words.short_of_mail(test)
    if short:
        return Cell("Passed", WARN, f"up to {short}, no mail\n{day}", day)
    if precedes_last_change(finding, test):
        return Cell("Passed", WARN, f"{day}\nbefore the last change", day)
    return Cell("Passed", GOOD, day, day)


def _password(finding: Finding) -> Cell:
    password, age = finding["password"], finding["password"]["age_days"]
    if finding["settings"].get(PASSWORD.name) == BLANK:
        return NOTHING
    if age is None:
        return UNKNOWN
    below = "since " + words.day(password["changed_at"])
    if password["overdue"]:
        return Cell(words.days(age), BAD, f"{below}\nat most {words.days(password['max_age_days'])}", age)
    return Cell(words.days(age), "", below, age)


def _certificate(finding: Finding) -> Cell:
    certificate = finding["certificate"]
    if not certificate:
        return UNKNOWN
    left, below = certificate["days"], "until " + words.day(certificate["expires_at"])
    if left < 0:
        return Cell("Expired", BAD, below, left)
    return Cell(words.days(left), WARN if left < CERTIFICATE_DAYS else "", below, left)


def _exchange_online(finding: Finding) -> Cell:
    provider = finding["provider"] or ""
    if finding["exchange_online_change"]["affected"]:
        return Cell("Must act", WARN, provider, 0)
    return Cell("Not affected", "", provider, 1) if finding["settings"] else UNKNOWN
