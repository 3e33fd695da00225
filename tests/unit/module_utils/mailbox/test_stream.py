# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A channel serves the standard library's clients as a file, within bounds."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.breakdown import ConnectionLost
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.channel import Channel, Deadline
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.stream import Stream


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Channel]]:
    """Both ends of a connection: the server's, and the client's as a channel."""
    server, client = socket.socketpair()
    channel = Channel(client)
    with server:
        yield server, channel
    channel.close()


class _Counting(Channel):
    """Counts what it is told to send."""

    sent = 0

    def send(self, data: bytes, deadline: Deadline) -> None:
        self.sent += 1
        super().send(data, deadline)


def test_lines_and_pieces_come_as_they_were_sent(ends: tuple[socket.socket, Channel]) -> None:
    server, channel = ends
    lines = Stream(channel, Deadline(5), 1000).makefile("rb")
    server.sendall(b"one\r\ntwo\r\nthree and four")
    server.shutdown(socket.SHUT_WR)

    assert lines.readline() == b"one\r\n"
    assert lines.read(7) == b"two\r\nth"
    assert lines.read(100) == b"ree and four"
    assert lines.read(100) == b""


def test_more_than_the_limit_is_not_read(ends: tuple[socket.socket, Channel]) -> None:
    server, channel = ends
    stream = Stream(channel, Deadline(5), 10)
    server.sendall(b"0123456789")
    assert stream.read(10) == b"0123456789"

    stream.bound(Deadline(5), 3)
    server.sendall(b"0123")
    with pytest.raises(ConnectionLost, match="more than 3 octets"):
        stream.read(1)


def test_a_deadline_counts_for_all_that_follows(ends: tuple[socket.socket, Channel]) -> None:
    stream = Stream(ends[1], Deadline(0.05), 10)

    with pytest.raises(ConnectionLost, match="time limit"):
        stream.read(1)


def test_nothing_is_not_sent(ends: tuple[socket.socket, Channel]) -> None:
    server, _channel = ends
    counting = _Counting(server.dup())
    stream = Stream(counting, Deadline(5), 10)
    stream.sendall(b"")
    assert counting.sent == 0

    stream.sendall(b"x")
    assert counting.sent == 1
    counting.close()
