# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Relays in the report on a fleet: in each of its files, in its verdict, and for whoever sees no colour."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import made_reports
import pytest
from jsonschema import Draft202012Validator

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import (
    document,
    findings,
    html,
    junit,
    markdown,
    relay,
    verdict,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.schema import SCHEMA_DIRECTORY

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=timezone.utc)
SCHEMA = Draft202012Validator(json.loads((SCHEMA_DIRECTORY / "drift.schema.json").read_text(encoding="utf-8")))
SUBJECT = relay.Subject("relay-1", "prod")

EXCHANGE = {
    "name": "exchange",
    "host": "smtp.office365.com",
    "port": 587,
    "reachable": True,
    "tls": {"protocol": "TLSv1.3", "expires_at": "2027-02-20T00:00:00+00:00", "expires_in_days": 89},
    "logged_in": True,
    "credential": {"kind": "secret", "expires_at": "2026-12-31", "days": 39},
    "diagnosis": None,
}
OUTSIDE = {**EXCHANGE, "name": "outside", "tls": None, "logged_in": None, "credential": None, "reachable": False}
LOGIN = {
    "point": "exchange: login",
    "status": "failed",
    "why": "No token was obtained: The client secret has expired.",
    "remedy": "Create a new one in Entra.",
}
FINE = {"point": "Postfix", "status": "ok", "why": "Postfix runs.", "remedy": ""}
SOON = {"point": "exchange: certificate", "status": "warning", "why": "It ends in 5 days.", "remedy": "Renew it."}


def finding(*points: dict[str, str], **more: Any) -> dict[str, Any]:
    """The finding on a relay with these points."""
    told = {
        "findings": [FINE, *points],
        "upstreams": [EXCHANGE, OUTSIDE],
        "queue": {"length": 12, "held": 0, "oldest_seconds": 7500, "reasons": []},
    }
    return {**relay.examined(SUBJECT, told, NOW), **more}


WELL, UNWELL = finding(SOON), finding(SOON, LOGIN)
SILENT = relay.failed(SUBJECT, {"msg": "Failed to connect", "unreachable": True}, NOW)


def written(*found: dict[str, Any]) -> dict[str, Any]:
    return document.put_together([made_reports.finding(0, state="in_sync", options=[], window=None), *found], "", NOW)


@pytest.mark.parametrize(("found", "state"), [(WELL, "well"), (UNWELL, "unwell"), (SILENT, "failed")])
def test_a_finding_fulfils_the_schema(found: dict[str, Any], state: str) -> None:
    made = written(found)

    assert [error.message for error in SCHEMA.iter_errors(made)] == []
    assert found["state"] == state
    assert made["relays"] == [found]
    assert len(made["instances"]) == 1


def test_a_report_without_a_relay_is_as_it_was() -> None:
    made = written()

    assert "relays" not in made
    assert "Relays" not in "".join(html.render(made))
    assert "Relays" not in "".join(markdown.render(made))


def test_the_json_is_read_again_and_the_later_finding_counts(tmp_path: Path) -> None:
    earlier, later = tmp_path / "earlier.json", tmp_path / "later.json"
    other = finding(LOGIN, relay="relay-2")
    for file, found in ((earlier, [UNWELL, other]), (later, [{**WELL, "checked_at": "2026-11-23T03:15:00+00:00"}])):
        file.write_text("".join(document.pieces(written(*found))), "utf-8")

    both = document.read([str(earlier), str(later)], NOW)

    assert document.read([str(earlier)], NOW)["relays"] == [UNWELL, other]
    assert {each["relay"]: each["state"] for each in both["relays"]} == {"relay-1": "well", "relay-2": "unwell"}


def test_a_host_that_is_both_has_two_findings(tmp_path: Path) -> None:
    instance = {**made_reports.finding(0), "instance": "relay-1"}
    for each in (instance, WELL):
        findings.keep(str(tmp_path), each)

    assert sorted(map(relay.is_one, findings.take(str(tmp_path)))) == [False, True]


def test_the_verdict_on_a_relay() -> None:
    made = written(UNWELL)
    fault = verdict.fault(made["instances"], made["relays"], drift_counts=True)

    assert (fault["error_code"], fault["unreachable"]) == ("relay_unwell", False)
    assert fault["msg"] == "1 of 1 relay need attention: relay-1."
    assert verdict.fault(made["instances"], [WELL], drift_counts=True) == {}
    assert verdict.fault(made["instances"], [SILENT], drift_counts=True)["unreachable"] is True


def test_drift_comes_before_a_relay() -> None:
    drifted = made_reports.finding(0, state="drifted", tolerated=False, window=None)

    assert verdict.fault([drifted], [UNWELL], drift_counts=True)["error_code"] == "drifted"


def test_the_lines_for_a_terminal() -> None:
    (line,) = [line for line in verdict.table(written(UNWELL)) if "relay-1" in line]

    assert line.startswith("Relay: Needs attention  prod  relay-1  queue: 12 mails; exchange: login: No token")


def test_the_markdown() -> None:
    text = "".join(markdown.render(written(UNWELL)))

    assert "### Relays" in text
    assert (
        "| `relay-1` | `prod` | Needs attention | 12 mails for 2 hours | 2026-12-31, client secret of exchange |"
        in text
    )
    assert text.index("exchange: login") < text.index("exchange: certificate")
    assert "Postfix runs" not in text


def test_the_markdown_of_a_relay_that_was_not_reached() -> None:
    text = "".join(markdown.render(written(SILENT)))

    assert "| `relay-1` | Failed | `not_examined` | Failed to connect." in text
    assert "Not known" in text


@pytest.mark.parametrize(
    ("found", "outcome", "kind"),
    [(WELL, None, None), (UNWELL, "failure", "relay_unwell"), (SILENT, "error", "not_examined")],
)
def test_the_junit_xml(found: dict[str, Any], outcome: str | None, kind: str | None) -> None:
    root = ElementTree.fromstring("".join(junit.render(written(found))).encode())  # noqa: S314 # ours
    suite = next(suite for suite in root if suite.get("name") == "Relays")

    (case,) = suite
    told = {child.tag: child.get("type") for child in case}

    assert case.get("name") == "relay-1"
    assert told == ({outcome: kind} if outcome else {})
    assert root.get("tests") == "3"  # with the instance and its password


def test_the_page_has_a_word_for_each_state_and_not_a_colour_alone() -> None:
    page = "".join(html.render(written(UNWELL)))

    for told in (
        '<span class="bad">Needs attention</span>',
        "12 mails",
        "the oldest for 2 hours",
        "smtp.office365.com:587, login accepted",
        "smtp.office365.com:587, does not answer",
        '<span class="bad">Failed</span> exchange: login',
        '<span class="warn">Warning</span> exchange: certificate',
        "The client secret has expired.",
        "client secret of exchange",
    ):
        assert told in page, told
    assert "Postfix runs" not in page


def test_the_page_of_a_relay_that_was_not_reached() -> None:
    page = "".join(html.render(written(SILENT)))

    assert '<span class="bad">Unreachable</span>' in page
    assert "Failed to connect." in page


def test_what_a_server_says_is_inert_on_the_page_and_in_markdown() -> None:
    hostile = {**LOGIN, "why": "<script>alert(1)</script> `x` | [a](http://b) @all", "point": "<b>x</b>"}
    made = written(finding(hostile))

    assert "<script>alert(1)" not in "".join(html.render(made))
    assert "<b>x</b>" not in "".join(html.render(made))
    text = "".join(markdown.render(made))
    assert "[a](http" not in text
    assert "@all" not in text


def test_nothing_ends_where_nothing_is_known() -> None:
    assert relay.next_end(SILENT) is None
    assert relay.next_end(WELL) == ("client secret of exchange", "2026-12-31")
