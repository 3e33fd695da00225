# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that compares a fleet with what is declared: its verdict, its artifacts, and that it only reads."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fleet import ELSEWHERE, Fleet
from harness import CHECKOUT, Ansible, Run, Unsafe
from jsonschema import Draft202012Validator
from mailsite import opened
from pages import Page
from weestimate import database

pytestmark = pytest.mark.slow

DRIFT = "weestimate.mail.drift"
IN_SYNC, DRIFTED, NOT_EXAMINED = 0, 2, 4
PASSWORD, EDITED = "c4nary 'quoted' \"declared\" {{ x }} ü", "c4nary by hand"
SCHEMA = Draft202012Validator(json.loads((CHECKOUT / "schemas/drift.schema.json").read_text(encoding="utf-8")))

#: What each instance of a test is to hold, as long as it says nothing else. The password comes first, because Ansible
#: shows the lines above one that it cannot use.
DECLARED = {
    "weestimate_smtp_password": Unsafe(PASSWORD),
    "weestimate_smtp_profile": "office365",
    "weestimate_smtp_mailbox": "notifications@contoso.com",
}


@dataclass(frozen=True)
class Examination:
    """A run of the playbook, and the files that it has left."""

    run: Run
    folder: Path

    @property
    def document(self) -> dict[str, Any]:
        return json.loads((self.folder / "drift.json").read_text(encoding="utf-8"))

    @property
    def states(self) -> dict[str, str]:
        return {finding["instance"]: finding["state"] for finding in self.document["instances"]}

    @property
    def cases(self) -> dict[str, str]:
        """What each case of the JUnit report has come to."""
        root = ElementTree.parse(self.folder / "drift.xml").getroot()  # noqa: S314 # of our own making
        return {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in root.iter("testcase")}

    def finding(self, instance: str) -> dict[str, Any]:
        (finding,) = (each for each in self.document["instances"] if each["instance"] == instance)
        return finding

    def text(self) -> str:
        """All that has been printed and written."""
        return self.run.output + "".join(file.read_text(encoding="utf-8") for file in self.folder.iterdir())


@dataclass(frozen=True)
class Stand:
    """A fleet to be examined."""

    fleet: Fleet

    def hosts(self, *names: str, **more: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Hosts that hold what is declared for them, applied by a run; then ``more`` is declared for those it names."""
        hosts = {name: dict(DECLARED) for name in names}
        run = self.fleet.apply(hosts, "-e", "weestimate_smtp_changed_by=alice", "-e", "weestimate_smtp_run=job-1")
        assert run.succeeded, run.output
        return {name: {**variables, **more.get(name, {})} for name, variables in hosts.items()}

    def edit(self, host: str, **options: str) -> None:
        """A hand edit, with ``_`` in an option's name for a blank."""
        database.write(self.fleet.database(host), {name.replace("_", " "): each for name, each in options.items()})

    def sql(self, host: str, statement: str, *parameters: Any) -> None:
        """What somebody does to the database of an instance behind everybody's back."""
        with closing(sqlite3.connect(self.fleet.database(host))) as connection:
            connection.execute(statement, parameters)
            connection.commit()

    def send_as(self, host: str) -> str:
        """The option that a window of these tests switches."""
        return self.fleet.options(host)["Enable SMTP Send As"]

    def expire(self, host: str) -> None:
        """Let the deadline of a window be over."""
        over = (datetime.now(timezone.utc) - timedelta(minutes=1)).isoformat(timespec="seconds")
        self.sql(host, "UPDATE weestimateMailJournalNote SET content = json_set(content, '$.until', ?)", over)

    def examine(self, hosts: Mapping[str, Mapping[str, Any]], *options: str, **environment: str) -> Examination:
        """Examine; nothing may change unless a window has to be closed, and the JSON fulfils its schema."""
        folder = self.fleet.directory / "drift"
        for file in folder.glob("*"):
            file.unlink()
        run = self.fleet.play(DRIFT, hosts, *options, **environment)
        found = Examination(run, folder)
        assert folder.is_dir(), run.output
        assert [error.message for error in SCHEMA.iter_errors(found.document)] == []
        assert "c4nary" not in found.text()
        return found


@pytest.fixture
def stand(ansible: Ansible, tmp_path: Path) -> Stand:
    return Stand(Fleet(ansible, tmp_path))


def test_each_instance_has_a_finding_whatever_it_met(stand: Stand) -> None:
    away = {**ELSEWHERE["hosts"]["elsewhere_one"], "weestimate_smtp_run_on": "target"}
    hosts = stand.hosts(
        *("synced", "edited", "older", "there", "ruined", "away", "gone", "untold", "unfit", "misled"),
        older={"weestimate_smtp_settings": {"smtp_connect_as": "quotes@contoso.com"}},
        there={"weestimate_smtp_run_on": "target"},
        away=away,
        gone={"weestimate_smtp_store": {"driver": "sqlite", "path": "/nowhere/at/all.db"}},
        untold={"weestimate_smtp_settings": {"smtp_port": "{{ not_defined_anywhere }}"}},
        unfit={"weestimate_smtp_run_on": "nowhere"},
        misled={"weestimate_smtp_environment": "{{ not_defined_anywhere }}"},
    )
    stand.edit("edited", SMTP_Port="25", SMTP_Password=EDITED)
    stand.edit("there", SMTP_Password=EDITED)
    stand.edit("ruined", SMTP_Port="a port")
    before = {host: stand.fleet.database(host).read_bytes() for host in hosts}

    found = stand.examine(hosts, "-vvvv", "--diff", ANSIBLE_DISPLAY_ARGS_TO_STDOUT="True")

    assert found.run.status == NOT_EXAMINED, found.run.output
    assert found.states == {
        **dict.fromkeys(("synced",), "in_sync"),
        **dict.fromkeys(("edited", "older", "there"), "drifted"),
        **dict.fromkeys(("ruined", "away", "gone", "untold", "unfit", "misled"), "failed"),
    }
    codes = {each["instance"]: (each["failure"] or {}).get("error_code") for each in found.document["instances"]}
    assert {name: code for name, code in codes.items() if code} == {
        "ruined": "option_undecodable",
        "away": "not_examined",
        "gone": "database_missing",
        "untold": "not_examined",
        "unfit": "schema_invalid",
        "misled": "not_examined",
    }
    assert [each["instance"] for each in found.document["instances"] if (each["failure"] or {}).get("unreachable")] == [
        "away"
    ]
    assert "not_defined_anywhere" in found.finding("untold")["failure"]["msg"]
    assert "run_on" in found.finding("unfit")["failure"]["msg"]
    assert found.document["verdict"] == "failed"
    verdict = found.run.failures["localhost"]
    assert (verdict["error_code"], verdict["unreachable"]) == ("not_examined", True)
    assert verdict["counts"] == {"in_sync": 1, "drifted": 3, "window_open": 0, "window_expired": 0, "failed": 6}
    assert "6 of 10 instances could not be examined" in verdict["msg"]
    assert found.cases == {
        "synced": "passed",
        **dict.fromkeys(("edited", "older", "there"), "failure"),
        **dict.fromkeys(("ruined", "away", "gone", "untold", "unfit", "misled"), "error"),
    }
    assert {host: stand.fleet.database(host).read_bytes() for host in hosts} == before
    assert found.run.changed == set()
    assert {file.name for file in found.folder.iterdir()} == {"drift.json", "drift.xml", "drift.md", "drift.html"}


def test_a_batch_of_which_nothing_can_be_examined_does_not_end_the_run(stand: Stand) -> None:
    away = {**ELSEWHERE["hosts"]["elsewhere_one"], "weestimate_smtp_run_on": "target"}
    hosts = stand.hosts("ruined", "away", "synced", "edited", "last", away=away)
    stand.edit("ruined", SMTP_Port="a port")
    stand.edit("edited", SMTP_Port="25")

    found = stand.examine(hosts, "-e", "weestimate_batch=2")

    assert found.run.status == NOT_EXAMINED, found.run.output
    states = {"ruined": "failed", "away": "failed", "synced": "in_sync", "edited": "drifted", "last": "in_sync"}
    assert found.states == states
    assert found.run.output.count("PLAY [Examine the instances]") == 3


def test_drift_is_told_with_where_it_comes_from(stand: Stand) -> None:
    hosts = stand.hosts(
        *("edited", "older"),
        older={
            "weestimate_smtp_settings": {"smtp_connect_as": "quotes@contoso.com"},
            "weestimate_smtp_environment": "production",
        },
    )
    stand.edit("edited", SMTP_Port="25", SMTP_Password=EDITED)

    found = stand.examine(hosts, "-e", "weestimate_smtp_run=https://ci.example.com/jobs/7")

    assert found.run.status == DRIFTED, found.run.output
    assert found.document["run"] == "https://ci.example.com/jobs/7"
    (entry,) = found.finding("edited")["history"]
    port = {"name": "smtp_port", "label": "SMTP Port", "expected": 587, "actual": 25}
    password = {"name": "smtp_password", "label": "SMTP Password", "expected": "(changed)", "actual": "(set)"}
    by_hand = {"how": "hand_edit", "since": entry["changed_at"], "by": None, "run": None}
    assert found.finding("edited")["options"] == [{**port, **by_hand}, {**password, **by_hand}]
    (option,) = found.finding("older")["options"]
    assert {key: option[key] for key in ("how", "by", "run")} == {"how": "older_run", "by": "alice", "run": "job-1"}
    assert {name: found.finding(name)["environment"] for name in hosts} == {
        "edited": "weestimate",
        "older": "production",
    }
    markdown = (found.folder / "drift.md").read_text(encoding="utf-8")
    assert "| `edited` | `weestimate` | SMTP Port | `587` | `25` | edited by hand after " in markdown
    assert (
        "| `older` | `production` | SMTP Connect As | `quotes@contoso.com` | `notifications@contoso.com` |" in markdown
    )
    assert "SMTP Port is 25 instead of 587 (edited by hand after" in found.run.output
    assert found.run.failure["error_code"] == "drifted"
    assert found.run.failure["msg"].endswith(found.run.failure["remedy"])


def test_an_instance_whose_drift_is_tolerated_does_not_fail_the_run(stand: Stand) -> None:
    hosts = stand.hosts("tried", "real", tried={"weestimate_smtp_fail_on_drift": False})
    stand.edit("tried", SMTP_Port="25")
    found = stand.examine(hosts)
    assert (found.run.status, found.states) == (IN_SYNC, {"tried": "drifted", "real": "in_sync"}), found.run.output
    assert found.document["verdict"] == "drifted"

    stand.edit("real", SMTP_Port="25")
    found = stand.examine(hosts)
    assert found.run.status == DRIFTED, found.run.output
    assert "1 of 2 instances do not hold what is declared: real." in found.run.failure["msg"]
    assert stand.examine(hosts, "-e", "weestimate_smtp_fail_on_drift=false").run.status == IN_SYNC


def test_a_limit_and_a_pattern_choose_the_instances(stand: Stand) -> None:
    hosts = stand.hosts("east", "west")
    stand.edit("west", SMTP_Port="25")
    found = stand.examine(hosts, "--limit", "east")
    assert (found.run.status, found.states) == (IN_SYNC, {"east": "in_sync"}), found.run.output
    found = stand.examine(hosts, "--limit", "west")
    assert (found.run.status, found.states) == (DRIFTED, {"west": "drifted"}), found.run.output
    found = stand.examine(hosts, "-e", "weestimate_hosts=weestimate:!west")
    assert (found.run.status, found.states) == (IN_SYNC, {"east": "in_sync"}), found.run.output
    found = stand.examine(hosts, "-e", "weestimate_hosts=nobody")
    assert (found.run.status, found.states) == (NOT_EXAMINED, {}), found.run.output


def test_one_failure_stops_nobody_however_ansible_is_configured(stand: Stand) -> None:
    gone = {"weestimate_smtp_store": {"driver": "sqlite", "path": "/nowhere.db"}}
    hosts = stand.hosts("first", "second", "third", first=gone)
    found = stand.examine(
        hosts, "--forks", "1", ANSIBLE_ANY_ERRORS_FATAL="True", ANSIBLE_STRATEGY="ansible.builtin.free"
    )
    assert found.run.status == NOT_EXAMINED, found.run.output
    assert found.states == {"first": "failed", "second": "in_sync", "third": "in_sync"}


def test_an_instance_that_was_lost_before_could_not_be_examined(stand: Stand) -> None:
    """The playbook after another one in which a host has failed: Ansible leaves that host out."""
    hosts = stand.hosts("lost", "found")
    before = {
        "hosts": "weestimate",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.fail": {"msg": "no more"}, "when": "inventory_hostname == 'lost'"}],
    }
    run = stand.fleet.play([before, {"ansible.builtin.import_playbook": DRIFT}], hosts)
    found = Examination(run, stand.fleet.directory / "drift")
    assert run.status == NOT_EXAMINED, run.output
    assert found.states == {"lost": "failed", "found": "in_sync"}
    assert found.finding("lost")["failure"]["msg"] == "The examination of this instance ended without a result."


def test_a_report_that_cannot_be_written_is_no_drift(stand: Stand) -> None:
    hosts = stand.hosts("one")
    stand.edit("one", SMTP_Port="25")
    (stand.fleet.directory / "file").touch()
    run = stand.fleet.play(DRIFT, hosts, "-e", f"weestimate_smtp_report_dir={stand.fleet.directory}/file")
    assert run.status == NOT_EXAMINED, run.output
    assert run.failures["localhost"]["error_code"] == "report_unusable"


def test_a_password_that_is_too_old_warns_or_fails(stand: Stand) -> None:
    hosts = stand.hosts("one", "two")
    long_ago = (datetime.now(timezone.utc) - timedelta(days=100)).isoformat(timespec="seconds")
    for host in hosts:
        stand.sql(host, "UPDATE weestimateMailJournal SET changedAt = ?", long_ago)
    limit = "weestimate_smtp_password_max_age=90"

    found = stand.examine(hosts, "-e", limit)
    assert (found.run.status, set(found.states.values())) == (IN_SYNC, {"in_sync"}), found.run.output
    assert found.finding("one")["password"] == {
        "changed_at": long_ago,
        "age_days": 100,
        "max_age_days": 90,
        "overdue": True,
        "fails": False,
    }
    assert found.cases["one: age of the password"] == "failure"

    found = stand.examine({**hosts, "two": {**hosts["two"], "weestimate_smtp_password_overdue": "fail"}}, "-e", limit)
    assert found.run.status == DRIFTED, found.run.output
    assert found.run.failure["error_code"] == "password_overdue"
    assert "1 of 2 instances have a password that is older than it may be: two." in found.run.failure["msg"]


def test_what_the_page_says_is_so(stand: Stand) -> None:
    """The files and commands of docs/drift.md as they stand, with embedded instances for the real ones."""
    work, page = stand.fleet.ansible.work, Page(CHECKOUT / "docs" / "drift.md")
    page.write_files(work)
    stand.hosts("quotes-east", "quotes-try")
    stand.edit("quotes-try", SMTP_Port="25")
    inventory = stand.fleet.inventory(dict.fromkeys(("quotes-east", "quotes-try"), DECLARED))
    inventory["sandbox"] = {"hosts": {"quotes-try": None}}
    stand.fleet.ansible.write("inventory/production/hosts.yml", inventory)
    runs = [stand.fleet.ansible.program(*shlex.split(command), RECORD_FILE=os.devnull) for command in page.commands]

    assert [run.returncode for run in runs] == [IN_SYNC, IN_SYNC], runs[0].stdout
    first, second = (json.loads((work / folder / "drift.json").read_text()) for folder in ("drift", "reports"))
    assert [(each["environment"], each["state"]) for each in first["instances"]] == [
        ("sandbox", "drifted"),
        ("weestimate", "in_sync"),
    ]
    assert {each["password"]["max_age_days"] for each in first["instances"]} == {90}
    assert second["run"] == "job-4711"


WINDOW = {"weestimate_smtp_window": {"settings": {"enable_smtp_send_as": False}, "reason": "Quotes", "minutes": 9}}


class TestWindow:
    """A document window on an instance: within its time it is no drift, and after it the examination closes it."""

    @pytest.fixture
    def hosts(self, stand: Stand) -> dict[str, dict[str, Any]]:
        """One instance with an open window, in which it has been recycled twice, and one without."""
        hosts = stand.hosts("open", "shut")
        inventory = {name: {**variables, **WINDOW} for name, variables in hosts.items()}
        run = stand.fleet.play(
            "weestimate.mail.document_window",
            inventory,
            *("--limit", "open", "-e", "weestimate_smtp_window_action=open", "-e", "weestimate_smtp_changed_by=bob"),
        )
        assert run.succeeded, run.output
        assert (stand.send_as("open"), stand.fleet.recycled("open")) == ("FALSE", 2)
        return hosts

    def test_within_its_time_it_is_reported_and_left_alone(self, stand: Stand, hosts: dict[str, Any]) -> None:
        found = stand.examine(hosts)
        assert (found.run.status, found.states) == (IN_SYNC, {"open": "window_open", "shut": "in_sync"}), (
            found.run.output
        )
        window = found.finding("open")["window"]
        told = ("holder", "reason", "phase", "expired")
        assert [window[name] for name in told] == ["bob", "Quotes", "open", False]
        assert found.cases == {"open": "skipped", "shut": "passed"}
        assert (stand.send_as("open"), stand.fleet.recycled("open")) == ("FALSE", 2)

    def test_after_its_time_it_is_closed_and_the_instance_compared_again(
        self, stand: Stand, hosts: dict[str, Any]
    ) -> None:
        stand.expire("open")

        found = stand.examine(hosts, "--check")
        assert found.run.status == DRIFTED, found.run.output
        assert found.states == {"open": "window_expired", "shut": "in_sync"}
        assert (stand.send_as("open"), stand.fleet.recycled("open"), found.run.changed) == ("FALSE", 2, set())

        found = stand.examine(hosts)
        assert (found.run.status, found.states) == (IN_SYNC, {"open": "in_sync", "shut": "in_sync"}), found.run.output
        assert (stand.send_as("open"), stand.fleet.recycled("open"), stand.fleet.recycled("shut")) == ("TRUE", 3, 1)
        assert found.finding("open")["window"] is None

        stand.edit("open", Enable_SMTP_Send_As="FALSE")
        found = stand.examine(hosts)
        (option,) = found.finding("open")["options"]
        assert (option["name"], option["how"]) == ("enable_smtp_send_as", "hand_edit")

    def test_one_that_cannot_be_closed_is_a_failure_with_all_that_was_found_before(
        self, stand: Stand, hosts: dict[str, Any]
    ) -> None:
        stand.expire("open")
        broken = {**hosts["open"], "weestimate_smtp_approval_server": {"kind": "command", "command": ["false"]}}

        found = stand.examine({**hosts, "open": broken})

        assert found.run.status == NOT_EXAMINED, found.run.output
        assert found.states == {"open": "failed", "shut": "in_sync"}
        finding = found.finding("open")
        assert finding["failure"]["error_code"] == "recycle_failed"
        assert finding["window"]["expired"]
        assert len(finding["history"]) == 2
        assert stand.send_as("open") == "TRUE"

        found = stand.examine(hosts)
        assert (found.run.status, set(found.states.values())) == (IN_SYNC, {"in_sync"}), found.run.output


def test_recorded_tests_and_their_diagnosis_are_part_of_the_finding(tmp_path: Path, collections_path: Path) -> None:
    with opened(tmp_path, collections_path) as site:
        for host, stored in {"well": {}, "ill": {"SMTP_Connect_As": "stranger@contoso.com"}}.items():
            site.install(host, **stored)
        variables = {"weestimate_smtp_settings": {"use_ssl": True}, "weestimate_smtp_test": site.test()}
        hosts = dict.fromkeys(("well", "ill"), variables)
        site.fleet.play("weestimate.mail.test_send", hosts, "-e", "weestimate_smtp_changed_by=alice")
        found = Stand(site.fleet).examine(hosts)

    assert (found.run.status, set(found.states.values())) == (IN_SYNC, {"in_sync"}), found.run.output
    (well,), (ill,) = found.finding("well")["tests"], found.finding("ill")["tests"]
    assert (well["kind"], well["ok"], well["diagnosis"], well["by"]) == ("approval", True, None, "alice")
    assert {stage["name"]: stage["status"] for stage in well["stages"]}["auth"] == "ok"
    assert (ill["ok"], ill["diagnosis"]["cause"]) == (False, "send_as_denied")
    assert found.finding("well")["certificate"]["expires_at"] == well["certificate_expires_at"]
