# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies as they come over the wire, on a pair of connected sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.breakdown import ConnectionLost
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.channel import Channel, Deadline
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.wire import Reply, Wire


class Line(NamedTuple):
    """Both ends of a connection."""

    wire: Wire
    server: socket.socket


@pytest.fixture
def line() -> Iterator[Line]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    yield Line(Wire(channel, Deadline(2)), theirs)
    channel.close()
    theirs.close()


@pytest.mark.parametrize(
    ("sent", "reply", "text"),
    [
        (b"250 ok\r\n", (250, None), "ok"),
        (b"250\r\n", (250, None), ""),
        (b"250 ok\n", (250, None), "ok"),
        (b"250-first\r\n250-\r\n250 last\r\n", (250, None), "first last"),
        (b"250-first\r\n250\r\n", (250, None), "first"),
        (b"550 5.7.1 Relay denied\r\n", (550, "5.7.1"), "5.7.1 Relay denied"),
        (b"550-5.7.1 Relay\r\n550 5.7.1 denied\r\n", (550, "5.7.1"), "5.7.1 Relay denied"),
        (b"550-No.\r\n550 5.7.1 Relay denied\r\n", (550, "5.7.1"), "No. Relay denied"),
        (b"550 #5.1.0 Address rejected\r\n", (550, "5.1.0"), "#5.1.0 Address rejected"),
        (b"550 5.7.1: denied\r\n", (550, "5.7.1"), "5.7.1: denied"),
        (b"550 5.2.252\r\n", (550, "5.2.252"), "5.2.252"),
        (b"220 5.7.1.2 is my address\r\n", (220, None), "5.7.1.2 is my address"),
        (b"550 see 5.7.1 there\r\n", (550, None), "see 5.7.1 there"),
        (b"250  two  blanks\tand a tab \r\n", (250, None), "two blanks and a tab"),
        ("250 Schöne Grüße\r\n".encode("latin-1"), (250, None), "Sch\ufffdne Gr\ufffd\ufffde"),
    ],
)
def test_replies(line, sent, reply, text):
    line.server.sendall(sent)
    heard = line.wire.read_reply()
    assert ((heard.code, heard.enhanced), heard.text) == (reply, text)


def test_a_reply_in_pieces(line):
    line.server.sendall(b"25")
    line.server.sendall(b"0-a\r\n250 ")
    line.server.sendall(b"b\r\n")
    assert line.wire.read_reply().lines == ("a", "b")


def test_several_replies_at_once_are_told_apart(line):
    line.server.sendall(b"220 a\r\n250 b\r\n")
    assert line.wire.read_reply() == Reply(220, None, ("a",))
    assert line.wire.unread == b"250 b\r\n"
    assert line.wire.read_reply() == Reply(250, None, ("b",))


def test_a_line_may_be_long_but_not_too_long(line):
    line.server.sendall(b"250 " + b"x" * 8000 + b"\r\n")
    assert len(line.wire.read_reply().text) == 8000
    line.server.sendall(b"250 " + b"x" * 8200 + b"\r\n")
    with pytest.raises(ConnectionLost, match="more than 8192 octets"):
        line.wire.read_reply()


def test_an_answer_may_have_many_lines_but_not_too_many(line):
    line.server.sendall(b"250-x\r\n" * 199 + b"250 x\r\n")
    assert len(line.wire.read_reply().lines) == 200
    line.server.sendall(b"250-x\r\n" * 200 + b"250 x\r\n")
    with pytest.raises(ConnectionLost, match="does not end"):
        line.wire.read_reply()


def test_what_was_said_before_the_connection_was_closed_is_still_heard(line):
    """The command cannot be sent any more, and the answer is the reason."""
    line.server.sendall(b"421 4.4.2 Idle for too long\r\n")
    line.server.close()
    assert line.wire.ask("NOOP").enhanced == "4.4.2"
    with pytest.raises(ConnectionLost) as caught:
        line.wire.ask("NOOP")
    assert caught.value.cause == "server_disconnected"


def test_a_server_that_does_not_listen(line):
    """What is sent fills the buffers of the connection, and waits no longer than the deadline."""
    line.wire.deadline = Deadline(0.2)
    with pytest.raises(ConnectionLost) as caught:
        line.wire.ask_bytes(bytes(32 * 1024 * 1024))
    assert caught.value.cause == "connection_timeout"


def test_nothing_is_waited_for_when_the_time_is_over(line):
    line.server.sendall(b"250 ok\r\n")
    line.wire.deadline = Deadline(0)
    with pytest.raises(ConnectionLost) as caught:
        line.wire.read_reply()
    assert caught.value.cause == "connection_timeout"


@pytest.mark.parametrize(("code", "refused"), [(250, False), (354, False), (400, True), (550, True)])
def test_refusals(code, refused):
    assert Reply(code).refused == refused
    assert Reply(code).text == ""
