# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a fleet needs somebody, and how it is counted."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import made_reports
import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import summary

#: An instance about which there is nothing to do.
FINE = {
    "state": "in_sync",
    "tests": [made_reports.trial("approval", days=1)],
    "history": [],
    "exchange_online_change": {"affected": False, "why": ""},
    "certificate": None,
}
SMTP_USER = {"smtp_user": "Notifications@contoso.com"}


def concerns(**parts: Any) -> list[str]:
    return summary.concerns_of(made_reports.finding(1, **FINE | parts))


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({}, []),
        ({"state": "window_open"}, []),
        ({"state": "drifted"}, ["drifted"]),
        ({"state": "window_expired"}, ["window_expired"]),
        ({"tests": [made_reports.trial("approval", "auth", days=1)]}, ["test_failed"]),
        ({"tests": []}, ["unproven"]),
        ({"history": [{"changed_at": made_reports.moment(hours=1)}]}, ["unproven"]),
        ({"history": [{"changed_at": made_reports.moment(days=2)}]}, []),
        ({"password": {"overdue": True}}, ["password_overdue"]),
        ({"certificate": {"days": 29}}, ["certificate"]),
        ({"certificate": {"days": 30}}, []),
        ({"exchange_online_change": {"affected": True, "why": "because"}}, ["exchange_online"]),
    ],
)
def test_what_an_instance_needs(parts: dict[str, Any], found: list[str]) -> None:
    assert concerns(**parts) == found


def test_of_an_instance_that_could_not_be_examined_nothing_else_is_said() -> None:
    assert summary.concerns_of(made_reports.finding(9)) == ["failed"]


def test_the_numbers_of_the_environments_add_up() -> None:
    findings = made_reports.report(60)["instances"]
    *each, total = summary.lines(findings, [summary.concerns_of(finding) for finding in findings])

    assert [line.title for line in each] == ["development", "production", "staging"]
    assert [number.count for number in total.numbers] == [
        sum(counts) for counts in zip(*([number.count for number in line.numbers] for line in each), strict=True)
    ]
    assert total.numbers[0].count == 60
    assert sum(number.count for number in total.numbers if "state" in parse_qs(number.query)) == 60


def test_a_number_leads_to_its_environment_whatever_that_is_called() -> None:
    findings = [made_reports.finding(1, environment="a&state=b #\ud800")]
    line, _total = summary.lines(findings, [[]])

    assert parse_qs(line.numbers[1].query) == {"environment": ["a&state=b #?"], "state": ["in_sync"]}


def test_a_matter_names_instances_owners_and_mailboxes() -> None:
    findings = [
        made_reports.finding(
            1, **FINE | {"instance": f"quotes-{number}", "settings": user, "password": {"overdue": True}}
        )
        for number, user in enumerate([SMTP_USER, {"smtp_user": SMTP_USER["smtp_user"].lower()}, {}] * 4)
    ]
    (matter,) = summary.matters(findings, [summary.concerns_of(finding) for finding in findings])

    assert (matter.key, matter.count, len(matter.named)) == ("password_overdue", 12, summary.NAMED)
    assert matter.named[1] == (1, "quotes-1")
    assert matter.mailboxes == ["notifications@contoso.com"]
    assert "rotate_password" in matter.todo


def test_whoever_a_diagnosis_names_is_to_mend_it() -> None:
    def failed(owner: str | None) -> dict[str, Any]:
        test = made_reports.trial("approval", "auth", days=1)
        return made_reports.finding(1, **FINE | {"tests": [test | {"diagnosis": owner and {"owner": owner}}]})

    findings = [failed(owner) for owner in ("network administrator", "provider", "provider", None)]
    (matter,) = summary.matters(findings, [["test_failed"]] * len(findings))

    assert matter.owners == "provider, network administrator, mail administrator"


def test_why_exchange_online_is_a_matter_is_said_by_the_report() -> None:
    finding = made_reports.finding(1, **FINE | {"exchange_online_change": {"affected": True, "why": "because"}})
    (matter,) = summary.matters([finding], [["exchange_online"]])

    assert (matter.todo, matter.owners) == ("because", "mail administrator")
