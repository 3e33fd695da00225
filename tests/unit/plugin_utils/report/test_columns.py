# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cells of the table say about an instance, and by what they are sorted."""

from __future__ import annotations

from typing import Any

import made_reports
import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import columns, words
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.columns import Cell

IN_SYNC, DRIFTED, OPEN, FAILED, UNREACHABLE = 1, 2, 5, 9, 18


def cell(title: str, index: int, **parts: Any) -> Cell:
    """The cell under a title for a made-up instance, of which ``parts`` are otherwise."""
    (column,) = (each for each in columns.columns(words.KINDS) if each.title == title)
    return column.cell(made_reports.finding(index, **parts))


@pytest.mark.parametrize(
    ("index", "text", "below"),
    [
        (IN_SYNC, "In sync", ""),
        (DRIFTED, "Drifted", ""),
        (OPEN, "Window open", "alice\nuntil 2026-11-22 04:15"),
        (FAILED, "Failed", "store_unreachable"),
        (UNREACHABLE, "Failed", "unreachable"),
    ],
)
def test_state(index: int, text: str, below: str) -> None:
    said = cell("State", index)

    assert (said.text, said.below) == (text, below)


def test_the_more_pressing_a_state_the_earlier_it_is_sorted() -> None:
    order = [cell("State", index).sort for index in (FAILED, DRIFTED, OPEN, IN_SYNC)]

    assert order == sorted(order)


def test_drift_names_the_options_and_is_sorted_by_their_number() -> None:
    assert cell("Drift", DRIFTED) == Cell("3 options", "bad", "SMTP Port, Use SSL, SMTP Password", 3)
    assert cell("Drift", IN_SYNC) == Cell("None", "quiet", "", 0)
    assert cell("Drift", FAILED) == columns.UNKNOWN


def test_other_settings_within_a_window_are_meant() -> None:
    options = made_reports.finding(DRIFTED)["options"]

    assert cell("Drift", OPEN, options=options).tone == "quiet"


def test_a_test_counts_for_the_settings_that_it_was_made_with() -> None:
    entry = {"changed_at": made_reports.moment(days=5)}
    passed, failed = made_reports.trial("approval", days=5.5), made_reports.trial("approval", "auth", days=3)

    def approval(test: dict[str, Any] | None, *history: dict[str, Any]) -> Cell:
        return cell("Approval mail", IN_SYNC, tests=[test] if test else [], history=list(history))

    assert approval(passed) == Cell("Passed", "good", "2026-11-16", "2026-11-16")
    assert approval(passed, entry) == Cell("Passed", "warn", "2026-11-16\nbefore the last change", "2026-11-16")
    assert approval(failed, entry) == Cell("Failed", "bad", "at auth\n2026-11-19", "2026-11-19")
    assert approval(None, entry) == Cell("Never", "quiet", "", "")
    brief = {
        **passed,
        "stages": [{**stage, "status": "ok"} for stage in passed["stages"] if stage["name"] != "accepted"],
    }
    assert approval(brief) == Cell("Passed", "warn", "up to data, no mail\n2026-11-16", "2026-11-16")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ({"age_days": 1}, Cell("1 day", "", "since 2026-01-01", 1)),
        ({"age_days": 1200}, Cell("1,200 days", "", "since 2026-01-01", 1200)),
        ({"age_days": 366, "overdue": True}, Cell("366 days", "bad", "since 2026-01-01\nat most 365 days", 366)),
        ({"age_days": None, "changed_at": None}, columns.UNKNOWN),
    ],
)
def test_password(password: dict[str, Any], said: Cell) -> None:
    known = {"changed_at": "2026-01-01T00:00:00+00:00", "max_age_days": 365, "overdue": False}

    assert cell("Password", IN_SYNC, password={**known, **password}) == said
    assert (
        cell("Password", IN_SYNC, password={**known, **password}, settings={"smtp_password": "(blank)"}).text == "None"
    )


@pytest.mark.parametrize(
    ("days", "text", "tone"),
    [(-1, "Expired", "bad"), (0, "0 days", "warn"), (29, "29 days", "warn"), (30, "30 days", "")],
)
def test_certificate(days: int, text: str, tone: str) -> None:
    said = cell("Certificate", IN_SYNC, certificate={"expires_at": "2026-12-31T00:00:00+00:00", "days": days})

    assert said == Cell(text, tone, "until 2026-12-31", days)
    assert cell("Certificate", IN_SYNC, certificate=None) == columns.UNKNOWN


def test_whom_the_change_at_exchange_online_concerns() -> None:
    assert cell("Exchange Online", IN_SYNC) == Cell("Must act", "warn", "Microsoft 365", 0)
    assert cell("Exchange Online", DRIFTED) == Cell("Not affected", "", "", 1)
    assert cell("Exchange Online", FAILED) == columns.UNKNOWN


def test_only_kinds_that_somebody_tests_have_a_column() -> None:
    alone = made_reports.finding(IN_SYNC, tests=[])
    to_oneself = made_reports.finding(IN_SYNC, tests=[made_reports.trial("self_document", days=1)])

    assert words.kinds_of([alone]) == ["approval", "customer_document"]
    assert words.kinds_of([alone, to_oneself]) == ["approval", "customer_document", "self_document"]
