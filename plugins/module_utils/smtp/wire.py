# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines and replies of SMTP (RFC 5321, 4.2), read within bounds that a server cannot stretch."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .breakdown import malformed
from .channel import Channel, Deadline

__all__ = ["Deadline", "Reply", "Wire"]

#: Octets of a line, lines and octets of a reply. RFC 5321 (4.5.3.1.5) has 512 octets for a line; servers do say more.
LONGEST_LINE = 8 * 1024
MOST_LINES = 200
LONGEST_REPLY = 64 * 1024

#: "421 …": the server is about to close the connection, and may say so at any time (RFC 5321, 3.8).
CLOSING = 421

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
# RFC 2034: the enhanced code opens the text. Some servers write a number sign before it, or a colon behind it.
_ENHANCED = re.compile(r"#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?=[\s:]|$):?")
# Control characters of ASCII and Latin-1, line separators, and what reverses the direction of writing.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Reply:
    """A server's answer: ``code`` is 200 to 599, ``enhanced`` the code of RFC 3463 if it gave one.

    ``lines`` are the texts without their codes, decoded and fit to be shown, but as many and as long as they came.
    """

    code: int
    enhanced: str | None = None
    lines: tuple[str, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """All lines as one; the enhanced code is said once even if the server repeats it on every line."""
        first, *more = self.lines or ("",)
        words = " ".join([first, *(_ENHANCED.sub("", line, count=1) if self.enhanced else line for line in more)])
        return " ".join(words.split())

    @property
    def refused(self) -> bool:
        """Whether it is a "no", for now or for good (RFC 5321, 4.2.1)."""
        return self.code >= 400


class Wire:
    """SMTP on a channel: one command, one reply, and nothing in between."""

    def __init__(self, channel: Channel, deadline: Deadline) -> None:
        self.channel = channel
        self.deadline = deadline
        self._unread = bytearray()

    @property
    def unread(self) -> bytes:
        """What came from the server and belongs to no reply yet."""
        return bytes(self._unread)

    def ask(self, command: str) -> Reply:
        """Send one command line; the answer to it."""
        return self.ask_bytes(command.encode() + b"\r\n")

    def ask_bytes(self, data: bytes) -> Reply:
        """Send *data* in one piece; the answer to it.

        :raises ConnectionLost: the deadline has passed, the server has gone, or it breaks the protocol, also by an
            answer that was there before the question. Only its announcement that it closes may come at any time.
        """
        if self._unread:
            early = self.read_reply()
            if early.code != CLOSING:
                raise malformed(f"it answered {early.code} before it was asked")
            return early
        self.channel.send(data, self.deadline)
        return self.read_reply()

    def read_reply(self) -> Reply:
        """The next reply, of one line or more.

        :raises ConnectionLost: as `ask_bytes`.
        """
        code, lines, size = 0, [], 0
        more = True
        while more:
            line = self._line()
            size += len(line)
            if size > LONGEST_REPLY or len(lines) == MOST_LINES:
                raise malformed("its answer does not end")
            number, more, text = _parsed(line)
            if code and number != code:
                raise malformed(f"one answer has the codes {code} and {number}")
            code = number
            lines.append(text)
        return Reply(code, _enhanced(lines), tuple(lines))

    def _line(self) -> bytes:
        """The next line without its end. Some servers end it by LF alone."""
        while True:
            end = self._unread.find(b"\n")
            if end > LONGEST_LINE or (end < 0 and len(self._unread) > LONGEST_LINE):
                raise malformed(f"it sent a line of more than {LONGEST_LINE} octets")
            if end >= 0:
                line = bytes(self._unread[:end])
                del self._unread[: end + 1]
                return line.rstrip(b"\r")
            self._unread += self.channel.receive(self.deadline)


def _parsed(line: bytes) -> tuple[int, bool, str]:
    """The code of a reply's line, whether more lines follow, and its text."""
    match = _REPLY_LINE.fullmatch(line)
    if not match:
        raise malformed(f'it sent "{readable(line)}", which is no reply')
    code, separator, text = match.groups()
    return int(code), separator == b"-", readable(text or b"")


def _enhanced(lines: list[str]) -> str | None:
    """The first enhanced code that opens a line."""
    matches = (_ENHANCED.match(line) for line in lines)
    return next((match.group(1) for match in matches if match), None)


def readable(data: bytes) -> str:
    """Bytes of a server as text that does no harm to a terminal."""
    return _UNSEEN.sub("", data.decode("utf-8", "replace"))
