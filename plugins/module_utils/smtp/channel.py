# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP connection on which no wait outlasts the deadline of the whole conversation."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from .breakdown import closed, timed_out

#: Bytes taken from the network at a time; with the limit on a line it bounds the memory of a conversation.
CHUNK = 16 * 1024

_QUICK_ACKNOWLEDGEMENT = getattr(socket, "TCP_QUICKACK", None)  # Linux


class Deadline:
    """A moment after which nothing is waited for any more. ``seconds`` is its distance from its beginning."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._end - time.monotonic())

    def capped(self, seconds: float) -> Deadline:
        """A deadline in *seconds*, or this one's moment if that comes first."""
        return Deadline(min(seconds, self.remaining()))


class Channel:
    """Bytes to and from a connected socket, which it owns."""

    encrypted = False

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    @property
    def own_address(self) -> tuple[int, str]:
        """Address family and IP address of this end."""
        return self._connection.family, self._connection.getsockname()[0]

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of *data*.

        A connection that is found closed is no failure yet: what the server said before it left is still to be read.

        :raises ConnectionLost: the deadline has passed.
        """
        try:
            self._connection.settimeout(_left(deadline))
            self._connection.sendall(data)  # its timeout is for all of it
        except socket.timeout:  # another class than TimeoutError before Python 3.10
            raise timed_out(deadline.seconds) from None
        except OSError:
            return

    def receive(self, deadline: Deadline) -> bytes:
        """The next bytes, at least one and at most `CHUNK`.

        :raises ConnectionLost: the deadline has passed, or the server has closed the connection.
        """
        try:
            self._connection.settimeout(_left(deadline))
            self._acknowledge_at_once()
            data = self._connection.recv(CHUNK)
        except socket.timeout:  # another class than TimeoutError before Python 3.10
            raise timed_out(deadline.seconds) from None
        except OSError as error:
            raise closed(f"broke the connection: {error.strerror or error}") from None
        if not data:
            raise closed()
        return data

    def _acknowledge_at_once(self) -> None:
        """Do not wait for company with the acknowledgement of what comes next.

        A server that sends in two pieces (the tickets of TLS 1.3, and an answer) waits with the second for that of the
        first, unless it switched Nagle's algorithm off: 40 ms for every conversation. Linux forgets the wish each time.
        """
        if _QUICK_ACKNOWLEDGEMENT is not None:
            with suppress(OSError):
                self._connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACKNOWLEDGEMENT, 1)

    def close(self) -> None:
        """Let go of the socket, whatever its state."""
        self._connection.close()


def _left(deadline: Deadline) -> float:
    """Seconds to wait at most; a wait of 0 s would mean "do not block" to a socket, so that it is a timeout here."""
    remaining = deadline.remaining()
    if not remaining:
        raise timed_out(deadline.seconds)
    return remaining
