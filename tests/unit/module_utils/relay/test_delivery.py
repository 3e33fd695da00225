# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one mail is followed: by a real log, and by programs of this test that answer as Postfix and the journal do."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from relayprograms import RelayPrograms

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.relay import delivery, queue
from ansible_collections.weestimate.mail.plugins.module_utils.relay.log import Log

DATA = Path(__file__).parent / "data"
LINES = (DATA / "postfix-3.7.jsonl").read_text("utf-8").splitlines()
QUEUE = (DATA / "queue-3.7.jsonl").read_text("utf-8")


def queue_id_of(recipient: str, number: int = 0) -> str:
    """The ID of the mail, by its place in the log, that went to a recipient."""
    return re.findall(rf'"(\w+): to=<{re.escape(recipient)}>', "\n".join(LINES))[number]


@pytest.fixture(scope="module")
def log() -> Log:
    read = Log()
    for line in LINES:
        read.read(line)
    return read


@pytest.mark.parametrize(
    ("recipient", "status"),
    [
        ("pat@sent.test", "sent"),
        ("pat@badpass.test", "deferred"),
        ("pat@unknown.test", "bounced"),
        ("pat@refused.test", "expired"),
        ("nobody@unknown.test", "bounced"),
    ],
)
def test_a_mail_is_as_its_recipient_who_fared_worst(log: Log, recipient: str, status: str) -> None:
    fate = delivery.fate_in(log, queue_id_of(recipient)).as_dict()

    assert fate["status"] == status
    assert fate["reason"]


def test_the_words_are_those_of_the_worst(log: Log) -> None:
    told = delivery.fate_in(log, queue_id_of("nobody@unknown.test")).as_dict()

    assert (told["dsn"], told["relay"]) == ("5.1.1", "upstream.contoso.test[127.0.0.1]:2503")
    assert "User unknown" in told["reason"]
    assert [each["status"] for each in told["recipients"]].count("sent") == 2


def test_a_mail_that_the_relay_hands_to_itself_is_followed(log: Log) -> None:
    first = next(name for name, mail in log.mails.items() if "127.0.0.1[127.0.0.1]" in str(mail.attempts))

    fate = delivery.fate_in(log, first)

    assert fate.status == "sent"
    assert fate.attempts[0].relay == "upstream.contoso.test[127.0.0.1]:2501"
    assert fate.attempts[0].seconds > log.mails[first].attempts[0].seconds


def handed_on(queue_id: str, other: str) -> str:
    """The entry of a mail that was taken by something on the same host, which gave it another ID."""
    message = (
        f"{queue_id}: to=<pat@contoso.com>, relay=127.0.0.1[127.0.0.1]:10026, delay=1, delays=1/0/0/0, dsn=2.0.0, "
        f"status=sent (250 2.0.0 Ok: queued as {other})"
    )
    return json.dumps({"MESSAGE": message})


def test_an_id_that_another_host_gave_ends_the_way() -> None:
    log = Log()
    log.read(json.dumps({"MESSAGE": "4F3B2A18E013: from=<a@contoso.com>, size=1, nrcpt=1 (queue active)"}))
    log.read(handed_on("4F3B2A18E013", "123456789A"))

    assert delivery.fate_in(log, "4F3B2A18E013").status == "sent"


def test_a_mail_that_goes_round_in_circles_has_an_end() -> None:
    log = Log()
    log.read(handed_on("AAAAAA", "BBBBBB"))
    log.read(handed_on("BBBBBB", "AAAAAA"))

    assert delivery.fate_in(log, "AAAAAA").attempts[0].seconds == 5.0


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("4F3B2A18E013", "4F3B2A18E013"),
        ("250 2.0.0 Ok: queued as 4F3B2A18E013", "4F3B2A18E013"),
        ("2.0.0 Ok: queued as 4Xw3bJ5tZyz9Qk\n", "4Xw3bJ5tZyz9Qk"),
    ],
)
def test_the_id_is_found_in_the_answer_of_the_relay(text: str, queue_id: str) -> None:
    assert delivery.queue_id_in(text) == queue_id


@pytest.mark.parametrize("text", ["", "2.0.0 Ok", "-v", "4F3B2A18E013 4F3B2A18E014", "a\nqueued as ../../etc"])
def test_what_holds_no_id_is_refused(text: str) -> None:
    with pytest.raises(MailSettingsError) as caught:
        delivery.queue_id_in(text)

    assert caught.value.code == "schema_invalid"
    assert caught.value.details["violations"][0]["path"] == "queue_id"


def test_the_queue_tells_who_waits_and_why() -> None:
    mails = {mail.recipients[0].address: mail for mail in queue.parsed(QUEUE)}

    assert mails["pat@refused.test"].recipients[0].reason.endswith(":2599: Connection refused")
    assert mails["pat@refused.test"].queue == queue.WAITING
    assert mails["pat@basic.test"].queue == queue.HELD
    assert 1795370000 < mails["pat@hang.test"].arrived < 1795380000


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host whose programs answer from files; a line "sleep" in the journal takes half a second."""
    programs = RelayPrograms(tmp_path)
    lines = 'case $line in sleep) sleep 0.5;; *) printf "%s\\n" "$line";; esac'
    programs.program("journalctl", f'while read -r line; do {lines}; done < "{tmp_path}/journal"; exec sleep 60')
    monkeypatch.setenv("PATH", programs.path)
    return tmp_path


def follow(queue_id: str, timeout: int = 1) -> dict:
    return delivery.follow({"queue_id": queue_id, "timeout": timeout, "log_minutes": 10})


def test_a_mail_is_followed_until_its_first_attempt(host: Path) -> None:
    wanted = queue_id_of("pat@sent.test")
    last = next(number for number, line in enumerate(LINES) if f"{wanted}: to=" in line)
    journal = [*LINES[:last], "sleep", LINES[last]]
    host.joinpath("journal").write_text("\n".join(journal).replace("\\", "\\\\") + "\n", "utf-8")
    began = time.monotonic()

    told = follow(wanted, timeout=20)

    assert told["ok"]
    assert told["status"] == "sent"
    assert 0.4 < time.monotonic() - began < 10


def test_what_was_deferred_before_the_log_began_is_told_by_the_queue(host: Path) -> None:
    host.joinpath("queue").write_text(QUEUE, "utf-8")
    began = time.monotonic()

    told = follow(queue_id_of("pat@untrusted.test"), timeout=20)

    assert (told["ok"], told["status"]) == (False, "deferred")
    assert told["reason"] == "Server certificate not verified"
    assert (told["dsn"], told["relay"]) == (None, None)
    assert time.monotonic() - began < 10


def test_a_mail_that_waits_after_the_relay_has_handed_it_to_itself_is_found_in_the_queue(host: Path) -> None:
    waiting = queue_id_of("pat@untrusted.test")
    taken = json.dumps({"MESSAGE": f"{waiting}: message-id=<1@contoso.com>"})
    host.joinpath("journal").write_text(f"{taken}\n{handed_on('4F3B2A18E013', waiting)}\n", "utf-8")
    host.joinpath("queue").write_text(QUEUE, "utf-8")

    told = follow("4F3B2A18E013")

    assert (told["queue_id"], told["status"]) == ("4F3B2A18E013", "deferred")
    assert told["reason"] == "Server certificate not verified"


def test_what_is_held_is_queued(host: Path) -> None:
    host.joinpath("queue").write_text(QUEUE, "utf-8")

    assert follow(queue_id_of("pat@basic.test", 1))["status"] == "queued"


@pytest.mark.usefixtures("host")
def test_what_nobody_knows_is_unknown() -> None:
    assert follow("4F3B2A18E013") == {
        "queue_id": "4F3B2A18E013",
        "ok": False,
        "status": "unknown",
        "dsn": None,
        "relay": None,
        "reason": None,
        "seconds": 0.0,
        "recipients": [],
    }


@pytest.mark.parametrize(
    ("program", "body"),
    [("postqueue", "echo 'fatal: Cannot flush mail queue' >&2; exit 69"), ("journalctl", "exit 1")],
)
def test_a_host_that_is_no_relay_is_named_as_such(host: Path, program: str, body: str) -> None:
    host.joinpath(program).write_text(f"#!/bin/sh\n{body}\n", "utf-8")

    with pytest.raises(MailSettingsError) as caught:
        follow("4F3B2A18E013")

    assert caught.value.code == "relay_unwell"
    assert caught.value.message.startswith(program)


def test_programs_that_are_missing_are_named(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host.joinpath("postqueue").unlink()
    monkeypatch.setenv("PATH", str(host))

    with pytest.raises(MailSettingsError, match="postqueue on this host cannot be started"):
        follow("4F3B2A18E013")
