# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trial as a whole: what was sent is looked for, and what came of it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hostile import HostileServer
from scripted_imap import ImapServer

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp import trial

TOKEN = "0123456789abcdef"
CONVERSATION = {
    "timeout": 5,
    "tls": {"verify": True, "ca_file": None, "minimum_version": "TLSv1.2", "implicit_ports": [465]},
    "mechanism": "auto",
    "oauth_token": None,
    "allow_plaintext_password_to": [],
}

Send = Callable[..., dict[str, Any]]


@pytest.fixture
def relay() -> Iterator[HostileServer]:
    """A mail server without fault."""
    with HostileServer() as running:
        yield running


@pytest.fixture
def send(relay: HostileServer, imap: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Send:
    """Send through the relay and look into the mailbox. The token is known, so that the mail can be there already."""
    monkeypatch.setattr(trial, "new_token", lambda: TOKEN)
    settings = {"smtp_mail_enabled": True, "smtp_address": "127.0.0.1", "smtp_port": relay.port, "use_ssl": False}
    confirm = {"imap": imap, "timeout": 1, "interval": 1, "delete": False, "fail_on_junk": False}

    def sent(*, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        arguments = {
            **CONVERSATION,
            "kind": "approval",
            "to": ["bob@example.com"],
            "acting_user": "alice@example.com",
            "confirm": {**confirm, **more},
        }
        return trial.send(settings, arguments, check_mode=check_mode)

    return sent


def test_a_mail_that_arrives(send: Send, server: ImapServer) -> None:
    server.deliver(x_weestimate_mail_test=TOKEN, authentication_results="mx; spf=pass; dkim=fail")

    told = send()

    assert (told["failed_stage"], told["failure"], told["token"]) == (None, None, TOKEN)
    assert (told["delivery"]["folder"], told["delivery"]["junk"]) == ("INBOX", False)
    assert told["delivery"]["authentication_results"]["dkim"] == "fail"
    assert told["stages"][-1] == {**told["stages"][-1], "name": "delivered", "status": "ok"}


@pytest.mark.parametrize(("spurned", "failed"), [(False, None), (True, "delivered")])
def test_a_mail_among_junk(send: Send, server: ImapServer, spurned: bool, failed: str | None) -> None:
    server.deliver("Junk", x_weestimate_mail_test=TOKEN)

    told = send(fail_on_junk=spurned)

    assert (told["failed_stage"], told["delivery"]["folder"], told["delivery"]["junk"]) == (failed, "Junk", True)


def test_a_mail_that_does_not_arrive(send: Send, server: ImapServer) -> None:
    server.deliver(subject="another")

    told = send()

    assert (told["failed_stage"], told["failure"], told["delivery"]) == ("delivered", None, None)
    assert told["stages"][-1]["status"] == "failed"
    assert "1 second" in told["stages"][-1]["detail"]


def test_a_mailbox_that_cannot_be_read_is_found_out_before_anything_is_sent(
    send: Send, relay: HostileServer, imap: dict[str, Any]
) -> None:
    with pytest.raises(MailSettingsError) as caught:
        send(imap={**imap, "password": "wrong"})

    assert caught.value.code == "mailbox_unavailable"
    assert relay.verbs == []


def test_check_mode_asks_neither_for_the_mail_nor_for_the_mailbox(
    send: Send, relay: HostileServer, imap: dict[str, Any]
) -> None:
    told = send(check_mode=True, imap={**imap, "password": "wrong"})

    assert (told["failed_stage"], told["delivery"], told["stages"][-1]["status"]) == (None, None, "skipped")
    assert "DATA" not in relay.verbs


def test_watching_sends_nothing(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver(subject="was there before")
    confirm = {
        "imap": imap,
        "timeout": 1,
        "interval": 1,
        "delete": False,
        "fail_on_junk": False,
        "subject": "was there",
    }

    told = trial.watch(confirm, check_mode=False)

    assert (told["failed_stage"], told["route"], told["token"]) == ("delivered", None, None)
    assert [stage["name"] for stage in told["stages"]] == ["delivered"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_check_mode_deletes_no_mail_that_was_watched_for(
    server: ImapServer, imap: dict[str, Any], check_mode: bool
) -> None:
    confirm = {"imap": imap, "timeout": 5, "interval": 1, "delete": True, "fail_on_junk": False, "subject": "Quote"}
    timer = threading.Timer(1, lambda: server.deliver(subject="Quote 1"))
    timer.start()

    told = trial.watch(confirm, check_mode=check_mode)

    timer.join()
    assert told["failed_stage"] is None
    assert bool(server.folders['"INBOX"']) is check_mode
