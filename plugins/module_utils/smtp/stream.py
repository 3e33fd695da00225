# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A channel as a file, for the standard library's clients of IMAP and HTTP, which know neither deadlines nor limits."""

from __future__ import annotations

import io
from typing import Any

from .breakdown import ConnectionLost, malformed
from .channel import CHUNK, Channel, Deadline


class Stream(io.RawIOBase):
    """Bytes to and from a channel, of which the server can send only so many, and only until a deadline.

    It has those methods of a socket that `http.client` uses.
    """

    def __init__(self, channel: Channel, deadline: Deadline, octets: int) -> None:
        super().__init__()
        self._channel = channel
        self._unread = b""
        self.bound(deadline, octets)

    def bound(self, deadline: Deadline, octets: int) -> None:
        """From now on: no waiting after the deadline, and at most so many bytes from the server."""
        self._deadline = deadline
        self._limit = self._left = octets

    def readable(self) -> bool:
        """Always; asked by io.BufferedReader."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some of the next bytes, none when the server has closed the connection.

        :raises ConnectionLost: the deadline has passed, or the server sends too much.
        """
        if not self._unread:
            self._unread = self._received()
        size = min(len(buffer), len(self._unread))
        buffer[:size], self._unread = self._unread[:size], self._unread[size:]
        return size

    def _received(self) -> bytes:
        try:
            data = self._channel.receive(self._deadline)
        except ConnectionLost as lost:
            if lost.cause == "server_disconnected":
                return b""
            raise
        self._left -= len(data)
        if self._left < 0:
            raise malformed(f"it sent more than {self._limit} octets")
        return data

    def close(self) -> None:
        """The channel is its owner's to close; http.client would do it before the answer has been read."""

    def sendall(self, data: bytes) -> None:
        """Send all of *data*. Nothing is not sent at all: Python 3.9 takes OpenSSL's answer to that for a failure."""
        if data:
            self._channel.send(bytes(data), self._deadline)

    def makefile(self, *_how: Any) -> io.BufferedReader:
        """Itself with a buffer, to read lines."""
        return io.BufferedReader(self, CHUNK)
