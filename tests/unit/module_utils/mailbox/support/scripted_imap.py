# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IMAP server on loopback, with just what a client needs to look for a mail (RFC 3501), over TLS.

Any of its answers can be replaced by a script, also by what no real server would say. It has ended when its block is
left.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Union

from canary import Canary

#: What to say instead: bytes, or pieces of them, made while they are sent. ``TAG`` becomes the command's tag.
Script = Union[bytes, Callable[["ImapServer"], Iterable[bytes]]]  # noqa: UP007 - a string has no operator

_LONGEST_SILENCE = 10  # seconds after which a client that does not leave is left


@dataclass
class Mail:
    """One mail in a folder: its header section, and its flags in the words of IMAP."""

    uid: int
    header: bytes
    flags: set[str] = field(default_factory=set)

    def holds(self, name: str, text: str) -> bool:
        """Whether a header field has that text in it, as SEARCH means it."""
        pattern = rb"(?mi)^" + re.escape(name.encode()) + rb":.*" + re.escape(text.encode())
        return re.search(pattern, self.header) is not None


class ImapServer:
    """``folders`` holds the mails by the folder's name in quotes, ``listing`` what LIST says, ``heard`` all commands.

    ``script`` replaces the answer to a command, by its name (``UID SEARCH``, not ``UID``), or the ``greeting``.
    ``said`` counts the bytes that it sent by script.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.user = "ann@example.com"
        self.password = Canary.named("mailboxpassword")
        self.token = "ya29.mailboxtoken"
        self.capabilities = "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 UIDPLUS"
        self.folders: dict[str, list[Mail]] = {'"INBOX"': [], '"Junk"': []}
        self.listing = [rb'(\HasNoChildren) "/" INBOX', rb'(\HasNoChildren \Junk) "/" "Junk"']
        self.knows_all_headers = True
        self.script: dict[str, Script] = {}
        self.heard: list[str] = []
        self.said = 0
        self.ended = threading.Event()
        self._tls = tls
        self._next_uid = 41
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, name="IMAP listener")]

    def __enter__(self) -> ImapServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        for thread in self._threads:
            thread.join(_LONGEST_SILENCE + 1)
            assert not thread.is_alive(), "a client did not leave, and the server did not give up"

    def deliver(self, folder: str = "INBOX", **fields: str) -> Mail:
        """Let a mail arrive; ``x_my_header`` becomes ``X-My-Header``."""
        lines = [f"{name.title().replace('_', '-')}: {value}\r\n" for name, value in fields.items()]
        mail = Mail(self._next_uid, "".join(lines).encode() + b"\r\n")
        self._next_uid += 1
        self.folders[f'"{folder}"'].append(mail)
        return mail

    def _listen(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            connection.settimeout(_LONGEST_SILENCE)
            thread = threading.Thread(target=self._serve, args=(connection,), name="IMAP conversation")
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), self._tls.wrap_socket(connection, server_side=True) as encrypted:
            _Conversation(self, encrypted).run()


class _Conversation:
    """One client's connection."""

    def __init__(self, server: ImapServer, connection: ssl.SSLSocket) -> None:
        self._server = server
        self._connection = connection
        self._open: list[Mail] = []

    def run(self) -> None:
        """Greet, and answer until the client leaves."""
        with self._connection.makefile("rb") as self._lines:
            self._play("greeting", b"* OK ready\r\n", "")
            for line in self._lines:
                tag, _blank, command = line.decode().rstrip("\r\n").partition(" ")
                name, _blank, arguments = command.partition(" ")
                if name == "UID":
                    name, _blank, arguments = arguments.partition(" ")
                    name = f"UID {name}"
                self._server.heard.append(command)
                answer = _ANSWERS.get(name, _Conversation._unknown)
                if not self._play(name, b"", tag):
                    self._say(*answer(self, arguments), tag=tag)
                if name == "LOGOUT":
                    return

    def _play(self, name: str, default: bytes, tag: str) -> bool:
        """Say what the script has for this point, or else the default; whether there was something to say."""
        script = self._server.script.get(name, default)
        for piece in [script] if isinstance(script, bytes) else script(self._server):
            self._server.said += len(piece)
            self._connection.sendall(piece.replace(b"TAG", tag.encode()))
        return script != b""

    def _say(self, *lines: bytes | str, tag: str) -> None:
        encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
        *untagged, last = encoded
        answer = b"".join(b"* " + line + b"\r\n" for line in untagged)
        self._connection.sendall(answer + tag.encode() + b" " + last + b"\r\n")

    def _unknown(self, _arguments: str) -> tuple[str, ...]:
        return ("BAD what?",)

    def _capability(self, _arguments: str) -> tuple[str, ...]:
        return f"CAPABILITY {self._server.capabilities}", "OK done"

    def _authenticate(self, mechanism: str) -> tuple[str, ...]:
        server = self._server
        self._connection.sendall(b"+ \r\n")
        response = base64.b64decode(self._lines.readline()).decode()
        if mechanism == "PLAIN":
            return self._judge(response == f"\0{server.user}\0{server.password}")
        if response == f"user={server.user}\1auth=Bearer {server.token}\1\1":
            return ("OK done",)
        self._connection.sendall(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
        self._lines.readline()
        return self._judge(False)

    def _login(self, arguments: str) -> tuple[str, ...]:
        given = [re.sub(r"\\(.)", r"\1", each) for each in re.findall(r'"((?:\\.|[^"\\])*)"', arguments)]
        return self._judge(given == [self._server.user, self._server.password])

    def _judge(self, right: bool) -> tuple[str, ...]:
        return ("OK done",) if right else ("NO [AUTHENTICATIONFAILED] Authentication failed.",)

    def _list(self, _arguments: str) -> tuple[bytes | str, ...]:
        return *(b"LIST " + line for line in self._server.listing), "OK done"

    def _examine(self, folder: str) -> tuple[str, ...]:
        self._open = self._server.folders.get(folder, [])
        return f"{len(self._open)} EXISTS", "OK done" if folder in self._server.folders else "NO no such folder"

    def _search(self, arguments: str) -> tuple[str, ...]:
        key, _blank, rest = arguments.partition(" ")
        if key == "UID":
            uids = self._range(rest)
        elif key == "HEADER" and not self._server.knows_all_headers:
            return ("NO [CANNOT] not indexed",)
        else:
            name = rest.partition(" ")[0] if key == "HEADER" else key
            text = rest.rpartition(" ")[2].strip('"')
            uids = [mail.uid for mail in self._open if mail.holds(name, text)]
        return " ".join(["SEARCH", *map(str, uids)]), "OK done"

    def _range(self, text: str) -> list[int]:
        """A range of UIDs that ends with a star, which is the highest number and always within."""
        begin = text.partition(":")[0]
        highest = max((mail.uid for mail in self._open), default=0)
        lowest = min(highest, int(begin)) if begin != "*" else highest
        return [mail.uid for mail in self._open if mail.uid >= lowest]

    def _fetch(self, arguments: str) -> tuple[bytes | str, ...]:
        asked = re.fullmatch(r"(\d+) \(BODY\.PEEK\[HEADER\]<0\.(\d+)>\)", arguments)
        if not asked:
            return ("BAD it would mark the mail as read, or has no limit",)
        lines = []
        for number, mail in enumerate(self._open, 1):
            if mail.uid == int(asked[1]):
                part = mail.header[: int(asked[2])]
                lines.append(b"%d FETCH (UID %d BODY[HEADER]<0> {%d}\r\n%b)" % (number, mail.uid, len(part), part))
        return *lines, "OK done"

    def _store(self, arguments: str) -> tuple[str, ...]:
        uid, _item, flags = arguments.split(" ")
        for mail in self._open:
            if mail.uid == int(uid):
                mail.flags.add(flags.strip("()"))
        return ("OK done",)

    def _expunge(self, uid: str) -> tuple[str, ...]:
        self._open[:] = [mail for mail in self._open if mail.uid != int(uid) or r"\Deleted" not in mail.flags]
        return ("OK done",)

    def _logout(self, _arguments: str) -> tuple[str, ...]:
        return "BYE bye", "OK done"


_ANSWERS: Mapping[str, Callable[..., tuple[bytes | str, ...]]] = {
    "CAPABILITY": _Conversation._capability,
    "AUTHENTICATE": _Conversation._authenticate,
    "LOGIN": _Conversation._login,
    "LIST": _Conversation._list,
    "EXAMINE": _Conversation._examine,
    "SELECT": _Conversation._examine,
    "UID SEARCH": _Conversation._search,
    "UID FETCH": _Conversation._fetch,
    "UID STORE": _Conversation._store,
    "UID EXPUNGE": _Conversation._expunge,
    "LOGOUT": _Conversation._logout,
}
