# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role proves on a real mail server that mail leaves with new settings, and goes back to the former ones if not."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from desk import SETTINGS, journal
from harness import PROGRAMS, Run, Unsafe
from mailsite import ALIAS, BAD, GOOD, MAILBOX, PASSWORD, WRONG, Site, declared, opened

TEST, ROLE = "weestimate.mail.smtp_test", "weestimate.mail.weestimate_smtp"
SENDS_AS, SENDS_AS_PERSON = {"Enable SMTP Send As": "TRUE"}, {"Enable SMTP Send As": "FALSE"}
CONFIRMED, OPEN = [("change", "confirmed")], [("change", "open")]
WENT_BACK = [("change", "restored"), ("restore", "confirmed")]

#: What a server says is never a template, although it looks like one.
LIKE_A_TEMPLATE = Unsafe("{{7*7}}@contoso.com")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("site"), collections_path) as site:
        yield site


@dataclass(frozen=True)
class Case:
    """A change, and where it has to end.

    :ivar ends: error code, state and failed stage of the failure; empty for none.
    :ivar causes: by the diagnosis of the failure, and by that of the restored settings.
    :ivar says: words of the message.
    :ivar holds: what the database holds in the end, by the options' labels.
    :ivar before, test, more: what the instance held, how it is tested, and further variables.
    """

    settings: Mapping[str, Any]
    ends: tuple[str, str, str | None] | tuple[()] = ()
    causes: tuple[str | None, str | None] = (None, None)
    says: Sequence[str] = ()
    entries: Sequence[tuple[str, str]] = ()
    recycled: int = 0
    mails: int = 0
    holds: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    test: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def _failing(times: int) -> dict[str, Any]:
    """An approval server whose first recycles fail."""
    log = "{{ weestimate_smtp_store.path | dirname }}/{{ inventory_hostname }}.recycled"
    script = f"echo once >> '{log}'; test $(wc -l < '{log}') -gt {times} || {{ echo 'no licence' >&2; exit 3; }}"
    return {"kind": "command", "command": ["sh", "-c", script]}


CASES = {
    # Never changed.
    "refused": Case(
        GOOD,
        ends=("candidate_refused", "unchanged", "auth"),
        causes=("auth_bad_credentials", None),
        says=("Nothing was changed",),
        holds={"SMTP Password": PASSWORD, "SMTP Connect As": MAILBOX},
        more={"password": WRONG},
    ),
    # Changed, and proven.
    "works": Case(GOOD, entries=CONFIRMED, recycled=1, mails=1, holds={"SMTP Connect As": ALIAS}),
    "works_for_all": Case(
        GOOD,
        entries=CONFIRMED,
        mails=2,  # the third is a document that the acting user sends to herself
        holds={"SMTP Connect As": ALIAS},
        test={"kinds": ["approval", "customer_document", "self_document"]},
        more={"approval_server": {"kind": "none"}},
    ),
    # Changed, rolled back, and working.
    "sends_as_person": Case(
        BAD,
        ends=("rolled_back", "rolled_back", "accepted"),
        causes=("send_as_denied", None),
        says=("Change 1 does not work: Approval mail", "{{7*7}}@contoso.com", "mail works with the former settings"),
        entries=WENT_BACK,
        recycled=2,
        mails=1,
        holds=SENDS_AS,
        test={"acting_user": LIKE_A_TEMPLATE},
    ),
    "wrong_password": Case(
        {"smtp_user": MAILBOX},
        ends=("rolled_back", "rolled_back", "auth"),
        causes=("auth_bad_credentials", None),
        says=("Change 1 does not work: Approval mail", "mail works with the former settings"),
        entries=WENT_BACK,
        recycled=2,
        mails=1,
        holds={"SMTP Password": PASSWORD},
        test={"probe": False},
        more={"password": WRONG},
    ),
    "one_kind_fails": Case(
        BAD,
        ends=("rolled_back", "rolled_back", "accepted"),
        causes=("send_as_denied", None),
        says=("Change 1 does not work: A document for a customer", "mail works with the former settings"),
        entries=WENT_BACK,
        mails=2,
        holds=SENDS_AS,
        test={"kinds": ["customer_document", "approval"]},
        more={"recycle": "never"},
    ),
    "not_recycled": Case(
        GOOD,
        ends=("rolled_back", "rolled_back", "recycle"),
        says=("could not be recycled on not_recycled: no licence.", "mail works with the former settings"),
        entries=WENT_BACK,
        recycled=2,
        mails=1,
        holds={"SMTP Connect As": MAILBOX},
        more={"approval_server": _failing(1)},
    ),
    "mail_was_off": Case(
        {**BAD, "smtp_mail_enabled": True},
        ends=("rolled_back", "rolled_back", "accepted"),
        causes=("send_as_denied", None),
        says=("mail is switched off, as it was before",),
        entries=WENT_BACK,
        recycled=2,
        holds={"SMTP Mail Enabled": "FALSE", **SENDS_AS},
        before={"SMTP_Mail_Enabled": "FALSE"},
    ),
    # Changed and rolled back, without having learnt whether mail works: the mailbox to look into is out of reach.
    "unreadable": Case(
        GOOD,
        ends=("rolled_back", "rolled_back", None),
        says=("Change 1 could not be checked", "could not be checked either"),
        entries=WENT_BACK,
        recycled=2,
        holds={"SMTP Connect As": MAILBOX},
        test={
            "confirm": {"imap": {"host": "127.0.0.1", "port": 1, "user": "nobody", "password": "none"}, "timeout": 2},
            "retries": 1,
        },
    ),
    # Changed, rolled back, and not working either.
    "never_worked": Case(
        BAD,
        ends=("rolled_back_not_working", "rolled_back_not_working", "accepted"),
        causes=("send_as_denied", "auth_bad_credentials"),
        says=("SendAsDenied", "does not work with the former settings either", "Authentication unsuccessful"),
        entries=WENT_BACK,
        recycled=2,
        holds={"SMTP Password": WRONG, **SENDS_AS},
        before={"SMTP_Password": WRONG},
        more={"password": PASSWORD},
    ),
    "never_recycled": Case(
        GOOD,
        ends=("rolled_back_not_working", "rolled_back_not_working", "recycle"),
        says=("could not be recycled on elsewhere_one: ", "either: The approval server"),
        entries=WENT_BACK,
        holds={"SMTP Connect As": MAILBOX},
        more={"approval_server": {"kind": "command", "command": ["true"], "host": "elsewhere_one"}},
    ),
    # Changed, and left so.
    "left": Case(
        BAD,
        ends=("not_rolled_back", "changed", "accepted"),
        causes=("send_as_denied", None),
        says=("still holds it, because weestimate_smtp_rollback is off",),
        entries=OPEN,
        recycled=1,
        holds=SENDS_AS_PERSON,
        more={"rollback": False},
    ),
    "no_journal": Case(
        BAD,
        ends=("not_rolled_back", "changed", "accepted"),
        causes=("send_as_denied", None),
        says=("The change does not work", "it could not be rolled back: ", "journal"),
        holds=SENDS_AS_PERSON,
        more={"journal": "none", "recycle": "never"},
    ),
    # Not tested.
    "switched_off": Case(
        {**BAD, "smtp_mail_enabled": False},
        entries=OPEN,
        recycled=1,
        holds={"SMTP Mail Enabled": "FALSE", **SENDS_AS_PERSON},
    ),
    "untested": Case(BAD, entries=OPEN, recycled=1, holds=SENDS_AS_PERSON, test={"enabled": False}),
}


@pytest.fixture(scope="module")
def first(site: Site) -> Run:
    """All cases in one run, in which each ends by itself."""
    for host, case in CASES.items():
        site.install(host, **case.before)
    hosts = {host: declared(case.settings, site.test(**case.test), **case.more) for host, case in CASES.items()}
    return site.fleet.apply(hosts, "--forks", "10", "--diff", "-vvvv", ANSIBLE_DISPLAY_ARGS_TO_STDOUT="True")


@pytest.mark.parametrize("host", CASES)
def test_each_change_ends_where_it_has_to(site: Site, first: Run, host: str) -> None:
    case, failure = CASES[host], first.failures.get(host, {})
    found = tuple(failure.get(key) for key in ("error_code", "state", "failed_stage")) if failure else ()
    assert found == case.ends, failure or first.output
    assert tuple((failure.get(key) or {}).get("cause") for key in ("diagnosis", "restored_diagnosis")) == case.causes
    assert [words for words in case.says if words not in failure["msg"]] == [], failure["msg"]
    assert failure.get("msg", "").endswith(failure.get("remedy", ""))
    held = site.fleet.options(host)
    assert {name: held[name] for name in case.holds} == dict(case.holds)
    assert site.entries(host) == list(case.entries)
    assert site.fleet.recycled(host) == case.recycled
    assert site.arrived(host) == case.mails


def test_nothing_is_kept_of_a_password_that_no_rollback_needs(site: Site, first: Run) -> None:
    assert "c4nary" not in first.output
    assert "c4nary" not in str(first.results)
    kept = {
        (host, entry["state"])
        for host in CASES
        for entry in journal(site.fleet.database(host))
        if entry["previousSecret"]
    }
    assert kept == set()


def test_what_was_never_proven_is_tested_by_the_next_run(site: Site) -> None:
    """Whether a run was not to test, or not to roll back, or tests on every run."""
    hosts = ("forgotten", "kept", "proven", "always", "always_ill")
    for host in hosts:
        site.install(host)
    untested, plain = site.test(enabled=False), site.test()
    run = site.fleet.apply(
        {
            "forgotten": declared(GOOD, untested),
            "kept": declared(BAD, plain, rollback=False, changed_by="Carol"),
            **{host: declared(GOOD, plain) for host in ("proven", "always", "always_ill")},
        }
    )
    assert set(run.failures) == {"kept"}, run.output

    again = {
        "forgotten": declared(GOOD, plain),
        "kept": declared(BAD, plain),
        "proven": declared(GOOD, plain),
        "always": declared(GOOD, site.test(always=True)),
        "always_ill": declared(GOOD, site.test(always=True, tls={})),
    }
    checked = site.fleet.apply(again, "--check")
    assert checked.succeeded, checked.output
    assert checked.changed == set()
    assert [each.host for each in checked.of(TEST)] == []

    run = site.fleet.apply(again)
    told = {
        each.host: each.result["msg"] for each in run.results if each.action.endswith(".debug") if "msg" in each.result
    }
    (entry, *_rest) = journal(site.fleet.database("kept"))
    assert told["kept"] == (
        f"Change 1 of {entry['changedAt']} by Carol was applied but never tested: recycling and testing it now."
    )
    assert set(told) == {"forgotten", "kept"}
    ends = {host: (failure["error_code"], failure["state"]) for host, failure in run.failures.items()}
    assert ends == {"kept": ("rolled_back", "rolled_back"), "always_ill": ("test_failed", "unchanged")}
    assert run.failures["always_ill"]["diagnosis"]["cause"] == "certificate_untrusted"
    assert "This run has changed nothing." in run.failures["always_ill"]["msg"]
    assert {host: site.entries(host) for host in hosts} == {**dict.fromkeys(hosts, CONFIRMED), "kept": WENT_BACK}
    assert {host: site.arrived(host) for host in hosts} == {
        "forgotten": 1,
        "kept": 1,
        "proven": 1,
        "always": 2,
        "always_ill": 1,
    }
    recycled = {"forgotten": 2, "kept": 3, "proven": 1, "always": 1, "always_ill": 1}
    assert {host: site.fleet.recycled(host) for host in hosts} == recycled
    assert [each.action for each in run.results if each.host == "proven"] == [
        "ansible.builtin.validate_argument_spec",
        "weestimate.mail.smtp_profile",
        SETTINGS,
    ]


#: Ways to run the role over several hosts, of which one fails: more of the play, and its tasks or roles.
PLAYS: Mapping[str, Mapping[str, Any]] = {
    "imported": {"serial": 2, "tasks": [{"name": "Import", "ansible.builtin.import_role": {"name": ROLE}}]},
    "free": {"strategy": "free", "tasks": [{"name": "Include", "ansible.builtin.include_role": {"name": ROLE}}]},
    # The last one, because it ends the run.
    "fatal": {"any_errors_fatal": True, "roles": [ROLE]},
}


def test_only_the_host_that_fails_goes_back(site: Site) -> None:
    bad = {f"{name}_bad": declared(BAD, site.test()) for name in PLAYS}
    good = {f"{name}_good": declared(GOOD, site.test()) for name in PLAYS}
    for host in (*bad, *good):
        site.install(host)
    playbook = [{"name": name, "hosts": f"{name}_*", "gather_facts": False, **play} for name, play in PLAYS.items()]
    run = site.fleet.play(playbook, {**bad, **good})
    ends = {host: failure["error_code"] for host, failure in run.failures.items()}
    assert ends == dict.fromkeys(bad, "rolled_back"), run.output
    assert {host: site.entries(host) for host in bad} == dict.fromkeys(bad, WENT_BACK)
    assert {host: site.entries(host) for host in good} == dict.fromkeys(good, CONFIRMED)
    assert {host: site.fleet.recycled(host) for host in good} == dict.fromkeys(good, 1)


def test_a_controller_that_dies_before_the_test_leaves_a_change_that_is_tested_or_restored(site: Site) -> None:
    hosts = {host: declared(GOOD, site.test()) for host in ("tested", "restored")}
    for host in hosts:
        site.install(host)
    with _blocked(site) as server:
        blocked = {host: {**each, "weestimate_smtp_approval_server": server} for host, each in hosts.items()}
        _kill_when_recycling(site, blocked)
    assert {host: (site.entries(host), site.arrived(host)) for host in hosts} == dict.fromkeys(hosts, (OPEN, 0))
    assert {site.fleet.options(host)["SMTP Connect As"] for host in hosts} == {ALIAS}

    restore = {SETTINGS: {"store": "{{ weestimate_smtp_store }}", "state": "restored"}, "name": "Restore"}
    playbook = [
        {"name": "Mend", "hosts": "restored", "gather_facts": False, "tasks": [restore]},
        {"name": "Apply", "hosts": "tested", "gather_facts": False, "roles": [ROLE]},
    ]
    run = site.fleet.play(playbook, hosts)
    assert run.succeeded, run.output
    assert "was applied but never tested: recycling and testing it now." in run.output
    assert (site.entries("tested"), site.arrived("tested")) == (CONFIRMED, 1)
    assert site.fleet.recycled("tested") == 2
    assert site.entries("restored") == WENT_BACK
    assert site.fleet.options("restored")["SMTP Connect As"] == MAILBOX


@contextmanager
def _blocked(site: Site) -> Iterator[dict[str, Any]]:
    """An approval server whose recycle lasts until the block is left, and not for ever if this process dies."""
    hold = site.fleet.directory / "hold"
    hold.touch()
    log = f"{site.fleet.directory}/{{{{ inventory_hostname }}}}.recycled"
    script = f"echo once >> '{log}'; for i in $(seq 600); do test -e '{hold}' || exit 0; sleep 0.1; done; exit 1"
    try:
        yield {"kind": "command", "command": ["sh", "-c", script]}
    finally:
        hold.unlink()


def _kill_when_recycling(site: Site, hosts: Mapping[str, Mapping[str, Any]]) -> None:
    """Begin to apply, and kill the controller as soon as all hosts recycle."""
    ansible = site.fleet.ansible
    inventory = ansible.write("inventory.yml", site.fleet.inventory(hosts))
    log = (ansible.work / "killed.log").open("wb")
    process = subprocess.Popen(
        [PROGRAMS / "ansible-playbook", "--inventory", inventory, "weestimate.mail.apply"],
        env={**ansible.environment, "RECORD_FILE": str(ansible.work / "killed.jsonl")},
        cwd=ansible.work,
        stdout=log,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    with log, process:
        deadline = time.monotonic() + 60
        while any(site.fleet.recycled(host) == 0 for host in hosts):
            assert process.poll() is None, (ansible.work / "killed.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL
