# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which mail is looked for, judged by the header alone and alike for every kind of mailbox."""

from __future__ import annotations

import email
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from .message import TOKEN_HEADER

#: A message's header fields: the name in lower case, and the raw values as they stand from top to bottom.
Headers = Mapping[str, "list[str]"]

#: Bytes of a header that are read. A mail that went through many filters has some 20 kB.
HEADER_LIMIT = 64 * 1024


@dataclass(frozen=True)
class Search:
    """A test mail by its token, or somebody else's mail by subject and sender.

    ``subject`` and ``sender`` are patterns: the text has to occur somewhere in the header, upper and lower case being
    the same, and ``*`` stands for any text in between. The sender's header is name and address: ``Ann <ann@x.org>``.
    Both must match where both are given; with neither, every mail does.
    """

    token: str | None = None
    subject: str | None = None
    sender: str | None = None

    @property
    def only_new(self) -> bool:
        """Whether mail that was there before does not count: nothing but a token tells one mail from all others."""
        return self.token is None

    def matches(self, headers: Headers) -> bool:
        """Whether this is the mail."""
        subject = first(headers, "subject")
        if self.token is not None:
            return self.token in first(headers, TOKEN_HEADER) or self.token in subject
        return _occurs(self.subject, subject) and _occurs(self.sender, first(headers, "from"))


def headers_of(raw: bytes) -> Headers:
    """The header section of a message as it lies in the mailbox."""
    return headers_from(email.message_from_bytes(raw).items())


def headers_from(fields: Iterable[tuple[str, str]]) -> Headers:
    """Header fields, several of one name in the order given."""
    headers: dict[str, list[str]] = {}
    for name, value in fields:
        headers.setdefault(name.lower(), []).append(str(value))
    return headers


def first(headers: Headers, name: str) -> str:
    """The topmost field of a name as a person reads it, on one line; empty when there is none."""
    values = headers.get(name.lower())
    return " ".join(_decoded(values[0]).split()) if values else ""


def _decoded(value: str) -> str:
    """Encoded words (RFC 2047) as text; what is not well-formed, or in an unknown charset, stays as it is."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _occurs(pattern: str | None, text: str) -> bool:
    """Whether the pieces between the stars follow one another. A regular expression could be made to take ages."""
    text, position = text.casefold(), 0
    for piece in (pattern or "").casefold().split("*"):
        found = text.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return True


@dataclass(frozen=True)
class Found:
    """The mail: the folder's name for people, whether that is for junk, and the key by which the mailbox knows it."""

    folder: str
    junk: bool
    key: str
    headers: Headers
