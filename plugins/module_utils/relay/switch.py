# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One configuration of a relay in place of another: checked before, started after, and put back if it does not start.

A run that is killed leaves a journal behind. The next run puts back what the killed one had begun, goes on to what is
declared then, and starts again whatever read one of those files, whether or not it differs in the end.
"""

from __future__ import annotations

import base64
import grp
import pwd
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MailSettingsError
from . import files
from .arguments import FORMER, PRESENT, PROVEN
from .differences import differences, is_private
from .files import Entry, File, Other
from .ledger import Ledger
from .programs import Outcome, run, run_until
from .quoting import Quoter

_STAGE = "{stage}"
_SECRET_MODE, _PUBLIC_MODE = "0600", "0644"


def seal(content: str) -> str:
    """A content as it is handed to the module on the relay: on one line, without anything that escaping changes.

    Ansible blanks a secret in what it logs only where it finds it as it was given, not the escaped form.
    """
    return base64.b64encode(content.encode("utf-8", "surrogateescape")).decode()


def relay_config(arguments: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Carry out a call of the module; its result. Raises `MailSettingsError`."""
    try:
        with Ledger.opened(Path(arguments["directory"]), arguments["timeout"], check_mode=check_mode) as ledger:
            return _STATES[arguments["state"]](_Order(arguments, ledger, check_mode))
    except OSError as error:
        raise _refused(f"{error.filename or arguments['directory']}: {error.strerror}.") from error


@dataclass(frozen=True)
class _Target:
    """A configuration to be in force: what is to lie at each path, and of which of them the content is secret."""

    files: Mapping[str, File | None]
    secret: Mapping[str, bool]

    @property
    def managed(self) -> dict[str, bool]:
        """What is managed once it is in force."""
        return {path: self.secret[path] for path, file in self.files.items() if file is not None}


@dataclass(frozen=True)
class _Order:
    """One call of the module."""

    arguments: Mapping[str, Any]
    ledger: Ledger
    check_mode: bool

    def present(self) -> dict[str, Any]:
        """Bring the declared files into force, and nothing else of what was managed."""
        declared = {each["path"]: self._declared(each) for each in self.arguments["files"]}
        secret = {each["path"]: each["secret"] for each in self.arguments["files"]}
        return self._reach(self._target(declared, secret), checks=self.arguments["checks"])

    def former(self) -> dict[str, Any]:
        """Bring back into force what was last proven; it was checked then, and there is nothing better now."""
        proven = self.ledger.proven
        if proven is None:
            raise MailSettingsError(
                "relay_no_former",
                "No configuration of this relay was ever proven, so there is none to go back to. Nothing was changed.",
                "Mend the declared configuration.",
            )
        secret = {path: is_private(file) for path, file in proven.items()}
        return self._reach(self._target(proven, secret), checks=())

    def proven(self) -> dict[str, Any]:
        """Remember what is in force."""
        if self.ledger.journal and not self.ledger.journal.settled:
            raise MailSettingsError(
                "relay_not_started",
                "A change of this relay's configuration was interrupted, so what is in force is not what runs.",
                "Bring the declared configuration into force first (state=present).",
            )
        in_force = self._in_force()
        changed = in_force != self.ledger.proven
        if changed and not self.check_mode:
            self.ledger.prove(in_force)
        return {"changed": changed, "changed_files": [], "activated": [], "proven": True, "diff": []}

    def _target(self, wanted: Mapping[str, File], secret: Mapping[str, bool]) -> _Target:
        gone = {path: None for path in self.ledger.managed if path not in wanted}
        return _Target({**gone, **wanted}, {**self.ledger.managed, **secret})

    def _declared(self, given: Mapping[str, Any]) -> File:
        mode = given["mode"] or (_SECRET_MODE if given["secret"] else _PUBLIC_MODE)
        return File(
            base64.b64decode(given["content"]),
            int(mode, 8),
            self._account(given, "owner", lambda name: pwd.getpwnam(name).pw_uid),
            self._account(given, "group", lambda name: grp.getgrnam(name).gr_gid),
        )

    def _account(self, given: Mapping[str, Any], kind: str, number: Callable[[str], int]) -> int | None:
        try:
            return number(given[kind])
        except KeyError:
            if self.check_mode:  # What comes before this task may be going to make it.
                return None
            raise _refused(f"{given['path']}: there is no {kind} {given[kind]}.") from None

    def _in_force(self) -> dict[str, File]:
        found = {path: files.read(path) for path in self.ledger.managed}
        return {path: entry for path, entry in found.items() if isinstance(entry, File)}

    def _reach(self, target: _Target, checks: Sequence[Sequence[str]]) -> dict[str, Any]:
        due = self._resume()
        before = {path: files.read(path) for path in target.files}
        changes = {path: file for path, file in target.files.items() if file != before[path]}
        due = sorted({*changes, *due})
        commands = [each["command"] for each in self.arguments["activate"] if _concerns(each["paths"], due)]
        if changes:
            _require_replaceable(before, changes)
            self._check(target, before, checks)
        if due and not self.check_mode:
            _Switch(self, target, before, changes, commands).carry_out(due)
        elif self.ledger.managed != target.managed and not self.check_mode:
            self.ledger.settle(target.managed)
        return {
            "changed": bool(due),
            "changed_files": sorted(changes),
            "activated": commands,
            "proven": self._is_proven(target),
            "diff": differences(before, changes, target.secret),
        }

    def _is_proven(self, target: _Target) -> bool:
        return {path: file for path, file in target.files.items() if file} == self.ledger.proven

    def _resume(self) -> list[str]:
        """Bring an interrupted switch to its end; the files whose programs have to be started again."""
        journal = self.ledger.journal
        if journal is None or self.check_mode:
            return [] if journal is None or journal.settled else list(journal.existed)
        if journal.settled:
            files.forget(journal.existed)
            self.ledger.close()
            return []
        files.undo(journal.existed)
        self.ledger.begin(dict.fromkeys(journal.existed, True))
        return list(journal.existed)

    def _check(self, target: _Target, before: Mapping[str, Entry], checks: Sequence[Sequence[str]]) -> None:
        """Let programs refuse the candidate, which lies below a folder of its own."""
        if not checks:
            return
        with self.ledger.candidate() as stage:
            for path, file in target.files.items():
                if file is not None:
                    files.write(Path(f"{stage}{path}"), file)
            for check in checks:
                outcome = run([word.replace(_STAGE, str(stage)) for word in check], self.arguments["timeout"])
                if not outcome.succeeded and not (outcome.missing and self.check_mode):
                    raise _failure("relay_config_refused", outcome, self.quoter(target, before), _UNTOUCHED)

    def quoter(self, target: _Target, before: Mapping[str, Entry]) -> Quoter:
        """Knows the secrets of what is to come, of what is there, and of what was proven."""
        sides = [target.files, before, self.ledger.proven or {}]
        entries = [(path, entry) for side in sides for path, entry in side.items() if isinstance(entry, File)]
        hidden = [entry.content for path, entry in entries if target.secret.get(path, True) or is_private(entry)]
        return Quoter(hidden, [entry.content for _path, entry in entries if entry.content not in hidden])


@dataclass(frozen=True)
class _Switch:
    """The part of an order from which there is no way out but success, or what was there before."""

    order: _Order
    target: _Target
    before: Mapping[str, Entry]
    changes: Mapping[str, File | None]
    commands: Sequence[Sequence[str]]

    def carry_out(self, due: Sequence[str]) -> None:
        """Exchange the files, start what reads them, and wait until it is up."""
        ledger = self.order.ledger
        ledger.begin({path: self.before.get(path, True) is not None for path in due})
        self._exchange()
        failed = self._start()
        if failed:
            raise self._put_back(failed)
        ledger.settle(self.target.managed)
        files.forget(self.changes)
        ledger.close()

    def _exchange(self) -> None:
        ledger = self.order.ledger
        try:
            files.prepare(self.changes)
            files.exchange(self.changes)
        except OSError:
            files.undo(ledger.journal.existed)
            ledger.close()
            raise

    def _start(self) -> Outcome | None:
        """The first program that failed, or None where the relay is up."""
        timeout = self.order.arguments["timeout"]
        for command in self.commands:
            outcome = run(command, timeout)
            if not outcome.succeeded:
                return outcome
        deadline = time.monotonic() + timeout
        outcomes = (run_until(command, deadline) for command in self.order.arguments["settled"])
        return next((outcome for outcome in outcomes if not outcome.succeeded), None)

    def _put_back(self, failed: Outcome) -> MailSettingsError:
        quoter = self.order.quoter(self.target, self.before)
        files.undo(self.order.ledger.journal.existed)
        again = self._start()
        if again is None:
            self.order.ledger.close()
        return _failure("relay_not_started", failed, quoter, _PUT_BACK if again is None else _NOT_UP)


def _require_replaceable(before: Mapping[str, Entry], paths: Iterable[str]) -> None:
    for path in paths:
        entry = before[path]
        if isinstance(entry, Other) and entry.is_folder:
            raise _refused(f"{path} is a folder.")


def _concerns(prefixes: Sequence[str], paths: Sequence[str]) -> bool:
    return any(path.startswith(tuple(prefixes)) for path in paths)


_UNTOUCHED = "Nothing was changed."
_PUT_BACK = "The former configuration is in force again."
_NOT_UP = "The former files are back, but the relay did not come up with them either."


def _refused(why: str) -> MailSettingsError:
    return MailSettingsError("relay_config_refused", f"{why} {_UNTOUCHED}", "Mend that, and run again.")


def _failure(code: str, outcome: Outcome, quoter: Quoter, state: str) -> MailSettingsError:
    said = quoter.quote(outcome)
    quoted = f": {' / '.join(said)}" if said else "."
    return MailSettingsError(
        code,
        f"{' '.join(outcome.command)} {outcome.ending}{quoted.rstrip('.')}. {state}",
        "Mend what it names, and run again.",
        command=list(outcome.command),
        output=said,
    )


_STATES = {PRESENT: _Order.present, PROVEN: _Order.proven, FORMER: _Order.former}
