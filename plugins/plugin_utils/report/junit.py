# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JUnit XML, which pipelines show: a suite for each environment, a case for each instance and relay.

Drift is a failure, an instance that could not be examined an error, and one within an open window skipped. Where the
age of passwords is limited, that is a case of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple
from xml.etree import ElementTree

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import relay, telling, words

Finding = Mapping[str, Any]

_TITLE = "Mail settings of WeEstimate"

#: What a case of an instance in a state is reported as; one in sync has passed.
_OUTCOMES = {"drifted": "failure", "window_expired": "failure", "window_open": "skipped", "failed": "error"}

#: The same for a relay.
_OF_RELAY = {relay.UNWELL: "failure", relay.FAILED: "error"}
_RELAYS = "Relays"

#: Characters of what is said of a point.
_LONG = 1200


class _Case(NamedTuple):
    """One test case: ``outcome`` is failure, error, skipped, or empty for one that has passed."""

    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def render(document: Mapping[str, Any]) -> Iterator[str]:
    """The XML, piece by piece."""
    suites = [
        _suite(environment, list(members), document)
        for environment, members in groupby(document["instances"], key=lambda finding: finding["environment"])
    ]
    if document.get("relays"):
        suites.append(_suite_of(_RELAYS, map(_of_relay, document["relays"]), document))
    root = ElementTree.Element("testsuites", name=_TITLE, **_totals(suites))
    root.extend(suites)
    ElementTree.indent(root)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield ElementTree.tostring(root, encoding="unicode")
    yield "\n"


def _suite(environment: str, findings: Iterable[Finding], document: Mapping[str, Any]) -> ElementTree.Element:
    return _suite_of(environment, (case for finding in findings for case in _cases(finding)), document)


def _suite_of(title: str, cases: Iterable[_Case], document: Mapping[str, Any]) -> ElementTree.Element:
    cases = list(cases)
    # Readers of JUnit XML know no time zones; all of these are UTC.
    moment = document["generated_at"][: len("2026-11-20T08:15:00")]
    name = telling.printable(title)
    suite = ElementTree.Element("testsuite", name=name, timestamp=moment, time="0", **_numbers(cases))
    for case in cases:
        _add(suite, name, case)
    return suite


def _add(suite: ElementTree.Element, classname: str, case: _Case) -> None:
    element = ElementTree.SubElement(
        suite, "testcase", classname=classname, name=telling.printable(case.name), time="0"
    )
    if case.outcome == "skipped":
        ElementTree.SubElement(element, "skipped", message=case.message)
    elif case.outcome:
        ElementTree.SubElement(element, case.outcome, type=case.kind, message=case.message).text = case.text


def _cases(finding: Finding) -> Iterator[_Case]:
    yield _of_settings(finding)
    if finding["password"]["max_age_days"] is not None and not finding["failure"]:
        yield _of_password(finding)


def _of_settings(finding: Finding) -> _Case:
    outcome, failure = _OUTCOMES.get(finding["state"]), finding["failure"]
    if not outcome:
        return _Case(finding["instance"])
    kind, lines = finding["state"], [telling.difference(option) for option in finding["options"]]
    if failure:
        kind, lines = failure["error_code"], [failure["msg"], failure["remedy"]]
    text = "\n".join(map(telling.printable, lines))
    return _Case(finding["instance"], outcome, kind, telling.why(finding), text)


def _of_password(finding: Finding) -> _Case:
    password = finding["password"]
    name = f"{finding['instance']}: age of the password"
    if password["age_days"] is None:
        return _Case(name, "skipped", message="The journal does not know when the password was set.")
    if not password["overdue"]:
        return _Case(name)
    limits = f"{words.days(password['age_days'])} old, and may be {words.days(password['max_age_days'])}"
    return _Case(name, "failure", "password_overdue", f"The password is {limits}.", "Rotate it.")


def _of_relay(finding: Finding) -> _Case:
    outcome, failure = _OF_RELAY.get(finding["state"]), finding["failure"]
    if not outcome:
        return _Case(finding["relay"])
    kind, lines = "relay_unwell", [f"{each['point']}: {each['why']} {each['remedy']}" for each in relay.amiss(finding)]
    if failure:
        kind, lines = failure["error_code"], [failure["msg"], failure["remedy"]]
    text = "\n".join(telling.printable(line, _LONG) for line in lines)
    return _Case(finding["relay"], outcome, kind, telling.about_relay(finding), text)


def _numbers(cases: Iterable[_Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
    }


def _totals(suites: Iterable[ElementTree.Element]) -> dict[str, str]:
    suites = list(suites)
    names = ("tests", "failures", "errors", "skipped")
    return {name: str(sum(int(suite.attrib[name]) for suite in suites)) for name in names}
