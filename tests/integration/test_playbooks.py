# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that look at an instance without changing it, against a real mail server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from desk import SETTINGS, notes
from mailsite import ALIAS, MAILBOX, PASSWORD, WRONG, Site, declared, opened

TEST, DOCTOR = "weestimate.mail.smtp_test", "weestimate.mail.smtp_doctor"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("site"), collections_path) as site:
        site.install("well")
        site.install("ill", SMTP_Password=WRONG)
        site.install("off", SMTP_Mail_Enabled="FALSE")
        yield site


def endings(site: Site, host: str) -> dict[str, bool]:
    """Whether the test of each kind ended well, as it is noted on the instance."""
    return {topic: note["content"]["ok"] for topic, note in notes(site.fleet.database(host)).items()}


def test_test_send_tests_what_is_stored_and_changes_no_setting(site: Site) -> None:
    """Beside the settings it notes how the test of each kind ended; not in check mode."""
    kinds = ["approval", "customer_document"]
    hosts = {
        "well": {"weestimate_smtp_test": site.test(kinds=kinds, enabled=False)},
        "ill": {"weestimate_smtp_test": site.test()},
        "off": {"weestimate_smtp_test": site.test()},
        "unsaid": {},
    }
    before = {host: site.fleet.options(host) for host in ("well", "ill", "off")}
    untouched = {host: site.fleet.database(host).read_bytes() for host in before}
    checked = site.fleet.play("weestimate.mail.test_send", {"well": hosts["well"]}, "--check")
    assert checked.succeeded, checked.output
    (tested,) = checked.of(TEST)
    assert [stage["name"] for stage in tested.result["results"][0]["stages"] if stage["status"] == "ok"][
        -1
    ] == "rcpt_to"
    assert site.arrived("well") == 0
    assert {host: site.fleet.database(host).read_bytes() for host in before} == untouched

    run = site.fleet.play("weestimate.mail.test_send", hosts)

    assert site.arrived("well") == len(kinds)
    ends = {host: (failure.get("error_code"), failure.get("state")) for host, failure in run.failures.items()}
    assert ends == {
        "ill": ("test_failed", "unchanged"),
        "off": ("mail_disabled", "unchanged"),
        "unsaid": (None, None),
    }, run.output
    assert "weestimate_smtp_test" in run.failures["unsaid"]["msg"]
    assert run.failures["ill"]["diagnosis"]["cause"] == "auth_bad_credentials"
    assert run.failures["ill"]["failed_stage"] == "auth"
    assert run.failures["ill"]["msg"].endswith(run.failures["ill"]["remedy"])
    assert run.changed == set()
    assert run.of(SETTINGS) == []
    assert {host: site.fleet.options(host) for host in before} == before
    assert {host: endings(site, host) for host in before} == {
        "well": {"test:approval": True, "test:customer_document": True},
        "ill": {"test:approval": False},
        "off": {},
    }
    assert site.fleet.database("off").read_bytes() == untouched["off"]
    assert "c4nary" not in run.output


def test_doctor_prints_writes_and_fails(site: Site, tmp_path: Path) -> None:
    report = str(tmp_path / "{{ inventory_hostname }}.json")
    hosts = {host: {"weestimate_smtp_test": site.test()} for host in ("well", "ill")}
    run = site.fleet.play("weestimate.mail.doctor", hosts, "--extra-vars", f"weestimate_smtp_doctor_report='{report}'")

    assert set(run.failures) == {"ill"}, run.output
    assert run.failures["ill"]["error_code"] == "examination_failed"
    assert run.failures["ill"]["msg"].endswith(run.failures["ill"]["remedy"])
    for each in run.of(DOCTOR):
        written = json.loads((tmp_path / f"{each.host}.json").read_text())
        assert written == {
            "instance": each.host,
            "ok": each.host == "well",
            "findings": each.result["findings"],
        }
        for line in each.result["table"]:
            assert json.dumps(line, ensure_ascii=False)[1:-1] in run.output
    assert site.arrived("ill") == 0
    assert "c4nary" not in run.output


def test_doctor_asks_the_host_of_the_approval_server_for_the_way(site: Site) -> None:
    """Where nobody answers at that port, it is the firewall's turn; a host that is away itself tells nothing."""
    site.install("closed", SMTP_Port="1")
    away = {"kind": "command", "command": ["true"], "host": "elsewhere_one"}
    hosts = {
        "well": {},
        "closed": {},
        "none": {"weestimate_smtp_approval_server": {"kind": "none"}},
        "away": {"weestimate_smtp_approval_server": away},
    }
    for host in ("none", "away"):
        site.install(host)
    test = {"weestimate_smtp_test": site.test()}
    run = site.fleet.play(
        "weestimate.mail.doctor",
        {host: {**test, **each} for host, each in hosts.items()},
        "--extra-vars",
        "weestimate_smtp_doctor_fail=false",
    )
    assert run.succeeded, run.output
    asked = {
        each.host: (each.status, each.result.get("state"))
        for each in run.results
        if each.task == "Reach the mail server from the host of the approval server"
    }
    assert asked == {
        "well": ("ok", "started"),
        "closed": ("ignored", None),
        "none": ("skipped", None),
        "away": ("unreachable", None),
    }
    firewall = {
        each.host: finding["status"]
        for each in run.of(DOCTOR)
        for finding in each.result["findings"]
        if finding["point"] == "Firewall, from the approval server"
    }
    assert firewall == {"well": "ok", "closed": "failed", "none": "not_checkable", "away": "not_checkable"}


def test_restore_recycles_and_tests_what_is_back(site: Site) -> None:
    site.install("regretted")
    site.install("rescued", SMTP_Password=WRONG)
    site.install("untouched")
    changed = {"smtp_connect_as": ALIAS}
    hosts = {
        "regretted": declared(changed, None),
        "rescued": declared({**changed, "smtp_user": MAILBOX}, None, password=PASSWORD),
        "untouched": declared({}, None),
    }
    before = {host: site.fleet.options(host) for host in hosts}
    applied = site.fleet.apply({host: hosts[host] for host in ("regretted", "rescued")})
    assert applied.succeeded, applied.output
    after = site.fleet.options("regretted")
    tested = {host: {"weestimate_smtp_test": site.test()} for host in hosts}

    checked = site.fleet.play("weestimate.mail.restore", {"regretted": tested["regretted"]}, "--check")
    assert {host for host, _task in checked.changed} == {"regretted"}, checked.output
    assert site.fleet.options("regretted") == after
    run = site.fleet.play("weestimate.mail.restore", tested)

    assert {host: site.fleet.options(host) for host in hosts} == before
    assert {host: site.fleet.recycled(host) for host in hosts} == {"regretted": 2, "rescued": 2, "untouched": 0}
    assert (site.arrived("regretted"), site.arrived("rescued")) == (1, 0)
    ends = {host: (failure.get("error_code"), failure.get("state")) for host, failure in run.failures.items()}
    assert ends == {"rescued": ("test_failed", "changed"), "untouched": ("restore_unavailable", None)}, run.output
    assert "back on its former settings" in run.failures["rescued"]["msg"]
    assert "c4nary" not in run.output


def test_restore_takes_a_former_password_that_the_journal_no_longer_keeps(site: Site) -> None:
    site.install("forgotten", SMTP_Password=WRONG)
    test = site.test()
    applied = site.fleet.apply({"forgotten": declared({"smtp_connect_as": ALIAS}, test, password=PASSWORD)})
    assert applied.succeeded, applied.output

    refused = site.fleet.play("weestimate.mail.restore", {"forgotten": {}})
    former = {"weestimate_smtp_former_password": WRONG, "weestimate_smtp_password": PASSWORD}
    restored = site.fleet.play("weestimate.mail.restore", {"forgotten": former})

    assert refused.failures["forgotten"]["error_code"] == "restore_unavailable", refused.output
    assert restored.succeeded, restored.output
    assert site.fleet.options("forgotten")["SMTP Password"] == WRONG


def test_discover_prints_the_layout_to_state(site: Site) -> None:
    site.install("plain")
    site.install("renamed")
    with closing(sqlite3.connect(site.fleet.database("renamed"))) as connection:
        connection.execute("ALTER TABLE programOption RENAME COLUMN optionName TO keyword")
        connection.commit()

    run = site.fleet.play("weestimate.mail.discover", {"plain": {}, "renamed": {}})

    assert run.succeeded, run.output
    shown = {each.host: each.result["msg"] for each in run.of("ansible.builtin.debug")}
    assert "fits" in shown["plain"]
    layout = yaml.safe_load(shown["renamed"]["weestimate_smtp_layout"])
    held = site.fleet.play("weestimate.mail.discover", {"renamed": {"weestimate_smtp_layout": layout}})
    assert "fits" in held.of("ansible.builtin.debug")[0].result["msg"], held.output
    assert "c4nary" not in run.output
