# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states that a relay's configuration can be brought to: what is declared, what was proven."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import MailSettingsError
from . import files
from .arguments import FORMER, PRESENT, PROVEN
from .execution import Outcome, run
from .files import File, Other
from .ledger import InForce, Ledger, Proven
from .plan import Plan, Target, is_private
from .quoting import Quoter
from .sealing import unseal
from .switch import Startup, Switch, program_failure, refused, resume, told

_STAGE = "{stage}"
_SECRET_MODE, _PUBLIC_MODE = "0600", "0644"

_ACCOUNTS = {
    "owner": lambda name: pwd.getpwnam(name).pw_uid,
    "group": lambda name: grp.getgrnam(name).gr_gid,
}


def relay_config(arguments: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Carry out a call of the module, whose contents are sealed; its result. Raises `MailSettingsError`."""
    try:
        with Ledger.opened(Path(arguments["directory"]), arguments["timeout"], check_mode=check_mode) as ledger:
            return _STATES[arguments["state"]](_Order(arguments, ledger, check_mode))
    except OSError as error:
        raise refused(told(error)) from None


@dataclass(frozen=True)
class _Order:
    """One call of the module."""

    arguments: Mapping[str, Any]
    ledger: Ledger
    check_mode: bool

    def present(self) -> dict[str, Any]:
        """Bring the declared files into force, and nothing else of what was managed."""
        declared = {given["path"]: self._declared(given) for given in self.arguments["files"]}
        secret = {given["path"]: given["secret"] for given in self.arguments["files"]}
        proven = self.ledger.proven
        on_trial = {} if proven and declared == proven.files else self.arguments["on_trial"]
        tried = {path: _ending_with(on_trial.get(path, ""), file) for path, file in declared.items()}
        startup = self._startup(_commands(self.arguments["settled"]))
        return self._reach(self._target(tried, secret), startup, _commands(self.arguments["checks"]), on_trial)

    def former(self) -> dict[str, Any]:
        """Bring back into force what was last proven. It was checked then, and there is nothing better to go to."""
        self._require_generation()
        proven = self.ledger.proven
        if proven is None:
            raise MailSettingsError(
                "relay_no_former",
                "No configuration of this relay was ever proven, so there is none to go back to. Nothing was changed.",
                "Mend the declared configuration, and run again.",
            )
        secret = {path: is_private(file) for path, file in proven.files.items()}
        return self._reach(self._target(proven.files, secret), self._startup(proven.settled))

    def proven(self) -> dict[str, Any]:
        """Remember what is in force, and let its trial end.

        In this order: what is remembered as proven, the next run takes out of its trial if this one is cut off.
        """
        if self.ledger.interrupted:
            raise MailSettingsError(
                "relay_not_started",
                "A change of the relay was interrupted, so what lies on its disk need not be what runs.",
                "Bring the declared configuration into force first (state=present).",
            )
        in_force, proven = self.ledger.in_force, self.ledger.proven
        passed = self._after_trial()
        changed = proven is None or passed != proven.files
        # Another run may have proven the very same.
        if changed or in_force.on_trial or self.arguments["generation"] != proven.generation:
            self._require_generation()
        if changed and not self.check_mode:
            self.ledger.prove(Proven(passed, in_force.settled, in_force.generation))
        told = self._reach(Target(passed, in_force.managed), self._startup(in_force.settled))
        return {**told, "changed": told["changed"] or changed, "proven": True}

    def _after_trial(self) -> dict[str, File]:
        """The managed files without what is in them for the trial only.

        What is no regular file any more was replaced by hand meanwhile, and is left alone.
        """
        in_force, found = self.ledger.in_force, {}
        for path in in_force.managed:
            entry, end = files.read(path), in_force.on_trial.get(path, "").encode()
            if isinstance(entry, File):
                if not entry.content.endswith(end):
                    raise MailSettingsError(
                        "concurrent_change",
                        f"{path} was changed by hand while it was on trial. Nothing was changed.",
                        "Run again: what is declared is then brought into force, and tested, once more.",
                    )
                found[path] = replace(entry, content=entry.content.removesuffix(end))
        return found

    @property
    def _proven_files(self) -> Mapping[str, File] | None:
        proven = self.ledger.proven
        return proven.files if proven else None

    def _require_generation(self) -> None:
        """Have nobody judge what somebody else has brought into force meanwhile."""
        given, found = self.arguments["generation"], self.ledger.in_force.generation
        if given not in (None, found):
            raise MailSettingsError(
                "concurrent_change",
                f"Another run has changed this relay meanwhile: its configuration is number {found}, and not {given}. "
                "Nothing was changed.",
                "Have one run at a time change a relay, and run again.",
            )

    def _startup(self, settled: Sequence[Sequence[str]]) -> Startup:
        return Startup(self.arguments["activate"], settled, self.arguments["timeout"])

    def _target(self, wanted: Mapping[str, File], secret: Mapping[str, bool]) -> Target:
        managed = self.ledger.in_force.managed
        gone = {path: None for path in managed if path not in wanted}
        return Target({**gone, **wanted}, {**managed, **secret})

    def _declared(self, given: Mapping[str, Any]) -> File:
        mode = given["mode"] or (_SECRET_MODE if given["secret"] else _PUBLIC_MODE)
        owner, group = (self._account(given, kind) for kind in _ACCOUNTS)
        return File(unseal(given["content"]), int(mode, 8), owner, group)

    def _account(self, given: Mapping[str, Any], kind: str) -> int | None:
        try:
            return _ACCOUNTS[kind](given[kind])
        except KeyError:
            if self.check_mode:  # A task before this one may be going to make it.
                return None
            raise refused(f"{given['path']}: There is no {kind} {given[kind]} on the relay.") from None

    def _reach(
        self,
        target: Target,
        startup: Startup,
        checks: Sequence[Sequence[str]] = (),
        on_trial: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Bring a configuration into force, unless it is."""
        plan = Plan.towards(target, self.ledger.interrupted if self.check_mode else resume(self.ledger))
        commands, before = startup.commands(plan.due), self.ledger.in_force
        after = InForce(target.managed, startup.settled, dict(on_trial), before.generation + bool(plan.due))
        if plan.due:
            words = [*target.files, *chain(*checks, *commands, *startup.settled)]
            quoter = plan.quoter(self._proven_files or {}, words)
            switch = Switch(self.ledger, plan, startup, after, quoter)
            try:
                self._check(plan, checks, quoter)
            except MailSettingsError:
                if not self.check_mode:
                    switch.give_up()
                raise
            if not self.check_mode:
                switch.carry_out()
        elif after != before and not self.check_mode:
            self.ledger.settle(after)
        return {
            "changed": bool(plan.due),
            "changed_files": sorted(plan.changes),
            "activated": commands,
            "generation": self.ledger.in_force.generation,
            "proven": target.present == self._proven_files,
            "resumed": bool(plan.overdue),
            "diff": plan.differences(),
        }

    def _check(self, plan: Plan, checks: Sequence[Sequence[str]], quoter: Quoter) -> None:
        """Let programs refuse the candidate, which lies below a folder of its own."""
        for path in plan.changes:
            entry = plan.before[path]
            if isinstance(entry, Other) and entry.is_folder:
                raise refused(f"{path} is a folder.")
        if not plan.changes or not checks:
            return
        with self.ledger.candidate() as stage:
            for path, file in plan.target.present.items():
                files.write(Path(f"{stage}{path}"), file)
            for check in checks:
                outcome = _checked(check, str(stage), self.arguments["timeout"])
                # In check mode, a task before this one may be going to install it.
                if outcome.ending and not (outcome.missing and self.check_mode):
                    raise program_failure("relay_config_refused", outcome, quoter)


def _ending_with(end: str, file: File) -> File:
    return replace(file, content=file.content + end.encode())


def _commands(given: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Commands as Ansible leaves them, in which a number may be a number."""
    return [[str(word) for word in command] for command in given]


def _checked(check: Sequence[str], stage: str, timeout: float) -> Outcome:
    """What became of a check; it is quoted as if the candidate lay where it is to lie."""
    outcome = run([word.replace(_STAGE, stage) for word in check], timeout)
    return replace(outcome, command=tuple(check), output=outcome.output.replace(stage.encode(), b""))


_STATES = {PRESENT: _Order.present, PROVEN: _Order.proven, FORMER: _Order.former}
