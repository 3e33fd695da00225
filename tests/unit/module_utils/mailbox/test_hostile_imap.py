# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever an IMAP server does instead of its duty, a visit ends in time and in bounds, and keeps the secret."""

from __future__ import annotations

import base64
import socket
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from scripted_imap import ImapServer, Script

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp import mailbox
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.mailbox import Search, open_mailbox

#: Seconds that a visit may take, and that it may exceed them in these tests, on a machine that is busy.
TIMEOUT, SLACK = 0.2, 2.5

MEGABYTE = 1024 * 1024

#: Seconds and bytes after which even these servers give up, so that a client without limits fails instead of hanging.
PATIENCE, ENOUGH = 4, 64 * MEGABYTE

#: What is said at each point of a visit, in their order.
POINTS = ["greeting", "CAPABILITY", "AUTHENTICATE", "LIST", "EXAMINE", "UID SEARCH", "UID FETCH"]


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds that real servers get beyond the deadline would only be waited for here."""
    monkeypatch.setattr(mailbox, "_GRACE", 0)


def _silent(server: ImapServer) -> Iterator[bytes]:
    server.ended.wait(PATIENCE)
    yield b""


def _dripping(server: ImapServer) -> Iterator[bytes]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not server.ended.wait(0.02):
        yield b"*"


def _gone(_server: ImapServer) -> Iterator[bytes]:
    raise OSError


def _endless(piece: bytes) -> Script:
    def pieces(server: ImapServer) -> Iterator[bytes]:
        while server.said < ENOUGH:
            yield piece

    return pieces


HOSTILITIES: dict[str, Script] = {
    "silence": _silent,
    "a byte now and then": _dripping,
    "a closed connection": _gone,
    "lines without end": _endless((b"* OK " + b"still at it " * 80 + b"\r\n") * 20),
    "a line without end": _endless(b"* OK " + b"x" * 65536),
    "a long line": b"* OK " + b"x" * 100_000 + b"\r\n",
    "a huge literal": b"* LIST () {99999999999}\r\n",
    "a number without end": b"* LIST () {" + b"9" * 10_000 + b"}\r\n",
    "no IMAP": b"220 mail.example.com ESMTP\r\n",
    "no text": bytes(range(256)) * 4 + b"\r\n",
    "a goodbye": b"* BYE too many connections\r\n",
    "an answer to another command": b"TAG9 OK done\r\n" * 3,
    "a refusal": b"TAG NO not now\r\n",
    "no answer to the question": b"TAG BAD what?\r\n",
}


def _visit(server: ImapServer, imap: dict[str, Any]) -> MailSettingsError:
    mail = server.deliver(subject="k7")
    server.script.setdefault("UID SEARCH", b"* SEARCH %d\r\nTAG OK done\r\n" % mail.uid)
    begin = time.monotonic()
    with pytest.raises(MailSettingsError) as caught, open_mailbox({"imap": imap, "timeout": TIMEOUT}) as opened:
        opened.wait_for(Search(token="k7"), TIMEOUT, 0.1, delete=False)
    assert time.monotonic() - begin < 2 * TIMEOUT + SLACK
    assert caught.value.code == "mailbox_unavailable"
    assert caught.value.message.startswith(f"The IMAP server 127.0.0.1:{server.port} ")
    assert len(caught.value.message) < 500
    return caught.value


@pytest.mark.parametrize("hostility", HOSTILITIES)
@pytest.mark.parametrize("point", POINTS)
def test_every_hostility_at_every_point(server: ImapServer, imap: dict[str, Any], point: str, hostility: str) -> None:
    server.script[point] = HOSTILITIES[hostility]

    assert server.password.traces_in(str(_visit(server, imap).result())) == []


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        ("EXAMINE", b"TAG OK done\r\n"),
        ("EXAMINE", b"* many EXISTS\r\nTAG OK done\r\n"),
        ("UID SEARCH", b"* SEARCH all\r\nTAG OK done\r\n"),
        ("UID SEARCH", b"* SEARCH {2}\r\n41\r\nTAG OK done\r\n"),
        ("UID FETCH", b"TAG OK\r\n"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(
    server: ImapServer, imap: dict[str, Any], point: str, answer: bytes
) -> None:
    server.script[point] = answer
    _visit(server, imap)


def test_a_server_that_can_do_nothing_any_more_after_the_login(server: ImapServer, imap: dict[str, Any]) -> None:
    answers = iter([b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n", b"TAG OK done\r\n"])
    server.script["CAPABILITY"] = lambda _server: [next(answers)]

    assert "does not take the login" in _visit(server, imap).message


@pytest.mark.parametrize("hostility", ["lines without end", "a line without end", "a huge literal"])
def test_memory_is_bounded(server: ImapServer, imap: dict[str, Any], hostility: str) -> None:
    server.script["LIST"] = HOSTILITIES[hostility]
    tracemalloc.start()
    try:
        _visit(server, imap)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 30 * MEGABYTE
    assert server.said < 10 * MEGABYTE  # what lies in the buffers of the network included


def test_a_huge_header_is_read_in_part(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver(subject="k7", received="x" * 5 * MEGABYTE)
    with open_mailbox({"imap": imap, "timeout": 5}) as opened:
        arrival = opened.wait_for(Search(token="k7"), 5, 0.1, delete=False)

    assert arrival.subject == "k7"


def _echoes(server: ImapServer) -> list[bytes]:
    """What a server may repeat of a login: all of it, or parts, as it is or as it came."""
    password = server.password.encode()
    sent = base64.b64encode(b"\0" + server.user.encode() + b"\0" + password)
    return [password, base64.b64encode(password), sent, sent[8:-6], sent.lower(), b"[x] " + sent + b" y"]


@pytest.mark.parametrize("echo", range(6))
@pytest.mark.parametrize("status", ["NO", "BAD", "UNTAGGED"])
def test_a_server_that_repeats_the_login(server: ImapServer, imap: dict[str, Any], echo: int, status: str) -> None:
    def answer(running: ImapServer) -> Iterator[bytes]:
        yield b"+ \r\n"
        text = _echoes(running)[echo]
        yield b"* BYE " + text + b"\r\n" if status == "UNTAGGED" else b"TAG " + status.encode() + b" " + text + b"\r\n"

    server.script["AUTHENTICATE"] = answer
    error = _visit(server, imap)

    assert server.password.traces_in(str(error.result())) == []
    assert error.__cause__ is error.__context__ is None
    assert "does not take the login" in error.message


@pytest.mark.parametrize("challenge", [b"+ \r\n", b"+ !!! no base64\r\n", b"+ " + b"A" * 40_000 + b"\r\n"])
def test_challenges_without_end(server: ImapServer, imap: dict[str, Any], challenge: bytes) -> None:
    server.script["AUTHENTICATE"] = _endless(challenge)
    _visit(server, imap)


def test_a_silent_server_is_not_waited_for_at_the_end(server: ImapServer, imap: dict[str, Any]) -> None:
    server.script["LOGOUT"] = _silent
    begin = time.monotonic()
    with open_mailbox({"imap": imap, "timeout": 5}):
        pass

    assert time.monotonic() - begin < SLACK


def test_nobody_listens_for_long_who_does_not_speak_tls(imap: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begin = time.monotonic()
        with pytest.raises(MailSettingsError, match="offers no encryption"):
            open_mailbox({"imap": {**imap, "port": listener.getsockname()[1]}, "timeout": TIMEOUT})

    assert time.monotonic() - begin < TIMEOUT + SLACK
