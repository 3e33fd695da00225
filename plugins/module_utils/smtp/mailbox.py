# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Did the mail arrive, when, in which folder, and what did the receiving server think of it?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol

from .authentication_results import authentication_results
from .channel import Deadline
from .imap import ImapInbox
from .mailpit import MailpitInbox
from .search import Found, Search, first

__all__ = ["Arrival", "Mailbox", "Search", "open_mailbox"]

#: Seconds in which a mailbox must be open. Servers delay their answer to a failed login.
_OPENING = 30

#: Seconds that the last look and the deletion may take beyond the deadline.
_GRACE = 5


class Inbox(Protocol):
    """A place where mail arrives, on some kind of server.

    Each method ends by its deadline and raises `MailSettingsError` (``mailbox_unavailable``) if the server does not do
    as it should.
    """

    def begin_watch(self, deadline: Deadline) -> None:
        """Let the mails that are there now not count for a search without a token."""

    def find(self, search: Search, deadline: Deadline) -> Found | None:
        """Look once."""

    def delete(self, found: Found, deadline: Deadline) -> str | None:
        """Delete that mail; a sentence about what is left of it, if anything is. It raises nothing."""

    def close(self) -> None:
        """Leave; it raises nothing."""


_KINDS = {"imap": ImapInbox, "mailpit": MailpitInbox}


@dataclass(frozen=True)
class Arrival:
    """A mail that has arrived.

    ``seconds`` passed from the beginning of the wait until it was seen. ``authentication_results`` has the keys spf,
    dkim, dmarc (a verdict or None) and raw. ``warning`` is a sentence about a deletion that did not work out.
    """

    folder: str
    junk: bool
    seconds: float
    authentication_results: dict[str, Any] = field(hash=False)
    subject: str
    warning: str | None = None


class Mailbox:
    """An open mailbox, to be used as a context manager."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._inbox.close()

    def wait_for(self, search: Search, timeout: float, interval: float, delete: bool) -> Arrival | None:
        """Look every ``interval`` seconds for at most ``timeout`` seconds; None if the mail has not arrived by then.

        A search without a token finds only what arrives after this call has begun.

        :raises MailSettingsError: ``mailbox_unavailable``, when the mailbox cannot be read any longer.
        """
        begin = time.monotonic()
        wait = Deadline(timeout)
        if search.token is None:
            self._inbox.begin_watch(_last(wait))
        while True:
            found = self._inbox.find(search, _last(wait))
            if found:
                seconds = round(time.monotonic() - begin, 2)
                warning = self._inbox.delete(found, _last(wait)) if delete else None
                return _arrival(found, seconds, warning)
            left = wait.remaining()
            if not left:
                return None
            time.sleep(min(interval, left))


def open_mailbox(confirm: Mapping[str, Any]) -> Mailbox:
    """Log in to the mailbox that a validated ``confirm`` argument names.

    :raises MailSettingsError: ``mailbox_unavailable``, with what happened at which step and what to do about it.
    """
    kind = next(kind for kind in _KINDS if confirm.get(kind))
    return Mailbox(_KINDS[kind](confirm[kind], Deadline(min(_OPENING, confirm["timeout"]))))


def _last(wait: Deadline) -> Deadline:
    """The moment by which a look must be over."""
    return Deadline(wait.remaining() + _GRACE)


def _arrival(found: Found, seconds: float, warning: str | None) -> Arrival:
    return Arrival(
        found.folder,
        found.junk,
        seconds,
        authentication_results(found.headers.get("authentication-results", [])),
        first(found.headers, "subject"),
        warning,
    )
