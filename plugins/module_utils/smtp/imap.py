# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mailbox read by IMAP (RFC 3501), encrypted from the first byte (RFC 8314)."""

from __future__ import annotations

import base64
import imaplib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ..errors import MailSettingsError
from .breakdown import closed, malformed
from .channel import Deadline
from .folders import INBOX, Folder, folders_of, junk_folders, named, quoted
from .message import TOKEN_HEADER
from .route import Login, Trust
from .sasl import Mechanism, suitable
from .scrub import Scrubber
from .search import HEADER_LIMIT, Found, Headers, Search, headers_of
from .steps import Step, Steps, encrypt, reach
from .stream import Stream

#: Octets of one line, and of all that is said in answer to one command.
_LONGEST_LINE = 64 * 1024
_LONGEST_ANSWER = 1024 * 1024

#: Mails of one folder that are looked at before the next folder has its turn. A token finds one; a watch goes on later.
_MOST_MAILS = 50

#: Seconds for a goodbye that nobody waits for.
_GOODBYE = 1

_CONNECT = Step(
    "cannot be reached",
    "Check confirm.imap.host and port, and that the network lets this machine through to it.",
)
_TLS = Step(
    "offers no encryption that can be trusted",
    "Check that confirm.imap.port is one for TLS from the first byte, usually 993, and that the certificate is valid"
    " for confirm.imap.host. Name the certificate of an authority of your own in confirm.imap.tls.ca_file.",
)
_GREETING = Step(
    "does not answer as an IMAP server does",
    "Check confirm.imap.host and port, and how many connections the server allows.",
)
_LOGIN = Step(
    "does not take the login",
    "Check confirm.imap.user and the password or token, and that IMAP is switched on for this mailbox. A server that"
    " takes no passwords, such as Exchange Online, needs confirm.imap.oauth_token.",
)
_FOLDERS = Step(
    "does not open the folders",
    "Name folders of this mailbox in confirm.imap.folders, or none to look into INBOX and the folder for junk.",
)
_SEARCH = Step(
    "does not let mail be found",
    "Try again. If it stays so, ask whoever runs the IMAP server.",
)
_DELETION = Step(
    "does not delete the test mail",
    "Delete it by hand.",
)


class ImapInbox:
    """The folders of one mailbox in which a mail may arrive. Looking into them changes nothing in them."""

    def __init__(self, arguments: Mapping[str, Any], deadline: Deadline) -> None:
        """Log in as ``confirm.imap`` says and find the folders.

        :raises MailSettingsError: as all its methods.
        """
        host, port = arguments["host"], arguments["port"]
        password, token = arguments.get("password") or "", arguments.get("oauth_token")
        tls = arguments["tls"]
        self._deadline = deadline
        self._login = Login(arguments["user"], password, token)
        self._steps = Steps(f"The IMAP server {host}:{port}", Scrubber([password, token or ""]))
        self._newest: dict[Folder, int] = {}
        self._channel = self._steps.run(_CONNECT, reach, host, port, deadline)
        try:
            trust = Trust(tls["verify"], tls.get("ca_file"), tls["minimum_version"])
            self._channel = self._steps.run(_TLS, encrypt, self._channel, host, trust, deadline)
            self._stream = Stream(self._channel, deadline, _LONGEST_ANSWER)
            self._imap = self._steps.run(_GREETING, _Session, self._stream)
            self._steps.run(_LOGIN, self._log_in)
            self._folders, self._junk = self._steps.run(_FOLDERS, self._choose, arguments.get("folders"))
        except BaseException:
            self._channel.close()
            raise

    def begin_watch(self, deadline: Deadline) -> None:
        """Let the mails that are there now not count for a search without a token."""
        self._deadline = deadline
        for folder in self._folders:
            self._newest[folder] = self._steps.run(_FOLDERS, self._newest_in, folder)

    def find(self, search: Search, deadline: Deadline) -> Found | None:
        """Look into each folder once."""
        self._deadline = deadline
        for folder in self._folders:
            self._steps.run(_FOLDERS, self._open, folder)
            found = self._steps.run(_SEARCH, self._find_in, folder, search)
            if found:
                return found
        return None

    def delete(self, found: Found, deadline: Deadline) -> str | None:
        """Delete that mail and no other; a sentence about what is left of it, if anything is."""
        self._deadline = deadline
        try:
            return self._steps.run(_DELETION, self._delete, found)
        except MailSettingsError as error:
            return f"{error.message} {error.remedy}"

    def close(self) -> None:
        """Log out, if that can be done in a moment, and let go of the connection."""
        if not self._steps.broken:
            self._stream.bound(Deadline(_GOODBYE), _LONGEST_ANSWER)
            with suppress(MailSettingsError):
                self._steps.run(_GREETING, self._imap.logout)
        self._channel.close()

    def _log_in(self) -> None:
        if self._imap.state == "AUTH":
            return  # the server knows who is there, by the connection
        offered = {name[len("AUTH=") :] for name in self._imap.capabilities if name.startswith("AUTH=")}
        mechanisms = suitable(self._login, offered)
        if mechanisms:
            self._ask(self._imap.authenticate, mechanisms[0].name, self._answers(mechanisms[0]))
        elif self._login.oauth_token:
            raise ValueError("it does not offer XOAUTH2, which a token needs")
        elif "LOGINDISABLED" in self._imap.capabilities:
            raise ValueError("it offers no login by password")
        else:
            # imaplib's own login fails on a user with a space and on a password that is not ASCII.
            self._ask(self._imap.xatom, "LOGIN", quoted(self._login.user), quoted(self._login.password))
            self._imap.state = "AUTH"
        # A server may offer more to those it knows.
        (capabilities,) = self._ask(self._imap.capability)[-1:]
        self._imap.capabilities = tuple(capabilities.decode("ascii", "replace").upper().split())

    def _answers(self, mechanism: Mechanism) -> Callable[[bytes], bytes | None]:
        """What the mechanism says, in turns; None breaks off, when a server wants to hear more than there is."""
        turns = iter(mechanism.answers)

        def answer(challenge: bytes) -> bytes | None:
            turn = next(turns, None)
            octets = turn(self._login, challenge) if turn else None
            self._steps.scrubber.add_sent(base64.b64encode(octets or b"").decode())
            return octets

        return answer

    def _choose(self, names: list[str] | None) -> tuple[list[Folder], list[Folder]]:
        """The folders to look into, and those that are for junk. Some servers mark the latter only for those who
        ask for it (RFC 6154, 3)."""
        extended = {"SPECIAL-USE", "LIST-EXTENDED"}.issubset(self._imap.capabilities)
        listing = self._ask(self._imap.list, '""', '"*" RETURN (SPECIAL-USE)' if extended else '"*"')
        folders = folders_of(listing)
        junk = junk_folders(folders)
        return ([named(name, folders) for name in names] if names else [INBOX, *junk]), junk

    def _open(self, folder: Folder, *, to_write: bool = False) -> int:
        """Select a folder anew, which shows what has arrived; the number of its mails."""
        (count,) = self._ask(self._imap.select, quoted(folder.raw), not to_write)[-1:]
        return int(count)

    def _newest_in(self, folder: Folder) -> int:
        """The highest UID, which those to come will exceed (RFC 3501, 2.3.1.1); 0 in an empty folder."""
        return max(self._uids("UID", b"*")) if self._open(folder) else 0

    def _find_in(self, folder: Folder, search: Search) -> Found | None:
        for uid in self._candidates(folder, search):
            headers = self._headers(uid)
            if search.matches(headers):
                return Found(folder.name, folder in self._junk, str(uid), headers)
        return None

    def _candidates(self, folder: Folder, search: Search) -> Iterator[int]:
        """The mails of the open folder that are worth a look, as UIDs."""
        if search.token is not None:
            yield from self._with_token(search.token)
            return
        known = self._newest[folder]
        # The range holds the newest mail even if its number is below the range's beginning (RFC 3501, 6.4.8).
        for uid in sorted(uid for uid in self._uids("UID", b"%d:*" % (known + 1)) if uid > known)[:_MOST_MAILS]:
            yield uid
            self._newest[folder] = uid

    def _with_token(self, token: str) -> list[int]:
        """By the header of our own; by the subject on servers that know only the usual headers."""
        try:
            uids = self._uids("HEADER", TOKEN_HEADER.encode(), quoted(token))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            uids = []
        return (uids or self._uids("SUBJECT", quoted(token)))[:_MOST_MAILS]

    def _uids(self, *criteria: str | bytes) -> list[int]:
        return [int(uid) for line in self._ask(self._imap.uid, "SEARCH", *criteria) if line for uid in line.split()]

    def _headers(self, uid: int) -> Headers:
        """A mail's header section, without marking the mail as read; empty when it has just gone."""
        answer = self._ask(self._imap.uid, "FETCH", str(uid), f"(BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>)")
        sections = [part[1] for part in answer if isinstance(part, tuple)]
        return headers_of(sections[0] if sections else b"")

    def _delete(self, found: Found) -> str | None:
        folder = next(folder for folder in self._folders if folder.name == found.folder)
        self._open(folder, to_write=True)
        self._ask(self._imap.uid, "STORE", found.key, "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" not in self._imap.capabilities:
            # An EXPUNGE of all would also delete what its owner has only marked (RFC 4315, 2.1).
            return (
                f"{self._steps.place} cannot delete a single mail; the test mail is marked as deleted in {folder.name}."
            )
        self._ask(self._imap.uid, "EXPUNGE", found.key)
        return None

    def _ask(self, command: Callable[..., tuple[str, list[Any]]], *arguments: Any) -> list[Any]:
        """The answer to a command.

        :raises imaplib.IMAP4.error: it is a "no".
        """
        self._stream.bound(self._deadline, _LONGEST_ANSWER)
        status, answer = command(*arguments)
        if status != "OK":
            raise imaplib.IMAP4.error(*answer[-1:])
        return answer


class _Session(imaplib.IMAP4):
    """imaplib on a stream. It reads and writes by those methods that its manual lets be overridden."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._lines = stream.makefile()
        super().__init__()

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """It is open already."""

    def read(self, size: int) -> bytes:
        """A literal, which is as long as the server announced."""
        if size > _LONGEST_ANSWER:
            raise malformed(f"it announced {size} octets")
        data = self._lines.read(size)
        if len(data) < size:
            raise closed()
        return data

    def readline(self) -> bytes:
        """A line with its end."""
        line = self._lines.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise malformed(f"it sent a line of more than {_LONGEST_LINE} octets")
        if not line.endswith(b"\n"):
            raise closed()
        return line

    def send(self, data: bytes) -> None:
        """Send all of *data*."""
        self._stream.sendall(data)

    def shutdown(self) -> None:
        """The channel is its owner's to close."""
