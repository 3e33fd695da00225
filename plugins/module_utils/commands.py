# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules do: one piece of work behind the action and the module of each name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from . import drift
from .converge import Instance, Plan, Snapshot, require_last
from .discover import discover
from .errors import MailSettingsError
from .journal import Author
from .notes import TEST, Notes
from .options import BY_NAME
from .record import content_of
from .redaction import masked
from .smtp import trial
from .stores.connect import open_store
from .window import CLOSING, LONGEST, Ending, Lock, Window

#: Judges a plan before it is carried out: raises to forbid it, returns further result keys.
Approval = Callable[[Plan], Mapping[str, Any]]


def smtp_settings(arguments: Mapping[str, Any], *, check_mode: bool, approve: Approval) -> dict[str, Any]:
    """Bring one instance to ``state``; the keys of the result as documented with the module.

    ``arguments`` are validated and complete; ``approve`` is asked about declared settings, not about a restore,
    because what worked before may go back even where today's rules would refuse it.
    """
    with closing(open_store(arguments["store"])) as store:
        order = _Order(Instance.from_arguments(store, arguments), arguments, check_mode, approve)
        return order.settled(_STATES[arguments["state"]])


def smtp_window(arguments: Mapping[str, Any], *, check_mode: bool, approve: Approval) -> dict[str, Any]:
    """Open, restore or close the document window of one instance; the keys of the result as documented."""
    with closing(open_store(arguments["store"])) as store:
        order = _WindowOrder(Instance.from_arguments(store, arguments), arguments, check_mode, approve)
        return _WINDOW_STATES[arguments["state"]](order)


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


def smtp_drift(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What one instance holds beside what is declared for it, and since when; the result of `drift.examine`."""
    with closing(open_store(arguments["store"])) as store:
        return drift.examine(
            Instance.from_arguments(store, arguments),
            _declared(arguments),
            update_password=arguments["update_password"],
            create_missing=arguments["create_missing"],
        )


def smtp_test(arguments: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Try what one instance holds, or a candidate for it, on the mail server; the result of `trial.send`.

    Its key ``unrecorded`` says why it could not be noted, where it was to be.
    """
    if (arguments.get("confirm") or {}).get("watch"):
        return trial.watch(arguments["confirm"], check_mode=check_mode)
    began_at = datetime.now(timezone.utc)
    made = trial.send(_tested(arguments), arguments, check_mode=check_mode)
    # What a candidate comes to says nothing about what the instance holds.
    if check_mode or not arguments.get("record") or not arguments.get("store") or _declared(arguments):
        return made
    return {**made, "unrecorded": _unrecorded(arguments, content_of(made, began_at))}


def _unrecorded(arguments: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    """Note a test on its instance; what keeps it from that, which is no reason to fail: the test itself was made."""
    try:
        with closing(open_store(arguments["store"])) as store:
            journal = Instance.from_arguments(store, arguments).journal
            if journal.enabled:
                with store.transaction():
                    Notes(store, journal).put(f"{TEST}{arguments['kind']}", _author(arguments), content)
    except MailSettingsError as error:
        return f"The test is not recorded, so reports will not show it: {error.message} {error.remedy}"
    return None


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
        plan = instance.plan(candidate, update_password="always", create_missing=True)  # noqa: S106 # a policy
        return instance.spoken(plan)


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
        "password_changed_at": instance.journal.password_changed_at(snapshot.values) if entry else None,
        "window": window.public() if (window := Lock(instance).window()) else None,
    }


@dataclass(frozen=True)
class _Order:
    """One call of `smtp_settings` on its open instance."""

    instance: Instance
    arguments: Mapping[str, Any] = field(repr=False)
    check_mode: bool
    approve: Approval
    #: The document window that was found past its deadline, and brought to its end before anything else.
    ended: Ending | None = None
    #: What the instance was found to hold; None where that has changed since.
    held: Snapshot | None = None

    @property
    def author(self) -> Author:
        """Who does it, as the journal records it."""
        return _author(self.arguments)

    def settled(self, work: Callable[[_Order], dict[str, Any]]) -> dict[str, Any]:
        """Do ``work`` unless a document window is in force; one that is past its deadline is closed first.

        Whatever becomes of the work then, the approval server has to be recycled.
        """
        # The settings first: where they cannot be read, it is them that a failure is about.
        held = self.instance.read()
        ended = Lock(self.instance).settle(replace(self.author, profile=""), check_mode=self.check_mode)
        if ended is None:
            return work(replace(self, held=held))
        if ended.plan:
            # In check mode the window is still open, and what comes after it is planned upon that plan.
            held = ended.plan.outcome
        told = {"changed": True, "recycle_required": True, "window_closed": ended.window.public()}
        try:
            return {**work(replace(self, ended=ended, held=held if self.check_mode else None)), **told}
        except MailSettingsError as error:
            error.details.update(told, settings=masked(held.values))
            raise

    def present(self) -> dict[str, Any]:
        """Make the instance hold the declared settings."""
        plan, judged = self._judged()
        told = {**self._carry_out(plan), **judged}
        if self.arguments.get("report_unconfirmed"):
            told["unconfirmed"] = None if plan.changed else self._unconfirmed()
        return told

    def _judged(self) -> tuple[Plan, Mapping[str, Any]]:
        """The plan to declare what is declared, once it is allowed and the mail server takes it."""
        plan = self.instance.plan(
            _declared(self.arguments),
            update_password=self.arguments["update_password"],
            create_missing=self.arguments["create_missing"],
            held=self.held,
        )
        judged = self.approve(plan)
        if plan.changed and not self.check_mode:
            self._probe(plan)
        return plan, judged

    def restored(self) -> dict[str, Any]:
        """Take the instance back to before the last recorded change."""
        if self.ended and self.ended.plan:
            return self._tell(self.ended.plan, self.ended.number)
        return self._carry_out(self.instance.plan_restore(_declared(self.arguments), self.arguments.get("journal_id")))

    def confirmed(self) -> dict[str, Any]:
        """Declare the last recorded change proven; it touches the journal, never the settings."""
        settings = masked((self.held or self.instance.read()).values)
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

    def _probe(self, plan: Plan) -> None:
        """Let the mail server refuse a login before it is written, while the instance still has one that works."""
        probe = self.arguments.get("probe") or {}
        if not probe.get("enabled") or not plan.resulting.get("smtp_mail_enabled"):
            return
        found = trial.probe(self.instance.spoken(plan), probe)
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
        number = None
        if plan.changed and self.check_mode:
            self.instance.journal.require_recordable()
        elif plan.changed:
            number = self.instance.apply(plan, self.author, beside=self._require_same_window)
        return self._tell(plan.following(self.ended.plan) if self.ended and self.ended.plan else plan, number)

    def _require_same_window(self, _number: int | None) -> None:
        """A window that was opened since does not change the settings in each case, and yet forbids to change them."""
        Lock(self.instance).require(self.ended.window if self.ended else None)

    def _tell(self, plan: Plan, number: int | None) -> dict[str, Any]:
        """The result of a plan that was carried out, or would be, and of the entry that records it."""
        return {
            "changed": plan.changed,
            "changed_options": plan.changed_options,
            "settings": plan.public_settings(),
            "recycle_required": plan.changed,
            "diff": plan.diff(self.instance.store.place),
            "journal_id": number,
        }


class _WindowOrder(_Order):
    """One call of `smtp_window` on its open instance."""

    def opened(self) -> dict[str, Any]:
        """Switch to the declared settings for a while, and lock the instance; once, if it is asked for repeatedly."""
        lock, wanted = Lock(self.instance), self.arguments.get("window_id")
        lock.require_openable()
        window = self._new_window()
        former = lock.window()
        if former and wanted == former.id and not former.overdue:
            # Whoever asks again does not know whether the first answer led to a recycle.
            return {**self._unchanged(former), "recycle_required": True}
        return {**self.settled(lambda order: order._open(lock, window)), "recycle_required": True}

    def _open(self, lock: Lock, window: Window) -> dict[str, Any]:
        plan, judged = self._judged()
        if not self.check_mode:
            window = lock.open(plan, window, self.ended.window if self.ended else None)
        whole = plan.following(self.ended.plan) if self.ended and self.ended.plan else plan
        return {**self._tell(whole, window.journal_id), **judged, "changed": True, "window": window.public()}

    def restored(self) -> dict[str, Any]:
        """Put back what the window has switched; it remains closing, until it is `closed`."""
        lock, window = Lock(self.instance), self._mine()
        if window is None or window.phase == CLOSING:
            return {**self._unchanged(window), "recycle_required": window is not None}
        ended = lock.restore(
            window,
            replace(self.author, profile=""),
            check_mode=self.check_mode,
            overwrite_edits=self.arguments["overwrite_edits"],
        )
        told = self._tell(ended.plan, ended.number) if ended.plan else self._unchanged(window)
        return {**told, "changed": True, "recycle_required": True, "window": ended.window.public()}

    def closed(self) -> dict[str, Any]:
        """Unlock the instance, on which mail works again as before the window."""
        window = self._mine()
        if window and window.phase != CLOSING:
            raise MailSettingsError(
                "window_open",
                f"The document window of {window.holder or 'somebody'} has not been restored yet. Nothing was changed.",
                "Restore it first (state=restored), recycle the approval server, and test.",
                window=window.public(),
            )
        told = {**self._unchanged(window), "changed": window is not None}
        if window and not self.check_mode:
            Lock(self.instance).remove(window)
        return told

    def _mine(self) -> Window | None:
        """The window that is meant; any, if none is named. One that is over, and replaced by another, is nobody's."""
        window, meant = Lock(self.instance).window(), self.arguments.get("window_id")
        return window if window and meant in (None, window.id) else None

    def _new_window(self) -> Window:
        reason, minutes = (self.arguments.get("reason") or "").strip(), self.arguments["minutes"]
        if not reason:
            raise MailSettingsError(
                "schema_invalid", "A document window needs a reason.", "Say in reason what it is for."
            )
        if not 1 <= minutes <= LONGEST:
            raise MailSettingsError(
                "schema_invalid",
                f"A document window cannot last {minutes} minutes.",
                f"Set minutes to a number from 1 to {LONGEST}.",
            )
        return Window.lasting(minutes, reason, self.author, self.arguments.get("window_id"))

    def _unchanged(self, window: Window | None) -> dict[str, Any]:
        """The result where nothing was written to the settings."""
        values = self.instance.read()
        return {**self._tell(Plan(values, values.values, ()), None), "window": window.public() if window else None}


_WINDOW_STATES = {"opened": _WindowOrder.opened, "restored": _WindowOrder.restored, "closed": _WindowOrder.closed}

_STATES = {"present": _Order.present, "restored": _Order.restored, "confirmed": _Order.confirmed}


def _author(arguments: Mapping[str, Any]) -> Author:
    return Author(**{label: arguments.get(label) or "" for label in Author.__dataclass_fields__})


def _declared(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are named; an option that is null is left out, as if it had not been written."""
    return {name: value for name, value in (arguments.get("settings") or {}).items() if value is not None}
