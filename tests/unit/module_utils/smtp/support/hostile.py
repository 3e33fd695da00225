# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail server that follows a script, also into what no real one would do.

It listens on loopback, plays its script to every client that connects, and has ended when its block is left.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

#: What the server does at a point of the conversation: a reply without its line end, raw bytes, something to call with
#: the `Peer`, or a list of these for one occurrence after the other, of which the last stays.
Act = str | bytes | Callable[["Peer"], None] | list

#: A server without fault. The keys are the points at which a script can step in: the verbs of SMTP; ``banner``; the
#: ``handshake`` of TLS; the ``response`` to a challenge; and ``message``, its end.
POLITE: dict[str, Act] = {
    "banner": "220 mail.example.com ESMTP",
    "handshake": lambda peer: peer.encrypt(),
    "EHLO": "250-mail.example.com\r\n250-STARTTLS\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2",
    "HELO": "250 mail.example.com",
    "STARTTLS": "220 2.0.0 Ready to start TLS",
    "AUTH": "235 2.7.0 Authentication successful",
    "response": "235 2.7.0 Authentication successful",
    "MAIL": "250 2.1.0 Sender OK",
    "RCPT": "250 2.1.5 Recipient OK",
    "DATA": "354 Start mail input",
    "message": "250 2.6.0 Queued as 4711",
    "RSET": "250 2.0.0 Reset",
    "QUIT": "221 2.0.0 Bye",
}

_LONGEST_SILENCE = 10  # seconds after which a client that does not leave is left


class _Over(Exception):  # noqa: N818 - it is how a script ends
    """The conversation has ended."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._connection = connection
        self._tls = tls
        self._lines = connection.makefile("rb")

    @property
    def encrypted(self) -> bool:
        """Whether TLS has begun."""
        return isinstance(self._connection, ssl.SSLSocket)

    def say(self, data: bytes) -> None:
        """Send bytes, even if nobody listens any more."""
        try:
            self._connection.sendall(data)
        except OSError:
            raise _Over from None

    def hear(self) -> bytes:
        """The next line."""
        try:
            line = self._lines.readline()
        except OSError:
            raise _Over from None
        if not line:
            raise _Over
        return line

    def wait(self) -> None:
        """Wait until the client has said something, and leave it unread."""
        if not self._lines.peek(1):
            raise _Over

    def encrypt(self) -> None:
        """Take the server's part in a handshake."""
        self._lines.close()
        try:
            self._connection = self._tls.wrap_socket(self._connection, server_side=True)
        except (OSError, ValueError):  # the client leaves, or has left
            raise _Over from None
        self._lines = self._connection.makefile("rb")

    def close(self) -> None:
        """Leave in the middle of the conversation, so that the client reads an end of file."""
        self._lines.close()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class HostileServer:
    """Plays *script*, which is laid over `POLITE`, until its block is left.

    ``heard`` holds every command line, ``mails`` every message with its dots as they came over the wire.
    """

    def __init__(
        self,
        script: Mapping[str, Act] | None = None,
        tls: ssl.SSLContext | None = None,
        *,
        implicit: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        self._script = {**POLITE, **(script or {})}
        self._tls = tls
        self._implicit = implicit
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._threads = [threading.Thread(target=self._listen, name="hostile listener")]
        self._peers: list[Peer] = []
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[str] = []
        self.mails: list[bytes] = []

    def __enter__(self) -> HostileServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self._threads[0].join()
        for thread in self._threads[1:]:
            thread.join(_LONGEST_SILENCE + 1)
            assert not thread.is_alive(), "a client did not leave, and the server did not give up"

    @property
    def verbs(self) -> list[str]:
        """The first word of every command."""
        return [line.partition(" ")[0] for line in self.heard]

    def _listen(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            connection.settimeout(_LONGEST_SILENCE)
            thread = threading.Thread(target=self._converse, args=(connection,), name="hostile conversation")
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection: socket.socket) -> None:
        peer = Peer(connection, self._tls)
        acts = _Acts(self._script)
        try:
            if self._implicit:
                acts.perform("handshake", peer)
            acts.perform("banner", peer)
            while True:
                self._answer(peer, acts)
        except _Over:
            pass
        finally:
            peer.close()

    def _answer(self, peer: Peer, acts: _Acts) -> None:
        line = peer.hear().decode(errors="replace").rstrip("\r\n")
        self.heard.append(line)
        verb = line.partition(" ")[0]
        said = acts.perform(verb if verb in self._script else "response", peer)
        if verb == "STARTTLS" and said.startswith("220"):
            acts.perform("handshake", peer)
        elif verb == "DATA" and said.startswith("354"):
            self.mails.append(b"".join(iter(peer.hear, b".\r\n")))
            acts.perform("message", peer)
        elif verb == "QUIT":
            raise _Over


class _Acts:
    """A script, and how far one conversation has come in it."""

    def __init__(self, script: Mapping[str, Act]) -> None:
        self._script = script
        self._occurrences: dict[str, int] = defaultdict(int)

    def perform(self, point: str, peer: Peer) -> str:
        """Do what stands at *point*; the reply that was given, if it was one."""
        act: Any = self._script[point]
        if isinstance(act, list):
            act = act[min(self._occurrences[point], len(act) - 1)]
            self._occurrences[point] += 1
        if isinstance(act, str):
            peer.say(act.encode() + b"\r\n")
            return act
        if isinstance(act, bytes):
            peer.say(act)
        else:
            act(peer)
        return ""


def silence(peer: Peer) -> None:
    """Say nothing until the client leaves."""
    while True:
        peer.hear()


def leave(_peer: Peer) -> None:
    """Close the connection."""
    raise _Over


def drip(peer: Peer, answer: bytes = b"250-" + b"x" * 1000) -> None:
    """Send one byte after the other, each in time to satisfy a limit that starts anew with every byte."""
    for octet in answer:
        peer.say(bytes([octet]))
        time.sleep(0.05)


def without_end(peer: Peer) -> None:
    """Send an answer whose last line never comes."""
    chunk = b"250-and another thing\r\n" * 1000
    while True:
        peer.say(chunk)


def without_line_end(peer: Peer) -> None:
    """Send a line that never ends."""
    chunk = b"x" * 65536
    while True:
        peer.say(chunk)
