# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new password reaches all instances of a mailbox or none of them, on a real mail server that knows passwords."""

from __future__ import annotations

import shlex
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from desk import SETTINGS, journal
from harness import CHECKOUT, Run, Unsafe
from mailboxes import NEW, NEWER, OLD, ROTATE, Mailboxes, address, failing, opened, password
from pages import Page

pytestmark = pytest.mark.slow

TEST = "weestimate.mail.smtp_test"
CHANGED, OPEN, UNCHANGED = [("change", "confirmed")], [("change", "open")], []
WENT_BACK = [("change", "restored"), ("restore", "confirmed")]
PUT_BACK = [*WENT_BACK, ("change", "confirmed")]
LEFT_OPEN = [*WENT_BACK, ("change", "open")]


@dataclass(frozen=True)
class Instance:
    """One instance of a mailbox, and where it has to end.

    :ivar more, before, test: variables beyond the password, what the instance holds otherwise, how it is tested.
    :ivar given: the password that the inventory has for it.
    :ivar ends: error code and state of the failure; empty for none.
    :ivar says: words of the failure's message.
    """

    ends: tuple[str, str | None] | tuple[()] = ()
    holds: str = NEW
    entries: Sequence[tuple[str, str]] = ()
    recycled: int = 0
    mails: int = 0
    says: Sequence[str] = ()
    given: str = NEW
    more: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    test: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A mailbox: the passwords that it logs in with, and its instances by the end of their names."""

    valid: Sequence[str]
    instances: Mapping[str, Instance]


SWITCHED = Instance(entries=CHANGED, recycled=1, mails=1)
#: Untouched, because of another instance.
HELD = Instance(ends=("rotation_held", "unchanged"), holds=OLD)
#: Switched and back, because of another instance.
BACK = Instance(ends=("rotation_held", "rolled_back"), holds=OLD, entries=WENT_BACK, recycled=2, mails=2)
BOTH = (OLD, NEW)

CASES = {
    "works": Case(
        [NEW],
        {
            "one": SWITCHED,
            "two": Instance(entries=CHANGED, recycled=1, mails=1, before={"SMTP_User": address("WORKS")}),
            # Without anybody to write to, the proof is a login.
            "login": Instance(entries=CHANGED, recycled=1, test={"enabled": False}),
            "ready": Instance(before={"SMTP_Password": NEW}),
            # Nothing can be proven while mail is off; the instance is not left behind, though.
            "off": Instance(entries=OPEN, recycled=1, before={"SMTP_Mail_Enabled": "FALSE"}),
        },
    ),
    "refused": Case(
        BOTH,
        {
            "one": Instance(
                ends=("rotation_held", "unchanged"),
                holds=OLD,
                says=("refused-at-smtp", "because of refused_bad: ", "Nothing was written", "To be mended by"),
            ),
            "bad": Instance(
                ends=("candidate_refused", "unchanged"),
                holds=OLD,
                given="a wrong c4nary",
                says=("at the stage auth", "Nothing was written on any instance", "hold the former password"),
            ),
            "ready": Instance(before={"SMTP_Password": NEW}),
        },
    ),
    "locked": Case(
        BOTH,
        {
            "one": HELD,
            "void": Instance(
                ends=("schema_invalid", "unchanged"), holds=OLD, given="", says=("weestimate_smtp_password is blank",)
            ),
        },
    ),
    "recycle": Case(
        BOTH,
        {
            "one": Instance(
                ends=("rotation_held", "rolled_back"),
                holds=OLD,
                entries=WENT_BACK,
                recycled=2,
                mails=2,
                says=("because of recycle_bad: ", "no licence", "hold the former password, which works"),
            ),
            "bad": Instance(
                ends=("rolled_back", "rolled_back"),
                holds=OLD,
                entries=WENT_BACK,
                recycled=2,
                mails=1,
                more=failing(1),
                says=("no licence", "The former password is back.", "recycle_ready holds the new password;"),
            ),
            "ready": Instance(before={"SMTP_Password": NEW}),
        },
    ),
    "sender": Case(
        BOTH,
        {
            "one": BACK,
            "bad": Instance(
                ends=("rolled_back_not_working", "rolled_back_not_working"),
                holds=OLD,
                entries=WENT_BACK,
                recycled=2,
                before={"Enable_SMTP_Send_As": "FALSE"},
                test={"acting_user": "stranger@contoso.com"},
                says=("SendAsDenied", "sender_bad holds the former password, which does not work"),
            ),
        },
    ),
    # The provider takes the new one only, so that going back would be the outage.
    "dead": Case(
        [NEW],
        {
            "one": Instance(entries=PUT_BACK, recycled=2, mails=2),
            "bad": Instance(
                ends=("not_rolled_back", "changed"),
                entries=LEFT_OPEN,
                recycled=2,
                more=failing(9),
                says=(
                    "does not take the former password any more, so the new one was put back",
                    "dead_one holds the new password, which works; dead_bad holds the new password, which does not",
                ),
            ),
        },
    ),
    # The same, but the second recycle succeeds.
    "mended": Case(
        [NEW],
        {
            "one": Instance(entries=PUT_BACK, recycled=2, mails=2),
            "bad": Instance(entries=PUT_BACK, recycled=2, mails=1, more=failing(1)),
        },
    ),
    "left": Case(
        BOTH,
        {
            "one": Instance(entries=CHANGED, recycled=1, mails=1, more={"weestimate_smtp_rollback": False}),
            "bad": Instance(
                ends=("not_rolled_back", "changed"),
                entries=OPEN,
                recycled=1,
                more={**failing(1), "weestimate_smtp_rollback": False},
                says=("The new password stays, because weestimate_smtp_rollback is off.",),
            ),
        },
    ),
    "unjournalled": Case(
        BOTH,
        {
            "bad": Instance(
                ends=("not_rolled_back", "changed"),
                recycled=1,
                more={**failing(1), "weestimate_smtp_journal": "none"},
                says=("could not be taken back: There is no journal",),
            ),
        },
    ),
    "relay": Case([], {"one": Instance(holds="", before={"SMTP_User": "", "SMTP_Password": ""})}),
}
HOSTS = {f"{name}_{end}": (name, each) for name, case in CASES.items() for end, each in case.instances.items()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[Mailboxes]:
    others = ["unread", "again", "checked", "limited", "aged", "killed", "paged"]
    others += ["windowed", "documents", "lost", "mute", "asked", "broken"]
    with opened(tmp_path_factory.mktemp("site"), collections_path, [*CASES, *others]) as site:
        yield site


@pytest.fixture(scope="module")
def first(site: Mailboxes) -> Run:
    """All cases in one run, in which each mailbox ends by itself."""
    for name, case in CASES.items():
        site.valid(name, *case.valid)
    for host, (name, each) in HOSTS.items():
        site.share(name, [host], **each.before)
    hosts = {
        host: {
            **password(Unsafe(each.given), changed_by="Carol", password_version=7),
            "weestimate_smtp_test": site.test(**each.test),
            **each.more,
        }
        for host, (_name, each) in HOSTS.items()
    }
    return site.rotate(hosts, "--forks", "10", "--diff", "-vvvv", ANSIBLE_DISPLAY_ARGS_TO_STDOUT="True")


@pytest.mark.parametrize("host", HOSTS)
def test_each_instance_ends_where_it_has_to(site: Mailboxes, first: Run, host: str) -> None:
    _name, expected = HOSTS[host]
    failure = first.failures.get(host, {})
    found = tuple(failure.get(key) for key in ("error_code", "state")) if failure else ()
    assert found == expected.ends, failure or first.output
    message = failure.get("msg", "").replace(" at localhost", "-at-smtp").replace("@contoso.com", "")
    assert [words for words in expected.says if words not in message] == [], message
    assert failure.get("msg", "").endswith(failure.get("remedy", ""))
    assert site.stored(host) == [expected.holds]
    assert site.entries(host) == list(expected.entries)
    assert site.fleet.recycled(host) == expected.recycled
    assert site.arrived(host) == expected.mails


def test_a_password_is_shown_nowhere_and_kept_only_where_it_may_still_be_needed(site: Mailboxes, first: Run) -> None:
    assert "c4nary" not in first.output
    assert "c4nary" not in str(first.results)
    kept = {host for host in HOSTS for entry in journal(site.fleet.database(host)) if entry["previousSecret"]}
    assert kept == {host for host, (_name, each) in HOSTS.items() if ("change", "open") in each.entries}


@pytest.mark.usefixtures("first")
def test_the_journal_says_who_rotated_to_which_version(site: Mailboxes) -> None:
    (entry,) = journal(site.fleet.database("works_one"))
    assert (entry["changedBy"], entry["profile"], entry["changedOptions"]) == (
        "Carol",
        "rotate_password, version 7",
        '["smtp_password"]',
    )


def test_a_failure_names_each_instance_of_its_mailbox_and_no_other(first: Run) -> None:
    failure = first.failures["recycle_bad"]
    assert failure["mailbox"] == f"{address('recycle')} at localhost"
    assert {each["instance"]: (each["holds"], each.get("works")) for each in failure["instances"]} == {
        "recycle_one": ("old", True),
        "recycle_bad": ("old", True),
        "recycle_ready": ("new", None),
    }


def test_the_new_password_is_tried_before_any_instance_is_written(first: Run) -> None:
    """All in step: the last login with a new password comes before the first change."""
    actions = [each.task for each in first.results]
    probe = "Log in with the new password, before it is written anywhere"
    last_probe = max(number for number, task in enumerate(actions) if task.endswith(probe))
    assert last_probe < actions.index("Write the new password")


def test_the_same_password_once_more_changes_nothing(site: Mailboxes) -> None:
    site.valid("again", *BOTH)
    hosts = {host: password(Unsafe(NEW)) for host in ("again_one", "again_two", "again_off")}
    site.share("again", ["again_one", "again_two"])
    # While mail is off nothing is proven, which is no reason to recycle again.
    site.share("again", ["again_off"], SMTP_Mail_Enabled="FALSE")
    assert site.rotate(hosts).succeeded
    assert site.entries("again_off") == OPEN
    before = {host: site.fleet.database(host).read_bytes() for host in hosts}
    again = site.rotate(hosts)
    assert again.succeeded, again.output
    assert again.changed == set()
    assert {host: site.fleet.database(host).read_bytes() for host in hosts} == before
    assert [each.host for each in again.of(TEST) if each.status != "skipped"] == []
    assert {host: site.fleet.recycled(host) for host in hosts} == dict.fromkeys(hosts, 1)


def test_an_instance_that_cannot_be_read_holds_the_mailbox_that_it_declares(site: Mailboxes) -> None:
    """One that declares nothing, such as a host whose variables are refused, holds them all."""
    site.valid("unread", *BOTH)
    site.valid("again", NEW, NEWER)
    site.share("unread", ["unread_one", "unread_gone"])
    site.share("again", ["again_three"], password=NEW)
    site.fleet.database("unread_gone").write_bytes(b"no database at all, but something else")
    declared = {"weestimate_smtp_mailbox": address("Unread")}
    hosts = {
        "unread_one": password(Unsafe(NEW)),
        "unread_gone": {**password(Unsafe(NEW)), **declared},
        "again_three": password(NEWER),
    }
    run = site.rotate(hosts)
    ends = {host: failure.get("error_code") for host, failure in run.failures.items()}
    assert ends == {"unread_one": "rotation_held", "unread_gone": "database_missing"}, run.output
    assert "unread_gone holds a password that could not be read" in run.failures["unread_one"]["msg"]
    assert site.stored("unread_one", "again_three") == [OLD, NEWER]

    hosts["unread_gone"] = {**password(Unsafe(NEW)), "weestimate_smtp_store": "no mapping"}
    site.valid("again", NEW, NEWER)
    run = site.rotate({**hosts, "again_three": password(Unsafe(NEW))})
    ends = {host: failure.get("error_code") for host, failure in run.failures.items()}
    assert ends == {"unread_one": "rotation_held", "unread_gone": None, "again_three": "rotation_held"}, run.output
    assert "It has left the run." in run.failures["again_three"]["msg"]
    assert site.stored("unread_one", "again_three") == [OLD, NEWER]


def test_check_mode_says_what_would_change_and_speaks_to_nobody(site: Mailboxes) -> None:
    site.share("checked", ["checked_one"])
    before = site.fleet.database("checked_one").read_bytes()
    run = site.rotate({"checked_one": password("never valid")}, "--check", "--diff")
    assert run.succeeded, run.output
    assert run.changed == {("checked_one", "Write the new password")}
    assert [line.split() for line in run.output.splitlines() if "smtp_password" in line] == [
        ["-", '"smtp_password":', '"(set)",'],
        ["+", '"smtp_password":', '"(changed)",'],
    ]
    assert [each.host for each in run.of(TEST) if each.status != "skipped"] == []
    assert site.fleet.database("checked_one").read_bytes() == before
    assert site.fleet.recycled("checked_one") == 0


def test_the_command_of_the_page_rotates(site: Mailboxes) -> None:
    (command,) = Page(CHECKOUT / "docs/rotation.md").commands
    site.valid("paged", NEW)
    site.share("paged", ["paged_one"])
    (site.fleet.ansible.work / "inventory").mkdir()
    variables = {**password(Unsafe(NEW)), "weestimate_smtp_test": site.test()}
    site.fleet.ansible.write("inventory/hosts.yml", site.fleet.inventory({"paged_one": variables}))
    done = site.fleet.ansible.program(*shlex.split(command))
    assert done.returncode == 0, done.stdout
    (entry,) = journal(site.fleet.database("paged_one"))
    assert (entry["state"], entry["profile"]) == ("confirmed", "rotate_password, version 7")


def test_instances_that_a_limit_leaves_out_are_named(site: Mailboxes) -> None:
    site.valid("limited", *BOTH)
    site.share("limited", ["limited_one", "limited_two", "limited_three"])
    hosts = {
        "limited_one": {**password(Unsafe(NEW)), "weestimate_smtp_mailbox": address("limited")},
        "limited_two": {**password(Unsafe(NEW)), "weestimate_smtp_mailbox": address("Limited")},
        "limited_three": {**password(Unsafe(NEW)), "weestimate_smtp_settings": {"smtp_user": address("limited")}},
        "checked_one": {**password(Unsafe(NEW)), "weestimate_smtp_mailbox": address("checked")},
    }
    run = site.rotate(hosts, "--limit", "limited_one")
    assert run.succeeded, run.output
    (warning,) = [line for line in " ".join(run.output.split()).split("[WARNING]: ") if "not part of it" in line]
    assert warning.startswith("limited_three, limited_two may use a mailbox whose password this run changes")
    assert site.stored("limited_one", "limited_two") == [NEW, OLD]


def test_a_password_that_is_older_than_it_may_be(site: Mailboxes) -> None:
    site.valid("aged", *BOTH)
    hosts = {
        "aged_old": password(Unsafe(NEW), password_max_age=90),
        "aged_older": password(Unsafe(NEW), password_max_age=90, password_overdue="fail"),
        "aged_young": password(Unsafe(NEW), password_max_age=90, password_overdue="fail"),
        "aged_unknown": password(Unsafe(NEW), password_max_age=0, password_overdue="fail"),
    }
    recorded = ("aged_old", "aged_older", "aged_young")
    site.share("aged", recorded)
    site.share("aged", ["aged_unknown"], password=NEW)
    assert site.rotate({host: hosts[host] for host in recorded}).succeeded
    for host, days in zip(recorded, (91, 400, 90), strict=True):
        site.backdate(host, days)

    run = site.rotate(hosts)
    said = f"[WARNING]: The password of {address('aged')} at localhost on aged_old is 91 days old; it may be 90."
    assert said in " ".join(run.output.split())
    assert set(run.failures) == {"aged_older"}, run.output
    assert (run.failure["error_code"], run.failure["password_age"]) == ("password_overdue", 400)
    assert run.changed == set()


def test_an_instance_that_already_waits_for_its_proof_is_tested_and_confirmed(site: Mailboxes) -> None:
    """As after a controller that died between the change and its test."""
    site.valid("killed", *BOTH)
    site.share("killed", ["killed_before", "killed_after"])
    hosts = {host: password(Unsafe(NEW)) for host in ("killed_before", "killed_after")}
    body = {"store": "{{ weestimate_smtp_store }}", "settings": {"smtp_password": Unsafe(NEW)}}
    play = {"name": "Die", "hosts": "killed_after", "gather_facts": False, "tasks": [{"name": "Write", SETTINGS: body}]}
    assert site.fleet.play([play], hosts).succeeded
    assert site.entries("killed_after") == OPEN

    run = site.rotate(hosts)
    assert run.succeeded, run.output
    assert {host: site.entries(host) for host in hosts} == dict.fromkeys(hosts, CHANGED)
    assert {host: site.fleet.recycled(host) for host in hosts} == dict.fromkeys(hosts, 1)
    assert {host: site.arrived(host) for host in hosts} == dict.fromkeys(hosts, 1)


def test_an_instance_in_a_document_window_holds_the_mailbox_to_which_it_comes_back(site: Mailboxes) -> None:
    """Its login for documents belongs to another mailbox. Past its deadline the window is closed on the way."""
    site.valid("windowed", *BOTH)
    site.valid("again", NEW, NEWER)
    site.share("windowed", ["windowed_one", "windowed_in"])
    site.share("again", ["again_four"], password=NEW)
    hosts: dict[str, dict[str, Any]] = {
        "windowed_one": password(Unsafe(NEW)),
        "windowed_in": {**password(Unsafe(NEW)), "weestimate_smtp_mailbox": address("windowed")},
    }
    body = {
        "store": "{{ weestimate_smtp_store }}",
        "state": "opened",
        "settings": {"smtp_user": address("documents"), "smtp_password": OLD},
        "reason": "Campaign.",
        "changed_by": "alice",
        "run": "job 1",
    }
    task = {"name": "Open", "weestimate.mail.smtp_window": body}
    play = {"name": "Open", "hosts": "windowed_in", "gather_facts": False, "tasks": [task]}
    assert site.fleet.play([play], hosts).succeeded

    run = site.rotate({**hosts, "again_four": password(NEWER)})
    ends = {host: failure.get("error_code") for host, failure in run.failures.items()}
    assert ends == {"windowed_one": "rotation_held", "windowed_in": "window_open"}, run.output
    said = run.failures["windowed_in"]["msg"]
    assert said.startswith("alice (run job 1) holds a document window on this instance until 2")
    assert ": Campaign. Nothing was changed." in said
    assert site.stored("windowed_one", "windowed_in", "again_four") == [OLD, OLD, NEWER]

    with closing(sqlite3.connect(site.fleet.database("windowed_in"))) as connection:
        expired = "json_set(content, '$.until', '2026-01-01T00:00:00+00:00')"
        connection.execute(f"UPDATE weestimateMailJournalNote SET content = {expired} WHERE topic = 'window'")
        connection.commit()
    before = site.fleet.database("windowed_in").read_bytes()
    run = site.rotate(hosts, "--check")
    assert run.succeeded, run.output
    assert {("windowed_one", "Write the new password"), ("windowed_in", "Write the new password")} <= run.changed
    assert site.fleet.database("windowed_in").read_bytes() == before

    run = site.rotate(hosts)
    assert run.succeeded, run.output
    assert site.stored("windowed_one", "windowed_in") == [NEW, NEW]
    assert site.fleet.options("windowed_in")["SMTP User"] == address("windowed")
    assert site.entries("windowed_in") == [*WENT_BACK, *CHANGED]


#: A Python on the target that loses the answer to the first write, and where ``mute`` is yes, each answer after that.
LOSING = """#!/bin/sh
test -e "{lost}" && test {mute} = yes && exit 1
answer=$({python} "$@")
status=$?
case $answer in *'"journal_id": '[0-9]*) test -e "{lost}" || {{ touch "{lost}"; exit 1; }};; esac
printf '%s\\n' "$answer"
exit $status
"""


def test_a_write_whose_answer_is_lost_is_taken_back_or_told_as_not_known(site: Mailboxes) -> None:
    """The new password is stored, whatever the failure of the task says."""
    hosts: dict[str, dict[str, Any]] = {}
    for mailbox, mute in (("lost", "no"), ("mute", "yes")):
        site.valid(mailbox, *BOTH)
        site.share(mailbox, [f"{mailbox}_one", f"{mailbox}_bad"])
        python = site.fleet.directory / f"{mailbox}.sh"
        python.write_text(LOSING.format(lost=python.with_suffix(".lost"), mute=mute, python=sys.executable))
        python.chmod(0o755)
        hosts[f"{mailbox}_one"] = password(Unsafe(NEW))
        target = {"weestimate_smtp_run_on": "target", "ansible_python_interpreter": str(python)}
        hosts[f"{mailbox}_bad"] = {**password(Unsafe(NEW)), **target}

    run = site.rotate(hosts)
    ends = {host: (failure.get("error_code"), failure.get("state")) for host, failure in run.failures.items()}
    assert ends == {
        "lost_one": ("rotation_held", "rolled_back"),
        "lost_bad": ("rolled_back", "rolled_back"),
        "mute_one": ("rotation_held", "rolled_back"),
        "mute_bad": ("not_rolled_back", "unknown"),
    }, run.output
    assert "hold the former password, which works" in run.failures["lost_bad"]["msg"]
    assert "could not be found out" in run.failures["mute_bad"]["msg"]
    assert "mute_bad holds a password that could not be read" in run.failures["mute_one"]["msg"]
    assert {host: site.stored(host) for host in hosts} == {
        "lost_one": [OLD],
        "lost_bad": [OLD],
        "mute_one": [OLD],
        "mute_bad": [NEW],
    }
    assert {host: site.entries(host) for host in ("lost_bad", "mute_bad")} == {"lost_bad": WENT_BACK, "mute_bad": OPEN}
    assert site.fleet.recycled("lost_bad") == 1


def test_a_lookup_is_asked_once_and_one_that_fails_holds_its_own_mailbox_only(site: Mailboxes) -> None:
    log = site.fleet.directory / "asked.log"
    asking = f"{{{{ lookup('ansible.builtin.pipe', 'echo once >> {log}; echo {NEWER}') }}}}"
    site.valid("asked", OLD, NEWER)
    site.valid("broken", OLD, NEWER)
    site.share("asked", ["asked_one"])
    site.share("broken", ["broken_one", "broken_bad"])
    hosts = {
        "asked_one": password(asking),
        "broken_one": password(NEWER),
        "broken_bad": password("{{ lookup('ansible.builtin.pipe', 'exit 3') }}"),
    }
    run = site.rotate(hosts)
    ends = {host: failure.get("error_code") for host, failure in run.failures.items()}
    assert ends == {"broken_one": "rotation_held", "broken_bad": "schema_invalid"}, run.output
    assert "broken_one and broken_bad hold the former password" in run.failures["broken_one"]["msg"]
    assert site.stored("asked_one", "broken_one", "broken_bad") == [NEWER, OLD, OLD]
    assert log.read_text() == "once\n"


def test_without_a_store_it_says_so(site: Mailboxes) -> None:
    bare = {"weestimate": {"hosts": {"bare": {"ansible_connection": "local", **password(Unsafe(NEW))}}}}
    run = site.fleet.ansible.playbook(ROTATE, bare)
    assert "missing required arguments: weestimate_smtp_store" in run.failure["msg"], run.output
