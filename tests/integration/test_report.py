# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that makes the page for a fleet, by the commands of docs/report.md."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import made_reports
import pytest
from fleet import ELSEWHERE, Fleet
from harness import CHECKOUT, Ansible, Run
from pages import Page
from weestimate import database

REPORT = "weestimate.mail.report"
EXAMINED, FROM_FILE, FROM_FILES = Page(CHECKOUT / "docs" / "report.md").commands

DECLARED = {
    "weestimate_smtp_profile": "internal_relay",
    "weestimate_smtp_relay_address": "relay.contoso.com",
    "weestimate_smtp_mailbox": "notifications@contoso.com",
}


@pytest.fixture
def fleet(ansible: Ansible, tmp_path: Path) -> Fleet:
    return Fleet(ansible, tmp_path)


def follow(ansible: Ansible, command: str) -> Run:
    """Run a command of the page as it stands."""
    program, *arguments = shlex.split(command)
    done = ansible.program(program, *arguments)
    return Run(done.returncode, done.stdout, [])


def page(fleet: Fleet, folder: str = "drift") -> str:
    return (fleet.directory / folder / "drift.html").read_text(encoding="utf-8")


def test_the_fleet_is_examined_and_drift_is_no_failure(fleet: Fleet) -> None:
    hosts = {"well": DECLARED, "edited": DECLARED}
    applied = fleet.apply(hosts)
    assert applied.succeeded, applied.output
    database.write(fleet.database("edited"), {"SMTP Port": "2525"})
    (fleet.directory / "inventory").mkdir()
    fleet.ansible.write("inventory/production", fleet.inventory(hosts))

    run = follow(fleet.ansible, EXAMINED)

    assert run.succeeded, run.output
    found = json.loads((fleet.directory / "drift" / "drift.json").read_text(encoding="utf-8"))
    assert (found["verdict"], found["counts"]["drifted"], found["counts"]["in_sync"]) == ("drifted", 1, 1)
    for part in ("2 instances: 1 drifted, 1 in sync", "SMTP Port", "2525", "Edited by hand"):
        assert part in page(fleet)


def test_an_instance_that_cannot_be_examined_fails_the_run_and_is_on_the_page(fleet: Fleet) -> None:
    run = fleet.play(REPORT, {"well": DECLARED, **ELSEWHERE["hosts"]}, "-e", "weestimate_smtp_report_dir=there")

    assert run.status == 4, run.output
    assert "1 could not be examined" in page(fleet, "there")
    assert "elsewhere_one" in page(fleet, "there")


def test_what_was_found_before_becomes_a_page_without_an_inventory(ansible: Ansible, fleet: Fleet) -> None:
    for folder, instances in {"drift": (2, 1), "east": (3, 4), "west": (4, 5)}.items():
        report = made_reports.report([made_reports.finding(index) for index in instances])
        (fleet.directory / folder).mkdir()
        (fleet.directory / folder / "drift.json").write_text(json.dumps(report), encoding="utf-8")

    one = follow(ansible, FROM_FILE)
    assert one.succeeded, one.output
    assert str(fleet.directory / "drift" / "drift.html") in one.output
    assert "2 instances: 1 drifted, 1 in sync." in page(fleet)
    assert {file.name for file in (fleet.directory / "drift").iterdir()} == {"drift.json", "drift.html"}

    shutil.rmtree(fleet.directory / "drift")
    both = follow(ansible, FROM_FILES)
    assert both.succeeded, both.output
    assert "3 instances: 1 with an open window, 2 in sync." in page(fleet)


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"format": 2}', None])
def test_what_is_no_report_is_refused(ansible: Ansible, fleet: Fleet, text: str | None) -> None:
    source = fleet.directory / "source.json"
    if text:
        source.write_text(text, encoding="utf-8")

    run = ansible.playbook(REPORT, {}, "-e", f"weestimate_smtp_report_source={source}")

    assert run.failure["error_code"] == "report_unusable"
    assert str(source) in run.failure["msg"]
    assert not (fleet.directory / "drift").exists()
