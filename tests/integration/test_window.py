# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window for customer documents: opened, used, and closed whatever happens, on a real mail server."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import sqlite3
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from desk import window_of
from harness import CHECKOUT, PROGRAMS, Run
from mailsite import ALIAS, BAD, CLERK, CLERKS_PASSWORD, MAILBOX, PASSWORD, WRONG, Site, declared, opened
from pages import Page

pytestmark = pytest.mark.slow

PLAYBOOK, TEST, WINDOW = "weestimate.mail.document_window", "weestimate.mail.smtp_test", "weestimate.mail.smtp_window"

#: What works for documents on the mail server, and what the instance holds before and after.
DOCUMENTS = {"smtp_connect_as": ALIAS}
FORMER, SWITCHED = {"SMTP Connect As": MAILBOX}, {"SMTP Connect As": ALIAS}
CLOSED = (("change", "restored"), ("restore", "confirmed"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("site"), collections_path) as site:
        for name, text in TASK_FILES.items():
            (site.fleet.directory / name).write_text(f"---\n{text}", encoding="utf-8")
        yield site


def windowed(site: Site, test: Mapping[str, Any] | None = None, **window: Any) -> dict[str, Any]:
    """The variables of a host with a window, and with settings that its instance holds outside of it."""
    test = site.test() if test is None else test
    whole = {"settings": DOCUMENTS, "reason": "October campaign", **window}
    return declared({"smtp_connect_as": MAILBOX}, test or None, window=whole, changed_by="alice", run="job 1")


def action(name: str) -> tuple[str, str]:
    return ("--extra-vars", f"weestimate_smtp_window_action={name}")


def note(site: Site, host: str) -> dict[str, Any] | None:
    """What is noted of a window on the instance of a host."""
    return window_of(site.fleet.database(host))


def let_expire(site: Site, *hosts: str) -> None:
    """As if the deadline was over, on those of the hosts that have a window: nobody waits for a minute."""
    for host in hosts:
        content = note(site, host)
        if content is None:
            continue
        with closing(sqlite3.connect(site.fleet.database(host), isolation_level=None)) as connection:
            expired = json.dumps({**content, "until": "2026-01-01T00:00:00+00:00"})
            connection.execute("UPDATE weestimateMailJournalNote SET content = ? WHERE topic = 'window'", (expired,))


def holds(site: Site, host: str, expected: Mapping[str, str]) -> bool:
    held = site.fleet.options(host)
    return {name: held[name] for name in expected} == dict(expected)


def is_as_before(site: Site, host: str) -> bool:
    """Whether nothing of a window is left: the settings, the password included, and the lock."""
    return holds(site, host, {**FORMER, "SMTP Password": PASSWORD}) and note(site, host) is None


def mails_of(run: Run, host: str) -> list[str]:
    """The kinds of mail that a run tested for a host, in order."""
    items = [item for each in run.of(TEST) if each.host == host for item in each.result.get("results", [])]
    return [item["weestimate_smtp_kind"] for item in items]


@dataclass(frozen=True)
class Case:
    """One window from opening to closing, and where it has to end.

    :ivar window: the variable, but for what is usual; ``tasks`` is the name of one of `TASK_FILES`.
    :ivar ends: error code and state of the failure of the role; empty for none.
    :ivar says: words of that failure.
    :ivar saw: what the task file saw in the database; None if it was not to be run.
    """

    window: Mapping[str, Any] = field(default_factory=dict)
    ends: tuple[str, str | None] | tuple[()] = ()
    says: Sequence[str] = ()
    saw: str | None = None
    entries: Sequence[tuple[str, str]] = CLOSED
    recycled: int = 2
    mails: int = 2
    before: Mapping[str, str] = field(default_factory=dict)
    test: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    as_before: bool = True


_LOOK = """
- name: See what documents are sent with
  weestimate.mail.smtp_settings_info:
    store: "{{ weestimate_smtp_store }}"
  register: seen

- name: Write it down
  ansible.builtin.copy:
    content: "{{ seen.settings.smtp_connect_as }} {{ seen.window.phase }}"
    dest: "{{ weestimate_smtp_store.path }}.seen"
    mode: "0600"
"""
_FAIL = "- name: Fail\n  ansible.builtin.fail:\n    msg: The printer is on fire.\n"
_EDIT = """
- name: Edit by hand
  ansible.builtin.command:
    argv:
      - "{{ ansible_playbook_python }}"
      - -c
      - import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()
      - "{{ weestimate_smtp_store.path }}"
      - "{{ edit }}"
  changed_when: true
"""
_NOTHING = "- name: Nothing\n  ansible.builtin.meta: noop\n"

LOOK, FAIL, EDIT, NOTHING, MISSING = "look.yml", "fail.yml", "edit.yml", "nothing.yml", "missing.yml"
TASK_FILES = {LOOK: _LOOK, FAIL: _LOOK + _FAIL, EDIT: _EDIT, NOTHING: _NOTHING}

BY_HAND = "UPDATE programOption SET optionValue = 'x@contoso.com' WHERE optionName = 'SMTP Connect As'"
SOMEBODY = "DELETE FROM weestimateMailJournalNote"


def failing(times: str) -> dict[str, Any]:
    """An approval server of which certain recycles fail, given as a pattern of their numbers."""
    log = "{{ weestimate_smtp_store.path | dirname }}/{{ inventory_hostname }}.recycled"
    script = f"echo once >> '{log}'; case $(wc -l < '{log}') in {times}) echo 'no licence' >&2; exit 3;; esac"
    return {"kind": "command", "command": ["sh", "-c", script]}


CASES = {
    "used": Case({"tasks": LOOK}, saw=f"{ALIAS} open"),
    "by_profile": Case({"profile": "documents", "settings": {}, "tasks": LOOK}, saw=f"{ALIAS} open"),
    "another_login": Case(
        {"settings": {"smtp_user": CLERK, "smtp_connect_as": CLERK}, "tasks": LOOK},
        saw=f"{CLERK} open",
        more={"window_password": CLERKS_PASSWORD},
    ),
    "nothing_to_switch": Case(
        {"settings": {"smtp_connect_as": MAILBOX}, "tasks": LOOK}, saw=f"{MAILBOX} open", entries=()
    ),
    "untested": Case({"tasks": LOOK}, saw=f"{ALIAS} open", mails=0, test={"enabled": False}),
    "no_server": Case({"tasks": LOOK}, saw=f"{ALIAS} open", recycled=0, more={"approval_server": {"kind": "none"}}),
    # What fails in the window, or on its way, does not keep it from being closed.
    "task_fails": Case({"tasks": FAIL}, ("", None), ["The printer is on fire."], f"{ALIAS} open"),
    "documents_refused": Case(
        {"settings": BAD, "tasks": LOOK},
        ("rolled_back", "rolled_back"),
        ["The settings for documents does not work", "SendAsDenied", "mail works with the former settings"],
        mails=1,
    ),
    "not_recycled": Case(
        {"tasks": LOOK},
        ("rolled_back", "rolled_back"),
        ["The settings for documents", "no licence", "mail works with the former settings"],
        mails=1,
        more={"approval_server": failing("1")},
    ),
    "neither_works": Case(
        {"settings": BAD, "tasks": LOOK},
        ("rolled_back_not_working", "rolled_back_not_working"),
        ["SendAsDenied", "does not work with the former settings either"],
        mails=0,
        before={"SMTP_Password": WRONG},
        more={"window_password": PASSWORD},
        as_before=False,
    ),
    "closing_not_recycled": Case(
        {"tasks": LOOK},
        ("recycle_failed", "window_closed"),
        ["window of alice is closed", "no licence", "The next run recycles"],
        f"{ALIAS} open",
        mails=1,
        more={"approval_server": failing("2")},
        as_before=False,
    ),
    "edited": Case(
        {"tasks": EDIT},
        ("concurrent_change", None),
        ["window of alice cannot be closed", "smtp_connect_as"],
        entries=[("change", "open")],
        recycled=1,
        mails=1,
        more={"edit": BY_HAND},
        as_before=False,
    ),
    "closed_by_somebody": Case(
        {"tasks": EDIT},
        ("concurrent_change", None),
        ["closed by somebody else"],
        entries=[("change", "open")],
        recycled=1,
        mails=1,
        more={"edit": SOMEBODY},
        as_before=False,
    ),
    # What is refused is not opened at all.
    "login_refused": Case(
        {"tasks": LOOK},
        ("candidate_refused", "unchanged"),
        ["Nothing was changed"],
        entries=(),
        recycled=0,
        mails=0,
        more={"window_password": WRONG},
    ),
    "no_task_file": Case(
        {"tasks": MISSING}, ("schema_invalid", None), ["no task file"], entries=(), recycled=0, mails=0
    ),
    "no_journal": Case(
        {"tasks": LOOK},
        ("journal_unavailable", None),
        ["no way back"],
        entries=(),
        recycled=0,
        mails=0,
        more={"journal": "none"},
    ),
}


def case_variables(site: Site, case: Case) -> dict[str, Any]:
    more = {name if name == "edit" else f"weestimate_smtp_{name}": value for name, value in case.more.items()}
    return {**windowed(site, site.test(**case.test), **case.window), **more}


@pytest.fixture(scope="module")
def first(site: Site) -> Run:
    """All cases in as few runs as end in time, told as one; each case ends by itself."""
    site.fleet.profile("documents.yml", f"settings:\n  smtp_connect_as: {ALIAS}\n")
    for host, case in CASES.items():
        site.install(host, **case.before)
    hosts = [(host, case_variables(site, case)) for host, case in CASES.items()]
    options = ("--forks", "10", "--diff", "-vvvv")
    runs = [
        site.fleet.play(PLAYBOOK, dict(some), *options, ANSIBLE_DISPLAY_ARGS_TO_STDOUT="True")
        for some in (hosts[::2], hosts[1::2])
    ]
    return Run(
        max(run.status for run in runs),
        "".join(run.output for run in runs),
        [result for run in runs for result in run.results],
    )


@pytest.mark.parametrize("host", CASES)
def test_each_window_ends_where_it_has_to(site: Site, first: Run, host: str) -> None:
    case = CASES[host]
    failures = [each.result for each in first.results if each.host == host and each.status == "failed"]
    assert [(each.get("error_code", ""), each.get("state")) for each in failures] == ([case.ends] if case.ends else [])
    assert [words for words in case.says if words not in failures[0]["msg"]] == []
    seen = site.fleet.database(host).with_suffix(".db.seen")
    assert (seen.read_text() if seen.exists() else None) == case.saw
    assert (site.entries(host), site.fleet.recycled(host)) == (list(case.entries), case.recycled)
    assert site.arrived(host) == case.mails
    assert is_as_before(site, host) is case.as_before


def test_documents_are_tested_in_the_window_and_approvals_after_it(first: Run) -> None:
    assert mails_of(first, "used") == ["customer_document", "approval"]
    assert mails_of(first, "not_recycled") == ["approval"]


def test_no_password_is_shown(first: Run) -> None:
    assert "c4nary" not in first.output
    assert "c4nary" not in str(first.results)


#: Hosts whose window is opened in one run, and left open for the test of the same name.
LEFT_OPEN = ("kept", "passed_by_apply", "passed_by_restore", "passed_by_drift", "passed_by_window", "untested_then")
LEFT_OPEN += ("refused_then", "ill_then", "edited_then")


@pytest.fixture(scope="module")
def left_open(site: Site) -> dict[str, dict[str, Any]]:
    """The variables of hosts with an open window."""
    for host in LEFT_OPEN:
        site.install(host)
    hosts = {host: windowed(site, tasks=NOTHING) for host in LEFT_OPEN}
    run = site.fleet.play(PLAYBOOK, hosts, *action("open"))
    assert run.succeeded, run.output
    assert {host: mails_of(run, host) for host in LEFT_OPEN} == {host: ["customer_document"] for host in LEFT_OPEN}
    return hosts


def test_a_window_that_is_left_open_keeps_everybody_out_and_tells_them_why(
    site: Site, left_open: Mapping[str, Any]
) -> None:
    hosts = {"kept": left_open["kept"]}
    window = note(site, "kept")
    before = site.fleet.database("kept").read_bytes()

    refused = [
        site.fleet.play(PLAYBOOK, hosts),
        site.fleet.apply(hosts),
        site.fleet.apply(hosts, "--check"),
        site.fleet.play("weestimate.mail.restore", hosts),
    ]

    for run in refused:
        assert run.failure["error_code"] == "window_open", run.output
        told = run.failure["msg"]
        assert [word for word in ("alice", "job 1", "October campaign", window["until"]) if word not in told] == []
    assert site.fleet.database("kept").read_bytes() == before
    assert site.fleet.recycled("kept") == 1

    checked = site.fleet.play(PLAYBOOK, hosts, *action("close"), "--check")
    assert (checked.succeeded, note(site, "kept")) == (True, window), checked.output
    closed = site.fleet.play(PLAYBOOK, hosts, *action("close"))
    assert closed.succeeded, closed.output
    assert (mails_of(closed, "kept"), is_as_before(site, "kept")) == (["approval"], True)
    again = site.fleet.play(PLAYBOOK, hosts, *action("close"))
    assert (again.succeeded, again.changed) == (True, set())
    assert site.fleet.apply(hosts).changed == set()
    assert site.fleet.recycled("kept") == 2


def test_check_mode_opens_nothing(site: Site) -> None:
    site.install("checked")
    before = site.fleet.database("checked").read_bytes()

    run = site.fleet.play(PLAYBOOK, {"checked": windowed(site)}, "--check", "--diff")

    assert run.succeeded, run.output
    assert f'+    "smtp_connect_as": "{ALIAS}"' in run.output
    assert site.fleet.database("checked").read_bytes() == before
    assert (site.fleet.recycled("checked"), site.arrived("checked")) == (0, 0)


#: What comes by after the deadline, by host.
PASSERS_BY = {
    "passed_by_apply": "weestimate.mail.apply",
    "passed_by_restore": "weestimate.mail.restore",
    "passed_by_drift": "weestimate.mail.drift",
    "passed_by_window": PLAYBOOK,
}


@pytest.mark.parametrize("host", PASSERS_BY)
def test_whoever_comes_by_after_the_deadline_closes_the_window_first(
    site: Site, left_open: Mapping[str, Any], host: str
) -> None:
    hosts = {host: left_open[host]}
    let_expire(site, host)
    before = site.fleet.database(host).read_bytes()

    checked = site.fleet.play(PASSERS_BY[host], hosts, "--check")
    assert site.fleet.database(host).read_bytes() == before, checked.output
    run = site.fleet.play(PASSERS_BY[host], hosts)

    assert run.succeeded, run.output
    assert is_as_before(site, host), run.output
    assert site.fleet.recycled(host) > 1
    assert "approval" in mails_of(run, host)
    assert site.fleet.apply(hosts).changed == set()


def test_without_a_test_a_window_past_its_deadline_is_closed_by_the_recycle(
    site: Site, left_open: Mapping[str, Any]
) -> None:
    let_expire(site, "untested_then")

    run = site.fleet.apply({"untested_then": {**left_open["untested_then"], "weestimate_smtp_test": None}})

    assert run.succeeded, run.output
    assert is_as_before(site, "untested_then")
    assert (site.fleet.recycled("untested_then"), mails_of(run, "untested_then")) == (2, [])


def test_a_window_is_closed_also_where_what_comes_after_it_is_refused(site: Site, left_open: Mapping[str, Any]) -> None:
    let_expire(site, "refused_then")

    run = site.fleet.apply({"refused_then": {**left_open["refused_then"], "weestimate_smtp_password": WRONG}})

    assert run.failure["error_code"] == "candidate_refused", run.output
    assert run.failure["diagnosis"]["cause"] == "auth_bad_credentials"
    assert "window of alice was past its deadline and has been closed" in run.failure["msg"]
    assert (is_as_before(site, "refused_then"), site.fleet.recycled("refused_then")) == (True, 2)
    assert mails_of(run, "refused_then") == ["approval"]


def test_a_window_whose_former_settings_fail_stays_marked_until_they_work(
    site: Site, left_open: Mapping[str, Any]
) -> None:
    variables = left_open["ill_then"]
    let_expire(site, "ill_then")

    ill = site.fleet.apply({"ill_then": {**variables, "weestimate_smtp_test": site.test(tls={})}})
    assert (ill.failure["error_code"], ill.failure["state"]) == ("test_failed", "window_closed"), ill.output
    assert "Mail does not work" in ill.failure["msg"]
    assert "past its deadline" in ill.failure["msg"]
    assert holds(site, "ill_then", FORMER)
    assert (note(site, "ill_then") or {}).get("phase") == "closing"
    well = site.fleet.apply({"ill_then": variables})

    assert well.succeeded, well.output
    assert (is_as_before(site, "ill_then"), site.fleet.recycled("ill_then")) == (True, 3)


def test_an_edit_in_the_window_is_overwritten_only_if_that_is_said(site: Site, left_open: Mapping[str, Any]) -> None:
    hosts = {"edited_then": left_open["edited_then"]}
    with closing(sqlite3.connect(site.fleet.database("edited_then"), isolation_level=None)) as connection:
        connection.execute(BY_HAND)
    let_expire(site, "edited_then")

    refused = site.fleet.apply(hosts)
    assert refused.failure["error_code"] == "concurrent_change", refused.output
    assert "weestimate_smtp_window_overwrite_edits=true" in refused.failure["remedy"]
    assert holds(site, "edited_then", {"SMTP Connect As": "x@contoso.com"})
    overwrite = ("--extra-vars", "weestimate_smtp_window_overwrite_edits=true")
    run = site.fleet.play(PLAYBOOK, hosts, *action("close"), *overwrite)

    assert run.succeeded, run.output
    assert is_as_before(site, "edited_then")


#: The actions of a run after which something has changed in the world, and those of its task file.
STEPS = (WINDOW, "ansible.builtin.command", TEST, "weestimate.mail.smtp_settings_info")


def test_a_run_that_is_killed_after_any_of_its_steps_is_brought_to_its_end(site: Site) -> None:
    """Before the deadline nobody gets past what it has left; after it, the next apply restores, recycles and tests."""
    variables = windowed(site, tasks=LOOK)
    site.install("whole")
    whole = site.fleet.play(PLAYBOOK, {"whole": variables})
    assert (whole.succeeded, is_as_before(site, "whole")) == (True, True), whole.output
    steps = [number for number, each in enumerate(whole.results, start=1) if each.action in STEPS]
    hosts = [f"killed_after_{number}" for number in [steps[0] - 1, *steps]]

    for host in hosts:
        site.install(host)
        killed = site.fleet.play(PLAYBOOK, {host: variables}, RECORD_KILL_AFTER=host.rpartition("_")[2])
        assert killed.status == -signal.SIGKILL, killed.output

    left = {host: (note(site, host) or {}).get("phase") for host in hosts}
    # Opened, recycled, tested, used; restored, recycled, tested; unlocked.
    assert list(left.values()) == [None, *["open"] * 4, *["closing"] * 3, None]
    assert all(holds(site, host, SWITCHED if phase == "open" else FORMER) for host, phase in left.items())
    early = site.fleet.apply(dict.fromkeys(hosts, variables))
    refused = {host for host, failure in early.failures.items() if failure["error_code"] == "window_open"}
    assert refused == {host for host, phase in left.items() if phase == "open"}, early.output
    assert {host for host in hosts if mails_of(early, host)} == {host for host in hosts if left[host] == "closing"}

    let_expire(site, *refused)
    recycled = {host: site.fleet.recycled(host) for host in hosts}
    late = site.fleet.apply(dict.fromkeys(hosts, variables))

    assert late.succeeded, late.output
    assert [host for host in hosts if not is_as_before(site, host)] == []
    assert {host for host in hosts if site.fleet.recycled(host) > recycled[host]} == refused
    assert {host for host in hosts if mails_of(late, host)} == refused
    assert site.fleet.apply(dict.fromkeys(hosts, variables)).changed == set()


#: What a person types in the pause, and the exit status of the run.
TYPED = {"done": (b"\x03c", 0), "gives_up": (b"\x03a", 2)}


@pytest.mark.parametrize("host", TYPED)
def test_a_person_is_waited_for_and_the_window_closed_whatever_they_type(site: Site, host: str) -> None:
    typed, status = TYPED[host]
    site.install(host)
    ansible = site.fleet.ansible
    inventory = ansible.write("inventory.yml", site.fleet.inventory({host: windowed(site)}))
    command = [str(PROGRAMS / "ansible-playbook"), "--inventory", str(inventory), PLAYBOOK]

    ended, output = at_a_terminal(command, {**ansible.environment, "RECORD_FILE": os.devnull}, b"Ctrl+C", typed)

    assert ended == status, output
    assert "October campaign" in output
    assert (is_as_before(site, host), site.arrived(host)) == (True, 2), output


def test_without_a_person_the_run_waits_until_the_deadline(site: Site) -> None:
    """Shortened by what waits: it is told that less is left."""
    site.install("alone")

    run = site.fleet.play(PLAYBOOK, {"alone": windowed(site)}, "--extra-vars", "__weestimate_smtp_window_left=1")

    assert run.succeeded, run.output
    (waited,) = run.of("ansible.builtin.pause")
    assert waited.result["delta"] >= 1
    assert is_as_before(site, "alone")


def test_the_run_waits_until_the_first_of_the_deadlines(site: Site) -> None:
    """It waits once for all hosts, whichever comes first; those that hold no window have no say in it."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    until = {name: (now + timedelta(seconds=left)).isoformat() for name, left in (("late", 3600), ("early", 20))}

    def held(phase: str, deadline: str, reason: str, stage: str = "open") -> dict[str, Any]:
        window = {"phase": phase, "until": until[deadline], "reason": reason}
        return {"weestimate_smtp_window_stage": stage, "weestimate_smtp_applied": {"window": window}}

    hosts = {
        "a_late": held("open", "late", "October campaign"),
        "b_early": held("open", "early", "Invoices"),
        "c_late": held("open", "late", "Invoices"),
        "d_closed": held("closing", "early", "Closed already"),
        "e_not_mine": held("open", "early", "Of somebody else", stage="given_up"),
        "f_none": {"weestimate_smtp_window_stage": "open", "weestimate_smtp_applied": {"window": None}},
        "g_never": {},
    }
    role = {"name": "weestimate.mail.weestimate_smtp", "tasks_from": "window/wait"}
    wait = {"ansible.builtin.include_role": role, "when": "inventory_hostname in ['a_late', 'b_early', 'c_late']"}
    ansible = site.fleet.ansible
    play = ansible.write("playbook.yml", [{"hosts": "weestimate", "gather_facts": False, "tasks": [wait]}])
    inventory = ansible.write("inventory.yml", site.fleet.inventory(hosts))
    command = [str(PROGRAMS / "ansible-playbook"), "--inventory", str(inventory), str(play)]

    ended, output = at_a_terminal(command, {**ansible.environment, "RECORD_FILE": os.devnull}, b"", b"")

    assert ended == 0, output
    (seconds,) = re.findall(r"Pausing for (\d+) seconds", output)
    assert 1 <= int(seconds) <= 20
    assert datetime.now(timezone.utc) >= now + timedelta(seconds=19)
    assert "(October campaign; Invoices)" in output
    assert f"{until['early']} on all hosts of this run" in output


def test_what_the_page_says_is_so(site: Site) -> None:
    """Its commands as they stand, with an embedded instance for the real one, and nobody at the terminal."""
    ansible, page, host = site.fleet.ansible, Page(CHECKOUT / "docs" / "mixed-mail.md"), "quotes-east"
    page.write_files(ansible.work)
    site.install(host)
    sent = site.fleet.directory / "sent"
    inventory = site.fleet.inventory({host: {"weestimate_smtp_test": site.test(acting_user=ALIAS)}})
    (ansible.work / "inventory/production/hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    stand_ins = {"__weestimate_smtp_window_left": 1, "send_documents": ["sh", "-c", f"echo once >> '{sent}'"]}
    run, close, overwrite, unattended, leave_open, own = (
        [*shlex.split(command), "--extra-vars", json.dumps(stand_ins)] for command in page.commands
    )

    def succeeds(command: Sequence[str]) -> str | None:
        """How far the window on the instance is after a command."""
        done = ansible.program(*command, RECORD_FILE=os.devnull)
        assert done.returncode == 0, done.stdout
        return (note(site, host) or {}).get("phase")

    assert [succeeds(command) for command in (run, leave_open, close, leave_open)] == [None, "open", None, "open"]
    with closing(sqlite3.connect(site.fleet.database(host), isolation_level=None)) as connection:
        connection.execute("UPDATE programOption SET optionValue = 'yes' WHERE optionName = 'Enable SMTP Send As'")
        connection.execute("UPDATE programOption SET optionValue = 'yes' WHERE optionName = 'Send SMTP to Self'")
    assert [succeeds(command) for command in (overwrite, unattended, own)] == [None] * 3
    assert holds(site, host, {"Enable SMTP Send As": "TRUE", "Send SMTP to Self": "yes"})
    assert len(sent.read_text().splitlines()) == 2


def at_a_terminal(command: Sequence[str], environment: Mapping[str, str], cue: bytes, typed: bytes) -> tuple[int, str]:
    """Run a program with a terminal of its own; type something, key by key, once it has printed the cue."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(follower)
    output, keys, deadline = b"", [bytes([key]) for key in typed], time.monotonic() + 100
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.5)[0]:
            try:
                output += os.read(leader, 65536)
            except OSError:  # The last one at the other side has closed it.
                break
        elif keys and cue in output:
            os.write(leader, keys.pop(0))
    else:
        process.kill()
    os.close(leader)
    return process.wait(), output.decode(errors="replace")
