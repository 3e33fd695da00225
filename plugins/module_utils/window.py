# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document window: an instance holds other settings for a while, is locked meanwhile, and finds its way back.

The lock is a note beside the journal, written in the transaction that switches the settings, so that there is never one
without the other. It says until when: a window past its deadline is closed by whoever comes by. Putting the former
settings back makes the note say ``closing``, in the same transaction again; it is removed only when the approval server
has been recycled and mail was seen to work, so a run that dies in between leaves that to the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from .converge import NO_EDITS, OTHER_EDITS, Instance, Plan
from .errors import MailSettingsError
from .journal import Author
from .notes import WINDOW, Note, Notes

#: In force until its deadline; restored, and to be recycled, tested and removed.
OPEN, CLOSING = "open", "closing"

#: Minutes. What lasts longer than a day is no window any more, but a setting that somebody has forgotten.
LONGEST = 24 * 60

#: What a note of ours consists of, beside who noted it; with the types that JSON gives.
_CONTENT: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "reason": (str,),
    "opened_at": (str,),
    "until": (str,),
    "phase": (str,),
    "journal_id": (int, type(None)),
    "document_profile": (str,),
}


@dataclass(frozen=True)
class Window:
    """One window, with times in UTC and ISO 8601.

    ``journal_id`` is the change that opened it, or None where the settings were so already.
    """

    id: str
    reason: str
    opened_at: str
    until: str
    phase: str
    journal_id: int | None
    document_profile: str
    holder: str
    run: str

    @classmethod
    def of(cls, note: Note) -> Window:
        """The window that a note tells of. Raises ``journal_unavailable`` for one that was not written here."""
        content = note.content
        fits = content.keys() == _CONTENT.keys() and all(isinstance(content[key], _CONTENT[key]) for key in content)
        if not fits or content["phase"] not in (OPEN, CLOSING) or _time(content["until"]) is None:
            raise MailSettingsError(
                "journal_unavailable",
                "The note on the document window does not read as it was written. Nothing was changed.",
                "Somebody has edited it: delete that row, and see that the instance holds the settings that it should.",
            )
        return cls(**content, holder=note.noted_by, run=note.run)

    @classmethod
    def lasting(cls, minutes: int, reason: str, author: Author, identity: str | None = None) -> Window:
        """A new window from now on; it has no journal entry yet."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        return cls(
            id=identity or uuid4().hex,
            reason=reason,
            opened_at=now.isoformat(),
            until=(now + timedelta(minutes=minutes)).isoformat(),
            phase=OPEN,
            journal_id=None,
            document_profile=author.profile,
            holder=author.changed_by,
            run=author.run,
        )

    @property
    def content(self) -> dict[str, Any]:
        """What its note holds."""
        return {key: getattr(self, key) for key in _CONTENT}

    @property
    def author(self) -> Author:
        """Who has opened it."""
        return Author(self.holder, self.run, self.document_profile)

    @property
    def expired(self) -> bool:
        """Whether its deadline is over, by the clock of whoever asks."""
        until = _time(self.until)
        return until is None or until <= datetime.now(timezone.utc)

    @property
    def overdue(self) -> bool:
        """Whether whoever comes by is to bring it to its end."""
        return self.phase == CLOSING or self.expired

    def public(self) -> dict[str, Any]:
        """The window as a result may show it; it holds no secret."""
        return {
            "id": self.id,
            "holder": self.holder,
            "run": self.run,
            "reason": self.reason,
            "document_profile": self.document_profile,
            "opened_at": self.opened_at,
            "until": self.until,
            "phase": self.phase,
            "expired": self.expired,
        }

    def refusal(self) -> MailSettingsError:
        """What anybody else is told while it is in force."""
        run = f" (run {self.run})" if self.run else ""
        return MailSettingsError(
            "window_open",
            f"{self.holder or 'Somebody'}{run} holds a document window on this instance until {self.until}:"
            f" {self.reason.rstrip('.')}. Nothing was changed.",
            "Wait until then, or close it: weestimate.mail.document_window with weestimate_smtp_window_action=close.",
            window=self.public(),
        )

    def stuck(self, error: MailSettingsError) -> MailSettingsError:
        """What keeps the former settings from coming back, in the words of a window."""
        return MailSettingsError(
            error.code,
            f"The document window of {self.holder or 'somebody'} cannot be closed: {error.message}",
            "See what has been edited. Then close the window with weestimate.mail.document_window,"
            " weestimate_smtp_window_action=close and weestimate_smtp_window_overwrite_edits=true, and apply.",
            **{**error.details, "window": self.public()},
        )


@dataclass(frozen=True)
class Ending:
    """A window that was brought to its end, or would be in check mode, and how its settings went back.

    ``plan`` is None where they were back already, or were left as somebody else's later change has made them.
    """

    window: Window
    plan: Plan | None = None
    number: int | None = None


class Lock:
    """The window of one instance. Without a journal there is none, and none can be opened."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._notes = Notes(instance.store, instance.journal)

    def window(self) -> Window | None:
        """The window on the instance, in one query."""
        note = self._notes.read().get(WINDOW)
        return Window.of(note) if note else None

    def settle(self, author: Author, *, check_mode: bool) -> Ending | None:
        """Let nobody past a window in force (``window_open``), and put back what one past its deadline has switched."""
        window = self.window()
        if window is None:
            return None
        if not window.overdue:
            raise window.refusal()
        return self.restore(window, author, check_mode=check_mode)

    def open(self, plan: Plan, window: Window, former: Window | None) -> Window:
        """Lock the instance and switch its settings, both or nothing. ``former`` is the window that was seen before."""
        opened = window

        def lock(number: int | None) -> None:
            nonlocal opened
            opened = replace(window, journal_id=number)
            self.require(former)
            self._put(opened)

        self._carry_out(plan, window.author, lock)
        return opened

    def restore(
        self, window: Window, author: Author, *, check_mode: bool = False, overwrite_edits: bool = False
    ) -> Ending:
        """Put the settings back that the window found, and leave it ``closing``, both or nothing.

        Raises ``concurrent_change`` where somebody has edited in the window what it had switched, unless that may be
        overwritten. A later change that is recorded stays in any case: with ``overwrite_edits`` the window ends without
        putting anything back.
        """
        if window.phase == CLOSING:
            return Ending(window)
        plan = self._way_back(window, overwrite_edits)
        closing = replace(window, phase=CLOSING)
        if check_mode:
            return Ending(closing, plan)

        def note(_number: int | None) -> None:
            self.require(window)
            self._put(closing)

        return Ending(closing, plan, self._carry_out(plan, author, note))

    def remove(self, window: Window) -> None:
        """Unlock the instance."""
        with self._instance.store.transaction():
            self.require(window)
            self._notes.remove(WINDOW)

    def require(self, seen: Window | None) -> None:
        """Raise ``concurrent_change`` unless the window is as it was seen; nobody else can alter it from here on.

        Asked in the transaction that is under way.
        """
        note = self._notes.held(WINDOW)
        if (Window.of(note) if note else None) != seen:
            raise MailSettingsError(
                "concurrent_change",
                "Somebody has opened or closed a document window while this run was at work.",
                "Nothing was changed. Find out who else is at work, then repeat the run.",
            )

    def require_openable(self) -> None:
        """Raise what opening a window would raise, as far as it can be told without writing."""
        if not self._instance.journal.enabled:
            raise MailSettingsError(
                "journal_unavailable",
                "Without a journal (journal=none) a document window would find no way back. Nothing was changed.",
                "Let the instance have a journal.",
            )
        self._instance.journal.require_recordable()
        self._notes.require_recordable()

    def _way_back(self, window: Window, overwrite_edits: bool) -> Plan | None:
        if window.journal_id is None:
            return None
        try:
            in_the_way = NO_EDITS if overwrite_edits else OTHER_EDITS
            return self._instance.plan_restore({}, window.journal_id, edits_in_the_way=in_the_way)
        except MailSettingsError as error:
            if error.code not in ("concurrent_change", "restore_unavailable"):
                raise
            # What remains in spite of that leave is a later change in the journal, or a journal that has been emptied.
            if overwrite_edits:
                return None
            raise window.stuck(error) from None

    def _carry_out(self, plan: Plan | None, author: Author, beside: Callable[[int | None], None]) -> int | None:
        """Apply a plan and what belongs to it in one transaction, also where the plan has nothing to write."""
        if plan and plan.changed:
            return self._instance.apply(plan, author, beside=beside)
        with self._instance.store.transaction():
            beside(None)
        return None

    def _put(self, window: Window) -> None:
        self._notes.put(WINDOW, window.author, window.content)


def _time(text: str) -> datetime | None:
    """A time with its offset from UTC, or None for what is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None
