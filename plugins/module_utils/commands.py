# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules do: one piece of work behind the action and the module of each name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from .converge import Instance, Plan, require_last
from .discover import discover
from .errors import MailSettingsError
from .journal import Author
from .options import BY_NAME
from .redaction import masked
from .smtp import trial
from .stores.connect import open_store

#: Judges a plan before it is carried out: raises to forbid it, returns further result keys.
Approval = Callable[[Plan], Mapping[str, Any]]


def smtp_settings(arguments: Mapping[str, Any], *, check_mode: bool, approve: Approval) -> dict[str, Any]:
    """Bring one instance to ``state``; the keys of the result as documented with the module.

    ``arguments`` are validated and complete; ``approve`` is asked about declared settings, not about a restore,
    because what worked before may go back even where today's rules would refuse it.
    """
    with closing(open_store(arguments["store"])) as store:
        order = _Order(Instance.from_arguments(store, arguments), arguments, check_mode, approve)
        return _STATES[arguments["state"]](order)


def smtp_settings_info(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What one instance holds, who changed it last, and on demand how its table looks."""
    with closing(open_store(arguments["store"])) as store:
        instance = Instance.from_arguments(store, arguments)
        if not arguments.get("discover"):
            return _read(instance)
        found = {"discovery": discover(store, instance.layout)}
        try:
            return {**_read(instance), **found}
        except MailSettingsError as error:
            if error.code not in _MISMATCHES:
                raise
            # That the layout does not match is what a discovery is for: it is a finding here, not a failure.
            problem = {key: value for key, value in error.result().items() if key != "failed"}
            return {"changed": False, "mismatch": problem, **found}


def smtp_test(arguments: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Try what one instance holds, or a candidate for it, on the mail server; the result of `trial.send`."""
    if (arguments.get("confirm") or {}).get("watch"):
        return trial.watch(arguments["confirm"], check_mode=check_mode)
    return trial.send(_tested(arguments), arguments, check_mode=check_mode)


def _tested(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings to try; the database is closed again before anybody else is spoken to."""
    candidate = _declared(arguments)
    if not arguments.get("store"):
        if not candidate:
            raise MailSettingsError(
                "schema_invalid", "There are no settings to test.", "Set store, or settings, or both."
            )
        return {"smtp_mail_enabled": True, **candidate}
    with closing(open_store(arguments["store"])) as store:
        instance = Instance.from_arguments(store, arguments)
        return instance.plan(candidate, update_password="always", create_missing=True).resulting  # noqa: S106 # a policy


#: Failures that say something about the layout, and nothing about reaching the database.
_MISMATCHES = ("table_missing", "column_missing", "option_missing", "option_duplicate", "option_undecodable")


def _read(instance: Instance) -> dict[str, Any]:
    snapshot = instance.read()
    entry = instance.journal.last()
    return {
        "changed": False,
        "settings": masked(snapshot.values),
        "missing_options": [name for name in BY_NAME if name not in snapshot.values],
        "layout": instance.layout.as_arguments(),
        "last_change": entry.public() if entry else None,
        "edited_since": entry.edited_since(snapshot.values) if entry else [],
        "password_changed_at": instance.journal.password_changed_at() if entry else None,
    }


@dataclass(frozen=True)
class _Order:
    """One call of `smtp_settings` on its open instance."""

    instance: Instance
    arguments: Mapping[str, Any] = field(repr=False)
    check_mode: bool
    approve: Approval

    def present(self) -> dict[str, Any]:
        """Make the instance hold the declared settings."""
        plan = self.instance.plan(
            _declared(self.arguments),
            update_password=self.arguments["update_password"],
            create_missing=self.arguments["create_missing"],
        )
        judged = self.approve(plan)
        if plan.changed and not self.check_mode:
            self._probe(plan.resulting)
        told = {**self._carry_out(plan), **judged}
        if self.arguments.get("report_unconfirmed"):
            told["unconfirmed"] = None if plan.changed else self._unconfirmed()
        return told

    def restored(self) -> dict[str, Any]:
        """Take the instance back to before the last recorded change."""
        return self._carry_out(self.instance.plan_restore(_declared(self.arguments), self.arguments.get("journal_id")))

    def confirmed(self) -> dict[str, Any]:
        """Declare the last recorded change proven; it touches the journal, never the settings."""
        settings = masked(self.instance.read().values)
        last = self.instance.journal.last()
        if last is not None:
            require_last(last, self.arguments.get("journal_id"))
        is_open = last is not None and last.is_open
        if is_open and not self.check_mode:
            self.instance.confirm(last)
        return {
            "changed": is_open,
            "changed_options": [],
            "settings": settings,
            "recycle_required": False,
            "journal_id": last.id if last else None,
        }

    def _probe(self, candidate: Mapping[str, Any]) -> None:
        """Let the mail server refuse a login before it is written, while the instance still has one that works."""
        probe = self.arguments.get("probe") or {}
        if not probe.get("enabled") or not candidate.get("smtp_mail_enabled"):
            return
        found = trial.probe(candidate, probe)
        if found["failure"]:
            raise MailSettingsError(
                "candidate_refused",
                "The new settings do not get as far as a login. Nothing was changed.",
                "See the stage that failed.",
                trial=trial.seal(found),
            )

    def _unconfirmed(self) -> dict[str, Any] | None:
        """The last recorded change, if nothing has proven it since."""
        last = self.instance.journal.last()
        return last.public() if last and last.is_open else None

    def _carry_out(self, plan: Plan) -> dict[str, Any]:
        author = Author(**{label: self.arguments.get(label) or "" for label in Author.__dataclass_fields__})
        number = None
        if plan.changed and self.check_mode:
            self.instance.journal.require_recordable()
        elif plan.changed:
            number = self.instance.apply(plan, author)
        return {
            "changed": plan.changed,
            "changed_options": plan.changed_options,
            "settings": plan.public_settings(),
            "recycle_required": plan.changed,
            "diff": plan.diff(self.instance.store.place),
            "journal_id": number,
        }


_STATES = {"present": _Order.present, "restored": _Order.restored, "confirmed": _Order.confirmed}


def _declared(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are named; an option that is null is left out, as if it had not been written."""
    return {name: value for name, value in (arguments.get("settings") or {}).items() if value is not None}
