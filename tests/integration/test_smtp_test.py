# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_test, the probe of smtp_settings, and smtp_doctor, as playbooks use them against a mail server."""

from __future__ import annotations

import base64
import functools
import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from desk import PLACES, Desk, Scenario, journal, make_read_only, notes, play, settings, sqlite
from harness import Ansible
from mailserver import archive, certificates, process
from weestimate import database

TEST, DOCTOR = "weestimate.mail.smtp_test", "weestimate.mail.smtp_doctor"
MAILBOX, ALICE, BOB = "weestimate@example.com", "alice@example.com", "bob@example.com"
PASSWORD = "the password of the mailbox"


@dataclass(frozen=True)
class Post:
    """The mail server of the demonstration: a relay without a login, and a submission that judges who sends as whom."""

    ports: dict[str, int]
    directory: Path

    @property
    def tls(self) -> dict[str, Any]:
        return {
            "ca_file": str(self.directory / "certificates" / "ca.pem"),
            "implicit_ports": [self.ports["submissions"]],
        }

    def stored(self, listener: str = "submission", **options: str) -> dict[str, str]:
        """Options of an instance that sends through a listener; ``_`` stands for a blank in an option's name."""
        login = listener != "internal-relay"
        return {
            "SMTP Mail Enabled": "TRUE",
            "SMTP Address": "127.0.0.1",
            "SMTP Port": str(self.ports[listener]),
            "Use SSL": "TRUE" if login else "FALSE",
            "SMTP User": MAILBOX if login else "",
            "SMTP Password": PASSWORD if login else "",
            "Enable SMTP Send As": "TRUE",
            "SMTP Connect As": MAILBOX,
            **{name.replace("_", " "): value for name, value in options.items()},
        }

    def test(self, path: Path, **arguments: Any) -> dict[str, Any]:
        """A smtp_test task on a database, without its name."""
        return {
            TEST: {
                "store": sqlite(path),
                "to": [BOB],
                "acting_user": ALICE,
                "tls": self.tls,
                "timeout": 20,
                **arguments,
            }
        }

    def with_token(self, token: str) -> archive.KeptMail:
        """The one mail that has arrived with a token in its header and its subject."""
        (mail,) = (each for each in self.arrived() if each.message["X-WeEstimate-Mail-Test"] == token)
        assert token in mail.message["Subject"]
        return mail

    def arrived(self) -> Iterator[archive.KeptMail]:
        return archive.read(self.directory / "mails")


SCENARIOS: list[Callable[[Desk, Post], Scenario]] = []


def scenario(function: Callable[[Desk, Post], Scenario]) -> Callable[[Desk, Post], Scenario]:
    """Have a scenario played, and its outcome told by `test_scenario`."""
    SCENARIOS.append(function)
    return function


def status_of(answer: Any) -> dict[str, str]:
    return {stage["name"]: stage["status"] for stage in answer["stages"]}


@scenario
def each_kind_of_mail_is_what_weestimate_would_send(desk: Desk, post: Post) -> Scenario:
    send_as = desk.instance("send_as", post.stored(Send_SMTP_to_Self="TRUE"))
    themselves = desk.instance("themselves", post.stored("internal-relay", Enable_SMTP_Send_As="FALSE"))
    answers = yield {
        f"{name} {kind}": post.test(path, kind=kind)
        for name, path in (("send_as", send_as), ("themselves", themselves))
        for kind in ("approval", "customer_document", "self_document")
    }
    seen = {}
    for name, answer in answers.items():
        assert (answer["status"], answer["changed"], answer["ok"]) == ("ok", False, True), answer
        assert (answer["failed_stage"], answer["diagnosis"], answer["delivery"]) == (None, None, None)
        assert (answer["ran_on"], answer["attempts"]) == ("controller", 1)
        mail = post.with_token(answer["token"])
        assert mail.message["From"] == mail.arrival.sender
        seen[name] = (mail.arrival.sender, mail.message["Reply-To"], mail.arrival.recipients)
    assert seen == {
        "send_as approval": (MAILBOX, ALICE, (BOB,)),
        "send_as customer_document": (MAILBOX, ALICE, (BOB, ALICE)),
        "send_as self_document": (MAILBOX, ALICE, (ALICE,)),
        "themselves approval": (ALICE, None, (BOB,)),
        "themselves customer_document": (ALICE, None, (BOB,)),
        "themselves self_document": (ALICE, None, (ALICE,)),
    }
    assert answers["send_as approval"]["tls"]["expires_in_days"] > 0
    assert answers["themselves approval"]["tls"] is None
    assert status_of(answers["themselves approval"])["auth"] == "skipped"


@scenario
def it_speaks_from_either_place_and_over_either_kind_of_tls(desk: Desk, post: Post) -> Scenario:
    answers = yield {
        f"{listener} {place}": post.test(desk.instance(f"{listener}-{place}", post.stored(listener)), run_on=place)
        for listener in ("submission", "submissions")
        for place in PLACES
    }
    for name, answer in answers.items():
        assert answer["status"] == "ok", answer
        assert (answer["ok"], answer["ran_on"]) == (True, name.split()[1])
        assert post.with_token(answer["token"]).arrival.authenticated_as == MAILBOX


@scenario
def it_speaks_as_far_as_asked_and_check_mode_sends_nothing(desk: Desk, post: Post) -> Scenario:
    path = desk.instance("instance", post.stored())
    stops = ("connect", "tls", "auth", "envelope")
    answers = yield {
        **{stop: post.test(path, stop_after=stop) for stop in stops},
        "check": {**post.test(path), "check_mode": True},
    }
    last = {
        name: [stage for stage, status in status_of(answer).items() if status == "ok"][-1]
        for name, answer in answers.items()
    }
    assert last == {"connect": "ehlo", "tls": "tls", "auth": "auth", "envelope": "rcpt_to", "check": "rcpt_to"}
    assert answers["auth"]["token"] is None
    assert [
        each for each in post.arrived() if each.message["X-WeEstimate-Mail-Test"] == answers["check"]["token"]
    ] == []


@scenario
def a_failure_names_stage_cause_owner_and_remedy(desk: Desk, post: Post) -> Scenario:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        closed_port = str(unused.getsockname()[1])
        wrong = post.stored(SMTP_Password="not the one")
        anonymous = post.stored(SMTP_User="", SMTP_Password="")
        cases = {
            "auth auth_bad_credentials": post.test(desk.instance("password", wrong)),
            "connect connection_refused": post.test(desk.instance("closed", {**wrong, "SMTP Port": closed_port})),
            "dns dns_failure": post.test(desk.instance("nowhere", {**wrong, "SMTP Address": "no.such.invalid"})),
            "tls certificate_untrusted": post.test(desk.instance("untrusted", post.stored()), tls={}),
            "auth tls_required": post.test(desk.instance("clear", post.stored(Use_SSL="FALSE"))),
            "mail_from auth_required": post.test(desk.instance("anonymous", anonymous)),
            "accepted send_as_denied": post.test(desk.instance("send as", post.stored(Enable_SMTP_Send_As="FALSE"))),
        }
        answers = yield {
            **cases,
            "target": post.test(desk.instance("there", wrong), run_on="target"),
        }
    for name in cases:
        answer = answers[name]
        assert (answer["status"], answer["error_code"], answer["ok"]) == ("ignored", "test_failed", False)
        diagnosis = answer["diagnosis"]
        assert f"{answer['failed_stage']} {diagnosis['cause']}" == name
        assert answer["msg"].endswith(answer["remedy"])
        assert all(word in answer["msg"] for word in (answer["failed_stage"], diagnosis["summary"], diagnosis["owner"]))
        assert diagnosis["remedy"]
    assert answers["target"]["diagnosis"] == answers["auth auth_bad_credentials"]["diagnosis"]
    assert answers["target"]["ran_on"] == "target"


@scenario
def what_keeps_a_test_from_beginning_says_so(desk: Desk, post: Post) -> Scenario:
    path, off = desk.instance("instance", post.stored()), desk.instance("off", {})
    carol = "carol@example.com"
    answers = yield {
        "off": post.test(off, to=[carol]),
        "no recipient": post.test(path, to=[]),
        "nobody": post.test(
            desk.instance("users", post.stored(Enable_SMTP_Send_As="FALSE")), to=[carol], acting_user=None
        ),
        "customer": post.test(path, to=[carol, "buyer@example.net"], allowed_recipient_domains=["Example.COM"]),
        "self": post.test(path, kind="self_document", acting_user=carol, allowed_recipient_domains=["example.net"]),
        "delivery": post.test(path, to=[carol], stop_after="delivery"),
        "nothing": {TEST: {}},
        "misspelled": post.test(path, confirm={"imap": {"host": "x", "pasword": "hidden"}}),
        "elsewhere": post.test(path, settings={"smtp_address": "smtp.example.net"}),
        "allowed": post.test(path, to=[carol], allowed_recipient_domains=["EXAMPLE.com"], stop_after="envelope"),
    }
    codes = {name: answer.get("error_code") for name, answer in answers.items()}
    assert codes == {
        **dict.fromkeys(answers, "schema_invalid"),
        "off": "mail_disabled",
        "elsewhere": "redirect_without_password",
        "allowed": None,
    }
    assert "buyer@example.net" in answers["customer"]["msg"]
    violations = {each["path"]: each["remedy"] for each in answers["misspelled"]["violations"]}
    assert violations["confirm.imap.pasword"] == "Did you mean password?"
    assert {"confirm.imap", "confirm.imap.user"} < set(violations)
    assert not any(carol in each.arrival.recipients for each in post.arrived())


@scenario
def a_candidate_is_tried_without_being_written(desk: Desk, post: Post) -> Scenario:
    path = desk.instance("instance", post.stored(SMTP_Password="the former one"))
    complete = {
        "smtp_address": "127.0.0.1",
        "smtp_port": post.ports["submission"],
        "use_ssl": True,
        "smtp_user": MAILBOX,
        "smtp_password": PASSWORD,
    }
    before = path.read_bytes()
    answers = yield {
        "stored": post.test(path, stop_after="auth"),
        "laid over": post.test(path, stop_after="auth", settings={"smtp_password": PASSWORD}),
        "alone": {TEST: {"settings": complete, "tls": post.tls, "stop_after": "auth"}},
    }
    assert {name: answer["ok"] for name, answer in answers.items()} == {
        "stored": False,
        "laid over": True,
        "alone": True,
    }
    assert path.read_bytes() == before


@scenario
def the_probe_keeps_a_candidate_out_that_cannot_log_in(desk: Desk, post: Post) -> Scenario:
    stored = post.stored()
    paths = {name: desk.instance(name, stored) for name in ("here", "target", "check", "off", "good", "without")}
    wrong, probe = {"smtp_password": "not the one"}, {"tls": post.tls}
    before = {name: path.read_bytes() for name, path in paths.items()}
    answers = yield {
        "here": settings(paths["here"], wrong, probe=probe),
        "target": settings(paths["target"], wrong, probe=probe, run_on="target"),
        "check": {**settings(paths["check"], wrong, probe=probe), "check_mode": True},
        "off": settings(paths["off"], {**wrong, "smtp_mail_enabled": False}, probe=probe),
        "good": settings(paths["good"], {"send_smtp_to_self": True}, probe=probe),
        "without": settings(paths["without"], wrong, probe={**probe, "enabled": False}),
    }
    for place in ("here", "target"):
        answer = answers[place]
        assert (answer["error_code"], answer["failed_stage"]) == ("candidate_refused", "auth")
        assert answer["diagnosis"]["cause"] == "auth_bad_credentials"
        assert "Nothing was changed" in answer["msg"]
        assert "trial" not in answer
        assert paths[place].read_bytes() == before[place]
    assert paths["check"].read_bytes() == before["check"]
    assert {name: answers[name]["changed"] for name in ("check", "off", "good", "without")} == {
        "check": True,
        "off": True,
        "good": True,
        "without": True,
    }


@scenario
def what_was_never_proven_is_told_until_it_is(desk: Desk, post: Post) -> Scenario:
    path = desk.instance("instance", post.stored())
    told = {"report_unconfirmed": True}
    answers = yield {
        "first": settings(path, {"send_smtp_to_self": True}, changed_by="ops", **told),
        "again": settings(path, {"send_smtp_to_self": True}, **told),
        "not asked": settings(path, {"send_smtp_to_self": True}),
        "confirm": settings(path, state="confirmed"),
        "after": settings(path, {"send_smtp_to_self": True}, **told),
    }
    assert (answers["first"]["changed"], answers["first"]["unconfirmed"]) == (True, None)
    unconfirmed = answers["again"]["unconfirmed"]
    assert (unconfirmed["id"], unconfirmed["changed_by"], unconfirmed["state"]) == (1, "ops", "open")
    assert "unconfirmed" not in answers["not asked"]
    assert answers["after"]["unconfirmed"] is None
    assert [entry["state"] for entry in journal(path)] == ["confirmed"]


def of_weestimate(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM programOption").fetchall()


@scenario
def how_a_test_went_is_noted_from_either_place(desk: Desk, post: Post) -> Scenario:
    paths = {place: desk.instance(place, post.stored()) for place in PLACES}
    before = {place: of_weestimate(path) for place, path in paths.items()}
    author = {"changed_by": "alice", "run": "job 1"}
    answers = yield {
        **{place: post.test(path, record=True, run_on=place, **author) for place, path in paths.items()},
        "document": post.test(paths["target"], record=True, kind="customer_document", stop_after="auth"),
    }
    for place, path in paths.items():
        answer, note = answers[place], notes(path)["test:approval"]
        assert (answer["ok"], answer.get("warnings") or []) == (True, []), answer
        assert (note["notedBy"], note["run"]) == ("alice", "job 1")
        content = note["content"]
        assert (content["ok"], content["failed_stage"], content["failure"]) == (True, None, None)
        assert [stage["name"] for stage in content["stages"]] == [stage["name"] for stage in answer["stages"]]
        assert content["route"] == {"address": "127.0.0.1", "port": post.ports["submission"], "mode": "starttls"}
        assert content["certificate_expires_at"] == answer["tls"]["expires_at"]
        assert content["began_at"] <= note["notedAt"]
        assert of_weestimate(path) == before[place]
    assert set(notes(paths["target"])) == {"test:approval", "test:customer_document"}
    assert "@" in notes(paths["target"])["test:customer_document"]["notedBy"]


@scenario
def a_failed_test_takes_the_place_of_the_former_note_and_holds_no_secret(desk: Desk, post: Post) -> Scenario:
    path = desk.instance("instance", post.stored())
    yield {"good": post.test(path, record=True, stop_after="auth")}
    assert notes(path)["test:approval"]["content"]["ok"] is True
    database.write(path, {"SMTP Password": "neither this one"})
    answer = (yield {"bad": post.test(path, record=True, retries=1, retry_delay=0)})["bad"]
    content = notes(path)["test:approval"]["content"]
    assert (answer["failed_stage"], content["ok"], content["failed_stage"]) == ("auth", False, "auth")
    assert content["failure"]["code"] == 535
    told = json.dumps(content)
    assert not any(secret in told for secret in ("neither this one", PASSWORD, base64.b64encode(b"neither").decode()))


@scenario
def only_what_the_instance_holds_is_noted_and_only_if_asked(desk: Desk, post: Post) -> Scenario:
    path = desk.instance("instance", post.stored())
    before = path.read_bytes()
    brief = functools.partial(post.test, path, stop_after="auth")
    answers = yield {
        "not asked": brief(),
        "check": {**brief(record=True), "check_mode": True},
        "candidate": brief(record=True, settings={"smtp_password": PASSWORD}),
        "without a journal": brief(record=True, journal="none"),
        "not begun": post.test(path, record=True, to=[]),
    }
    assert [answers[name]["status"] for name in answers] == ["ok"] * 4 + ["ignored"]
    assert path.read_bytes() == before


@scenario
def what_cannot_be_noted_is_a_warning(desk: Desk, post: Post) -> Scenario:
    path, elsewhere = desk.instance("instance", post.stored()), desk.instance("elsewhere", post.stored())
    make_read_only(path)
    answers = yield {
        "read-only": post.test(path, record=True, stop_after="auth"),
        "target": post.test(path, record=True, stop_after="auth", run_on="target"),
        "no table": post.test(elsewhere, record=True, stop_after="auth", journal={"create": False}),
        "another table": post.test(elsewhere, record=True, stop_after="auth", journal={"table": "audit"}),
    }
    assert [answer["ok"] for answer in answers.values()] == [True] * 4
    assert list(notes(elsewhere, "auditNote")) == ["test:approval"]


DAVE = "dave@example.com"


def doctor(post: Post, path: Path, **arguments: Any) -> dict[str, Any]:
    return {DOCTOR: {"store": sqlite(path), "to": [DAVE], "acting_user": ALICE, "tls": post.tls, **arguments}}


def statuses(answer: Any) -> dict[str, str]:
    return {finding["point"]: finding["status"] for finding in answer["findings"]}


@scenario
def the_doctor_goes_through_the_checklist(desk: Desk, post: Post) -> Scenario:
    good = desk.instance("good", post.stored())
    bad = desk.instance("bad", post.stored(SMTP_Password="not the one", SMTP_Mail_Enabled="FALSE"))
    answers = yield {
        "change": settings(good, {"send_smtp_to_self": True}),
        "good": doctor(post, good, approval_server={"host": "east", "reached": True}, certificate_days=1),
        "target": doctor(post, good, run_on="target"),
        "brief": doctor(post, good, to=[]),
        "bad": doctor(
            post, bad, approval_server={"host": "east", "reached": False, "said": "timed out"}, certificate_days=1
        ),
        "empty": doctor(post, desk.instance("empty", {})),
    }
    assert statuses(answers["good"]) == {
        **dict.fromkeys(statuses(answers["good"]), "ok"),
        "Mail server logs": "not_checkable",
        "Age of the password": "not_checkable",
        "Proof of the last change": "warning",
    }
    assert answers["good"]["ok"] is True
    assert statuses(answers["target"])["Recipient addresses"] == "ok"
    for point in ("Recipient addresses", "Send As"):
        assert statuses(answers["brief"])[point] == "not_checkable"
    assert statuses(answers["bad"]) == {
        **dict.fromkeys(statuses(answers["bad"]), "ok"),
        "SMTP Mail Enabled": "failed",
        "SMTP User and SMTP Password": "failed",
        "Send As": "not_checkable",
        "Mail server logs": "not_checkable",
        "Recipient addresses": "not_checkable",
        "Firewall, from the approval server": "failed",
        "Age of the password": "not_checkable",
        "Edits by hand": "not_checkable",
        "Proof of the last change": "not_checkable",
    }
    assert (answers["bad"]["status"], answers["bad"]["ok"]) == ("ok", False)
    assert statuses(answers["empty"])["SMTP Address and SMTP Port"] == "failed"
    for answer in (answers["good"], answers["bad"]):
        assert all(finding["remedy"] for finding in answer["findings"] if finding["status"] in ("warning", "failed"))
        lines = "\n".join(answer["table"])
        assert all(finding["point"] in lines for finding in answer["findings"])
    assert not any(DAVE in each.arrival.recipients for each in post.arrived())


@scenario
def the_doctor_knows_what_was_edited_by_hand(desk: Desk, post: Post) -> Scenario:
    path = desk.instance("instance", post.stored())
    yield {"change": settings(path, {"smtp_password": "another"}), "back": settings(path, {"smtp_password": PASSWORD})}
    database.write(path, {"Send SMTP to Self": "TRUE"})
    answer = (yield {"examine": doctor(post, path)})["examine"]
    found = {finding["point"]: finding for finding in answer["findings"]}
    assert found["Edits by hand"]["status"] == "warning"
    assert "send_smtp_to_self" in found["Edits by hand"]["why"]
    assert found["Age of the password"]["why"] == "The password is 0 days old."


# --- the run -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    directory = tmp_path_factory.mktemp("post")
    certificates.make(directory / "certificates")
    configuration = {
        "mails": directory / "mails",
        "certificates": directory / "certificates",
        "accounts": {MAILBOX: {"password": PASSWORD}},
    }
    with process.running(configuration, directory) as ports:
        yield Post(ports, directory)


@pytest.fixture(scope="module")
def outcome(
    tmp_path_factory: pytest.TempPathFactory, collections_path: Path, post: Post
) -> dict[str, BaseException | None]:
    """What became of each scenario."""
    ansible = Ansible(tmp_path_factory.mktemp("scenarios"), collections_path)
    bound = [functools.wraps(each)(functools.partial(each, post=post)) for each in SCENARIOS]
    return play(ansible, bound, ANSIBLE_PIPELINING="True")


@pytest.mark.parametrize("name", [each.__name__ for each in SCENARIOS])
def test_scenario(outcome: dict[str, BaseException | None], name: str) -> None:
    if outcome[name]:
        raise outcome[name]
