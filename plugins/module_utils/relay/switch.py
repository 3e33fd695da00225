# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one configuration to another: files exchanged, programs started, and all put back if they do not come up.

A run that is killed leaves a journal behind. `resume` puts back what it had begun; the next switch then starts again
whatever reads one of those files, whether or not it differs in the end.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..errors import MailSettingsError
from . import files
from .execution import Outcome, ProgramError, run, run_until
from .ledger import InForce, Ledger
from .plan import Plan
from .quoting import Quoter

_UNTOUCHED = "Nothing was changed."
_BACK = "What was in force before is in force again."
_NOT_BACK = "The files of before could not be put back; the next run does it first."
_NOT_UP = "The files of before are back, but the relay does not come up with them either."
_NOTHING_TO_PUT_BACK = (
    "Only programs were to be started again, after a run that was interrupted. The next run tries it."
)


@dataclass(frozen=True)
class Startup:
    """What starts a configuration, and what tells that it is up."""

    activate: Sequence[Mapping[str, Any]]
    settled: Sequence[Sequence[str]]
    timeout: float

    def commands(self, paths: Iterable[str]) -> list[list[str]]:
        """The commands that a change of these paths calls for, in their order."""
        changed = list(paths)
        return [
            each["command"] for each in self.activate if any(path.startswith(tuple(each["paths"])) for path in changed)
        ]

    def start(self, paths: Iterable[str]) -> None:
        """Run those commands, and wait until the relay is up. Raises `ProgramError`."""
        for command in self.commands(paths):
            _require(run(command, self.timeout))
        deadline = time.monotonic() + self.timeout
        for command in self.settled:
            _require(run_until(command, deadline))


def _require(outcome: Outcome) -> None:
    if outcome.ending:
        raise ProgramError(outcome)


def resume(ledger: Ledger) -> list[str]:
    """Put back what an interrupted switch had begun; the paths whose programs are to be started again."""
    due = ledger.interrupted
    if due:
        files.undo(ledger.journal.existed)
        ledger.close(due)
    elif ledger.journal:
        files.forget(ledger.journal.existed)
        ledger.close()
    return due


@dataclass(frozen=True)
class Switch:
    """A plan, what starts the relay once it is carried out, or undone, and what is in force once it is up."""

    ledger: Ledger
    plan: Plan
    startup: Startup
    after: InForce
    quoter: Quoter

    @property
    def _former(self) -> Startup:
        """What starts the configuration that is in force: it is up by what that one has, not by what is new."""
        return replace(self.startup, settled=self.ledger.in_force.settled)

    def carry_out(self) -> None:
        """Make the switch. Raises ``relay_config_refused`` and ``relay_not_started``, what was before being back."""
        existed = {path: self.plan.before[path] is not None for path in self.plan.changes}
        self.ledger.begin({**dict.fromkeys(self.plan.overdue, True), **existed})
        self._exchange()
        try:
            self.startup.start(self.plan.due)
            self.ledger.settle(self.after)
        except (ProgramError, OSError) as error:
            raise self._failure(error, self._put_back()) from None
        with suppress(OSError):  # The next run removes what is left.
            files.forget(existed)
            self.ledger.close()

    def give_up(self) -> None:
        """Leave what is in force. After an interrupted switch, what runs need not be that yet."""
        if self.plan.overdue:
            with suppress(ProgramError, OSError):  # The next run tries it again.
                self._former.start(self.plan.overdue)
                self.ledger.close()

    def _exchange(self) -> None:
        try:
            files.prepare(self.plan.changes)
            files.exchange(self.plan.changes)
        except OSError as error:
            if not self._undo(self.plan.overdue):
                raise self._failure(error, _NOT_BACK) from None
            self.give_up()
            raise refused(told(error)) from None

    def _put_back(self) -> str:
        """Go back to what was in force; a sentence on how that went."""
        if not self.plan.changes:
            return _NOTHING_TO_PUT_BACK
        if not self._undo(self.plan.due):
            return _NOT_BACK
        try:
            self._former.start(self.plan.due)
        except ProgramError:
            return _NOT_UP
        with suppress(OSError):  # Programs are then started once more by the next run.
            self.ledger.close()
        return _BACK

    def _undo(self, due: Iterable[str]) -> bool:
        """Whether the files of before are back; ``due`` are those whose programs are to be started again."""
        try:
            files.undo(self.ledger.journal.existed)
        except OSError:
            return False
        with suppress(OSError):  # On a full disk, the journal stays as it is, and can be undone once more.
            self.ledger.close(due)
        return True

    def _failure(self, error: Exception, state: str) -> MailSettingsError:
        if isinstance(error, ProgramError):
            return program_failure("relay_not_started", error.outcome, self.quoter, state)
        return MailSettingsError("relay_not_started", f"{told(error)} {state}", "Mend what it names, and run again.")


def refused(why: str) -> MailSettingsError:
    """The error of a configuration that was not brought into force."""
    return MailSettingsError("relay_config_refused", f"{why} {_UNTOUCHED}", "Mend what it names, and run again.")


def program_failure(code: str, outcome: Outcome, quoter: Quoter, state: str = _UNTOUCHED) -> MailSettingsError:
    """The error of a program that failed; ``state`` is a sentence on what is in force."""
    return MailSettingsError(
        code,
        f"{quoter.sentence(outcome)} {state}",
        "Mend what it names, and run again.",
        command=list(outcome.command),
        output=quoter.lines(outcome),
    )


def told(error: OSError) -> str:
    """A failure of the system as a sentence."""
    return f"{error.filename or 'A file'}: {error.strerror or type(error).__name__}."
