# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folders of an IMAP mailbox: what they are called, and which of them holds what was taken for junk."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

#: The mark of a folder for junk (RFC 6154, 2), and those of one that holds no mail (RFC 3501, 7.2.2; RFC 5258, 3).
_JUNK = "\\junk"
_NO_MAIL = frozenset({"\\noselect", "\\nonexistent"})

#: What servers without that mark call it.
_USUAL_NAMES = frozenset({"junk", "spam", "junk email", "junk e-mail", "bulk mail"})

_LINE = re.compile(rb'\((?P<flags>[^)]*)\) (?:"\\?(?P<delimiter>[^"])"|NIL) (?P<name>.+)', re.DOTALL | re.IGNORECASE)
_LITERAL = re.compile(rb"\{[0-9]+\}$")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_NEEDS_ESCAPE = re.compile(rb'(["\\])')
_COMMAND_BREAK = re.compile(rb"[\r\n\0]")
_ENCODED = re.compile("&([^-]*)-")

#: How many folders are named to somebody who looks for one that is not there.
_TOLD = 20


@dataclass(frozen=True)
class Folder:
    """A folder that holds mail. ``raw`` is its name in the server's words, ``flags`` are in lower case."""

    raw: bytes
    flags: frozenset[str] = frozenset()
    delimiter: str = ""

    @property
    def name(self) -> str:
        """Its name for people."""
        return decoded(self.raw)

    @property
    def last_part(self) -> str:
        """Its name without the folders above it."""
        return self.name.split(self.delimiter)[-1] if self.delimiter else self.name


#: The one folder that every mailbox has, written in any case (RFC 3501, 5.1).
INBOX = Folder(b"INBOX")


def folders_of(listing: Iterable[Any]) -> list[Folder]:
    """The folders in an answer to LIST as imaplib gives it, without those that hold no mail."""
    return [folder for folder in map(_parsed, _whole_lines(listing)) if folder and not folder.flags & _NO_MAIL]


def junk_folders(folders: Iterable[Folder]) -> list[Folder]:
    """Those that are marked as the place for junk; if none is, those that are usually meant for it by their names."""
    folders = list(folders)
    marked = [folder for folder in folders if _JUNK in folder.flags]
    return marked or [folder for folder in folders if folder.last_part.lower() in _USUAL_NAMES]


def named(name: str, folders: Sequence[Folder]) -> Folder:
    """The folder of a name, written for people or in the server's words.

    :raises LookupError: there is none; the message says which there are.
    """
    if name.upper() == INBOX.name:
        return INBOX
    for folder in folders:
        if name in (folder.name, folder.raw.decode("utf-8", "replace")):
            return folder
    others = ", ".join([INBOX.name, *(folder.name for folder in folders if folder.raw.upper() != INBOX.raw)][:_TOLD])
    raise LookupError(f"there is no folder {name}; there are {others}")


def quoted(value: str | bytes) -> bytes:
    """A string as the argument of a command (RFC 3501, 4.3).

    :raises ValueError: it holds a line end or a zero byte, with which it could become a command of its own.
    """
    data = value.encode() if isinstance(value, str) else value
    if _COMMAND_BREAK.search(data):
        raise ValueError("a line end or a zero byte cannot be sent")
    return b'"' + _NEEDS_ESCAPE.sub(rb"\\\1", data) + b'"'


def decoded(raw: bytes) -> str:
    """A folder's name from modified UTF-7 (RFC 3501, 5.1.3); what is not well-formed stays as it is."""
    return _ENCODED.sub(_character, raw.decode("utf-8", "replace"))


def _character(match: re.Match[str]) -> str:
    code = match.group(1).replace(",", "/")
    try:
        return base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode("utf-16-be") if code else "&"
    except ValueError:
        return match.group(0)


def _whole_lines(listing: Iterable[Any]) -> Iterator[bytes]:
    """Each folder's line with its name in it; imaplib hands over a name that came as a literal beside its line."""
    for each in listing:
        if isinstance(each, tuple):
            yield _LITERAL.sub(b"", each[0]) + quoted(_COMMAND_BREAK.sub(b"", each[1]))
        elif each:
            yield each


def _parsed(line: bytes) -> Folder | None:
    match = _LINE.match(line)
    if not match:
        return None
    name = match["name"].strip()
    if name.startswith(b'"'):
        name = _ESCAPED.sub(rb"\1", name[1:-1])
    flags = match["flags"].decode("ascii", "replace").lower().split()
    return Folder(name, frozenset(flags), (match["delimiter"] or b"").decode("ascii", "replace"))
