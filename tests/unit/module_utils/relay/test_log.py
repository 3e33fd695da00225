# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from the log of a Postfix. The data were written by real ones, to servers that answered as named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.relay.log import Attempt, Log

DATA = Path(__file__).parent / "data"
LOGS = sorted(DATA.glob("postfix-*.jsonl"))

UPSTREAM = "upstream.contoso.test[127.0.0.1]"

#: The recipient's domain, which names the case: how it ended, with which code, and with which words.
OUTCOMES = {
    "sent": ("sent", "2.0.0", "250 2.0.0 Ok: queued as 4F3B2"),
    "rate": ("deferred", "4.2.1", "The user you are trying to contact is receiving mail at a rate"),
    "unknown": ("bounced", "5.1.1", "Recipient address rejected: User unknown in virtual mailbox table"),
    "sendas": ("bounced", "5.2.252", "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied"),
    "limit": ("deferred", "4.3.2", "432 4.3.2 Concurrent connections limit exceeded."),
    "banner": ("deferred", "4.3.2", f"host {UPSTREAM} refused to talk to me: 421 4.3.2 Service not available"),
    "basic": ("deferred", "4.7.139", f"SASL authentication failed; server {UPSTREAM} said: 535 5.7.139 "),
    "badpass": ("deferred", "4.7.8", "535 5.7.8 Error: authentication failed: (reason unavailable)"),
    "untrusted": ("deferred", "4.7.5", "Server certificate not verified: self-signed certificate"),
    "mismatch": ("deferred", "4.7.5", "Server certificate not verified: num=62:hostname mismatch"),
    "expiredcert": ("deferred", "4.7.5", "Server certificate not verified: certificate has expired"),
    "notls": ("deferred", "4.7.4", f"TLS is required, but was not offered by host {UPSTREAM}"),
    "nomech": ("deferred", "4.7.0", f"cannot authenticate to server {UPSTREAM}: no mechanism available"),
    "closes": ("deferred", "4.4.2", f"lost connection with {UPSTREAM} while receiving the initial server greeting"),
    "proxy": ("deferred", "4.0.0", "Email OAuth 2.0 Proxy: Login failed for account notifications@contoso.com"),
    "noauth": ("bounced", "5.7.57", "530 5.7.57 Client not authenticated to send mail."),
    "spam": ("bounced", "5.7.1", "550 5.7.1 Message contains spam or virus. (in reply to end of DATA command)"),
    "closesmail": ("deferred", "4.4.2", f"lost connection with {UPSTREAM} while sending MAIL FROM"),
    "hang": ("deferred", "4.4.2", f"conversation with {UPSTREAM} timed out while sending RCPT TO"),
    "size": ("bounced", "5.3.4", f"exceeds size limit 200 of server {UPSTREAM}"),
    "refused": ("deferred", "4.4.1", f"connect to {UPSTREAM}:2599: Connection refused"),
    "nohost": ("bounced", "5.4.4", "unable to look up host nowhere.invalid: Name or service not known"),
    "wrapper": ("deferred", "4.7.5", "Cannot start TLS: handshake failure: SSL routines::wrong version number"),
    "later": ("deferred", "4.0.0", "the administrator holds this mail"),
    "refusedroute": ("bounced", "5.7.1", "no route for this recipient"),
    "missing": ("deferred", "4.3.0", "mail transport unavailable"),
    "gone": ("sent", "2.0.0", "gone.test"),
    "box": ("sent", "2.0.0", "delivered to maildir"),
}


def read(path: Path) -> Log:
    log = Log()
    for line in path.read_bytes().splitlines():
        log.read(line)
    return log


def attempts_at(log: Log, domain: str) -> list[Attempt]:
    """The attempts of the mails that went to one recipient in a domain."""
    single = [mail.attempts for mail in log.mails.values() if len(mail.attempts) == 1]
    return [attempt for (attempt,) in single if attempt.recipient == f"pat@{domain}.test"]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
@pytest.mark.parametrize("domain", OUTCOMES)
def test_an_outcome_is_read_with_its_code_and_its_words(path: Path, domain: str) -> None:
    status, dsn, words = OUTCOMES[domain]

    attempt = attempts_at(read(path), domain)[0]

    assert (attempt.status, attempt.dsn) == (status, dsn)
    assert words in attempt.reason
    assert 0 <= attempt.seconds < 60


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_password_map_that_cannot_be_read_is_named(path: Path) -> None:
    last = attempts_at(read(path), "basic")[-1]

    assert last.status == "deferred"
    assert "local data error" in last.reason
    assert "/r5/sasl" in last.reason


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_each_recipient_of_a_mail_has_an_outcome_of_its_own(path: Path) -> None:
    mail = next(mail for mail in read(path).mails.values() if len(mail.attempts) > 1)

    found = {attempt.recipient: attempt.status for attempt in mail.attempts}

    assert found == {
        "pat@sent.test": "sent",
        "sam@sent.test": "sent",
        "nobody@unknown.test": "bounced",
        "pat@rate.test": "deferred",
    }
    assert mail.expected == 4
    assert mail.settled
    assert not mail.removed


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_mail_that_waited_too_long_is_expired(path: Path) -> None:
    expired = [mail for mail in read(path).mails.values() if mail.expired]

    assert expired
    assert {attempt.recipient for mail in expired for attempt in mail.attempts} >= {"pat@refused.test"}
    assert all(mail.settled for mail in expired)


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_mail_is_not_settled_before_its_first_attempt(path: Path) -> None:
    log, told = Log(), []
    for line in path.read_bytes().splitlines():
        log.read(line)
        if b"pat@hang.test" in line:
            break
        told.append(line)
    queue_id = next(name for name, mail in log.mails.items() if mail.attempts and "hang" in mail.attempts[0].recipient)
    before = Log()
    for line in told:
        before.read(line)

    assert not before.mails[queue_id].settled
    assert log.mails[queue_id].settled


def entry(message: object, process: str = "1") -> str:
    return json.dumps({"SYSLOG_PID": process, "MESSAGE": message})


TO = "4F3B2A18E013: to=<pat@contoso.com>, relay=mx[192.0.2.1]:25, delay=1.5, delays=0/0/1/0.5, dsn="


def test_a_queue_id_that_is_used_again_stands_for_the_last_mail() -> None:
    log = Log()
    for message in (
        "4F3B2A18E013: message-id=<1@contoso.com>",
        f"{TO}5.0.0, status=bounced (first)",
        "4F3B2A18E013: removed",
        "4F3B2A18E013: message-id=<2@contoso.com>",
    ):
        log.read(entry(message))

    assert log.mails["4F3B2A18E013"].attempts == []
    assert not log.mails["4F3B2A18E013"].removed


def test_further_fields_do_not_matter_and_a_soft_bounce_is_a_deferral_for_what_would_be_final() -> None:
    log = Log()
    log.read(
        entry(
            "4F3B2A18E013: to=<pat@contoso.com>, orig_to=<root>, relay=mx[192.0.2.1]:25, conn_use=2, tls=verified, "
            "delay=1.5, delays=0/0/1/0.5, dsn=4.7.60, status=SOFTBOUNCE (host said: 550 no (really))"
        )
    )

    (attempt,) = log.mails["4F3B2A18E013"].attempts
    assert attempt == Attempt(
        "pat@contoso.com", "deferred", "5.7.60", "mx[192.0.2.1]:25", "host said: 550 no (really)", 1.5
    )


def test_what_another_process_said_of_a_certificate_is_not_taken_for_ones_own() -> None:
    log = Log()
    log.read(entry("certificate verification failed for a[192.0.2.1]:25: self-signed certificate", "1"))
    log.read(entry(f"{TO}4.7.5, status=deferred (Server certificate not verified)", "2"))

    assert log.mails["4F3B2A18E013"].attempts[0].reason == "Server certificate not verified"


@pytest.mark.parametrize("line", [b"", b"-- No entries --", b"{", b"[1]", b'"text"', b'{"MESSAGE": null}', b"\xff"])
def test_what_is_no_entry_is_ignored(line: bytes) -> None:
    log = Log()
    log.read(line)

    assert log.mails == {}


def test_a_message_that_is_no_utf_8_comes_as_bytes() -> None:
    log = Log()
    log.read(entry(list(f"{TO}5.0.0, status=bounced (host said: 550 fo\xfc)".encode("latin-1"))))

    assert log.mails["4F3B2A18E013"].attempts[0].reason == "host said: 550 fo\ufffd"
