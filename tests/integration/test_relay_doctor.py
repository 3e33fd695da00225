# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""relay_doctor and relay_delivery as tasks: a real mail server as upstream, and Postfix as files that answer for it.

Real Postfix, real proxies and real queues are in the scenario ``molecule/relay``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mailsite
import pytest
from desk import ask, run_tasks
from harness import CHECKOUT, Ansible
from jsonschema import Draft202012Validator
from relayprograms import RelayPrograms

DOCTOR, DELIVERY, REPORT = (f"weestimate.mail.{name}" for name in ("relay_doctor", "relay_delivery", "smtp_report"))
DATA = CHECKOUT / "tests/unit/module_utils/relay/data"
SCHEMA = Draft202012Validator(json.loads((CHECKOUT / "schemas/drift.schema.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[mailsite.Site]:
    with mailsite.opened(tmp_path_factory.mktemp("site"), collections_path) as site:
        yield site


@pytest.fixture
def programs(tmp_path: Path) -> RelayPrograms:
    folder = tmp_path / "programs"
    folder.mkdir()
    return RelayPrograms(folder)


def planned(site: mailsite.Site) -> dict[str, Any]:
    """The demonstration's mail server as an upstream of a plan."""
    nexthop = f"[localhost]:{site.port}"
    return {
        "name": "outside",
        "transport": "relay-outside",
        "nexthop": nexthop,
        "security": "secure",
        "wrapper": False,
        "ca_file": str(site.authority),
        "auth": "password",
        "identity": "mailbox",
        "mailbox": None,
        "sasl_key": nexthop,
        "proxy": None,
    }


def test_a_relay_in_order(ansible: Ansible, programs: RelayPrograms, site: mailsite.Site) -> None:
    programs.knows(f"[localhost]:{site.port}", mailsite.MAILBOX, mailsite.PASSWORD)

    told = ask(ansible, {"doctor": {DOCTOR: {"upstreams": [planned(site)]}}}, PATH=programs.path)["doctor"]

    assert (told["status"], told["ok"], told["state"], told["changed"]) == ("ok", True, "well", False)
    assert [each["status"] for each in told["findings"]] == ["ok"] * 6
    assert told["upstreams"][0]["logged_in"] is True
    assert told["table"][0] == "ok            Postfix"


def test_a_relay_that_needs_attention_fails_and_shows_no_secret(
    ansible: Ansible, programs: RelayPrograms, site: mailsite.Site
) -> None:
    programs.knows(f"[localhost]:{site.port}", mailsite.MAILBOX, mailsite.WRONG)
    programs.write("queue", (DATA / "queue-3.7.jsonl").read_text("utf-8"))
    doctor = {DOCTOR: {"upstreams": [planned(site)], "into": "relays"}}
    report = {REPORT: {"findings": "relays", "dest": str(ansible.work / "report"), "expected_relays": ["silent"]}}

    run = run_tasks(ansible, {"doctor": doctor, "report": report}, "-vvvv", PATH=programs.path)

    told, reported = (result.result for result in run.results)
    assert told["error_code"] == "relay_unwell"
    assert "outside: login" in told["msg"]
    assert "weestimate.mail.rotate_relay_secret" in told["remedy"]
    assert {"connection_refused", "auth_basic_auth_retired"} <= {
        each["diagnosis"]["cause"] for each in told["queue"]["reasons"]
    }
    document = json.loads((ansible.work / "report/drift.json").read_text("utf-8"))
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    assert {each["relay"]: each["state"] for each in document["relays"]} == {"one": "unwell", "silent": "failed"}
    assert any(line.startswith("Relay: Needs attention") for line in reported["table"])
    everything = run.output + "".join(file.read_text("utf-8") for file in (ansible.work / "report").iterdir())
    assert "c4nary" not in everything
    assert "c4nary" not in programs.asked.read_text("utf-8")


def test_a_relay_that_could_not_be_examined_is_noted_as_such(ansible: Ansible) -> None:
    failure = {"msg": "Failed to connect to the host via ssh", "unreachable": True}
    tasks = {
        "noted": {DOCTOR: {"upstreams": [], "failure": failure, "into": "relays", "environment": "staging"}},
        "report": {REPORT: {"findings": "relays", "dest": str(ansible.work / "report")}},
    }

    told = ask(ansible, tasks)

    assert (told["noted"]["status"], told["noted"]["ok"], told["noted"]["state"]) == ("ok", False, "failed")
    (relay,) = json.loads((ansible.work / "report/drift.json").read_text("utf-8"))["relays"]
    assert (relay["environment"], relay["failure"]["unreachable"]) == ("staging", True)


def test_a_host_that_is_no_relay(ansible: Ansible, programs: RelayPrograms) -> None:
    programs.program("postqueue", "exit 69")

    told = ask(ansible, {"doctor": {DOCTOR: {"upstreams": []}}}, PATH=programs.path)["doctor"]

    assert told["error_code"] == "relay_unwell"
    assert "postqueue on this host ended with status 69" in told["msg"]


def test_mails_are_followed_to_where_they_end(ansible: Ansible, programs: RelayPrograms) -> None:
    log = (DATA / "postfix-3.10.jsonl").read_text("utf-8")
    programs.write("journal", log)
    programs.program("journalctl", f'cat "{programs.folder}/journal"; exec sleep 60')
    of = {
        domain: json.loads(next(line for line in log.splitlines() if f"to=<pat@{domain}.test>" in line))["MESSAGE"][:11]
        for domain in ("sent", "badpass", "unknown")
    }
    tasks = {
        "sent": {DELIVERY: {"queue_id": f"2.0.0 Ok: queued as {of['sent']}"}},
        "deferred": {DELIVERY: {"queue_id": of["badpass"], "upstream": "smtp.office365.com"}},
        "bounced": {DELIVERY: {"queue_id": of["unknown"]}, "check_mode": True},
        "unknown": {DELIVERY: {"queue_id": "0123456789AB", "timeout": 1}},
        "no ID": {DELIVERY: {"queue_id": "nothing"}},
    }

    told = ask(ansible, tasks, PATH=programs.path)

    assert {name: answer.get("ok") for name, answer in told.items()} == {
        "sent": True,
        "deferred": False,
        "bounced": False,
        "unknown": False,
        "no ID": None,
    }
    assert told["sent"]["diagnosis"] is None
    assert told["deferred"]["dsn"] == "4.7.8"
    assert told["deferred"]["diagnosis"]["cause"] == "auth_bad_credentials"
    assert "Microsoft 365" in told["deferred"]["diagnosis"]["summary"]
    assert told["bounced"]["diagnosis"]["cause"] == "recipient_unknown"
    assert "Neither the queue" in told["unknown"]["diagnosis"]["evidence"]
    assert told["no ID"]["error_code"] == "schema_invalid"
