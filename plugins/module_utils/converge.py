# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what an instance holds and what is declared to what is applied; the one place that decides `changed`.

Read, plan, then one transaction: lock and read again, write each option that differs under the guard of its old
value, read back, record. A crash at any point leaves all old or all new values; a concurrent edit is reported, never
overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .errors import MailSettingsError
from .journal import CHANGE, RESTORE, Author, Entry, Journal
from .layout import Layout, Row, decode_all
from .options import BY_NAME, OPTIONS, PASSWORD
from .redaction import masked, masked_pair
from .stores.base import Store

_REPEAT = "Nothing was changed. Find out who else is at work, then repeat the run."

#: Which hand edits of an option keep a change from being undone.
ALL_EDITS, OTHER_EDITS, NO_EDITS = "all", "other", "none"


class Edit(NamedTuple):
    """One row to be written: ``before`` is None where the row has to be made, ``after`` None where it has to go."""

    name: str
    before: Row | None
    after: Row | None


@dataclass(frozen=True)
class Snapshot:
    """What an instance holds: the located rows as stored, the canonical values they mean."""

    located: Mapping[str, Row] = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)
    found: tuple[Row, ...] = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """What would be written, and what the instance would hold then, a password in the form in which it is stored.

    ``password`` is the password itself where the caller has named the one that results.
    """

    snapshot: Snapshot
    resulting: Mapping[str, Any] = field(repr=False)
    edits: tuple[Edit, ...] = field(repr=False)
    kind: str = CHANGE
    password: str | None = field(default=None, repr=False)

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return bool(self.edits)

    @property
    def changed_options(self) -> list[str]:
        """The options that differ, sorted."""
        return sorted({edit.name for edit in self.edits})

    @property
    def outcome(self) -> Snapshot:
        """What the instance would hold then, for a plan to be made upon this one before it is carried out."""
        rows = {**self.snapshot.located, **{edit.name: edit.after for edit in self.edits}}
        located = {name: row for name, row in rows.items() if row is not None}
        return Snapshot(located, self.resulting, tuple(located.values()))

    def following(self, earlier: Plan) -> Plan:
        """This plan and the one before it, told as one."""
        return Plan(earlier.snapshot, self.resulting, earlier.edits + self.edits, self.kind)

    def diff(self, place: str) -> dict[str, Any]:
        """The difference as Ansible shows it, secrets masked."""
        before, after = masked_pair(self.snapshot.values, self.resulting)
        header = f"SMTP settings in {place}"
        return {"before": before, "after": after, "before_header": header, "after_header": header}

    def public_settings(self) -> dict[str, Any]:
        """The resulting settings, secrets masked."""
        return masked(self.resulting)


class Instance:
    """One WeEstimate instance: its database through its layout, with its journal."""

    def __init__(self, store: Store, layout: Layout, journal: Journal) -> None:
        self.store = store
        self.layout = layout
        self.journal = journal

    @classmethod
    def from_arguments(cls, store: Store, arguments: Mapping[str, Any]) -> Instance:
        """The instance behind a connection, by the ``layout`` and ``journal`` arguments."""
        layout = Layout.from_arguments(arguments.get("layout"), store.DEFAULT_SCHEMA)
        return cls(store, layout, Journal(store, layout, arguments.get("journal")))

    def read(self, *, lock: bool = False) -> Snapshot:
        """What the instance holds, in one query. Raises for duplicate rows and values that cannot be decoded."""
        found = self.store.read_rows(self.layout, lock=lock)
        located = self.layout.locate(found)
        return Snapshot(located, decode_all(self.layout, located), tuple(found))

    def plan(
        self,
        desired: Mapping[str, Any],
        *,
        update_password: str,
        create_missing: bool,
        held: Snapshot | None = None,
    ) -> Plan:
        """What it takes to make the instance hold ``desired``; options that are not named stay as they are.

        ``held`` stands in for what the instance holds, where that is only planned yet.

        Raises ``option_missing`` unless rows may be made, and ``redirect_without_password``.
        """
        snapshot = held or self.read()
        given, desired = desired.get(PASSWORD.name), self.as_stored(desired, snapshot, update_password)
        wanted = _permitted(desired, snapshot.values, update_password)
        missing = [name for name in wanted if name not in snapshot.located]
        if missing and not create_missing:
            raise self.layout.missing(missing, snapshot.found)
        after = resulting(snapshot.values, desired, update_password)
        _refuse_redirect(snapshot.values, after, desired)
        edits = tuple(
            Edit(
                name,
                snapshot.located.get(name),
                self._row(name, snapshot, self.layout.encode(BY_NAME[name], wanted[name])),
            )
            for name in after
            if name in wanted and (name in missing or wanted[name] != snapshot.values[name])
        )
        is_given = after.get(PASSWORD.name) == desired.get(PASSWORD.name)
        return Plan(snapshot, after, edits, password=given if is_given else None)

    def as_stored(self, desired: Mapping[str, Any], held: Snapshot, update_password: str) -> Mapping[str, Any]:
        """``desired`` with its password in the form in which it is stored: as it is held already, where that is it.

        One that the policy does not let be written stays as it is. Raises ``encoder_failed``, and
        ``journal_unavailable`` where the journal would have to tell.
        """
        encoding, password = self.layout.password, desired.get(PASSWORD.name)
        if encoding.is_plain or not password or PASSWORD.name not in _permitted(desired, held.values, update_password):
            return desired
        stored = held.values.get(PASSWORD.name)
        if encoding.is_opaque and self._require_journal().is_behind(password, stored or ""):
            return {**desired, PASSWORD.name: stored}
        return {**desired, PASSWORD.name: encoding.to_store(password)}

    def spoken(self, plan: Plan) -> Mapping[str, Any]:
        """What a plan leads to as a mail server meets it: with the password itself.

        Raises ``password_unreadable`` and ``encoder_failed``.
        """
        stored = plan.resulting.get(PASSWORD.name)
        if self.layout.password.is_plain or not stored:
            return plan.resulting
        return {**plan.resulting, PASSWORD.name: plan.password or self.layout.password.from_store(stored)}

    def _require_journal(self) -> Journal:
        if not self.journal.enabled:
            raise MailSettingsError(
                "journal_unavailable",
                "What is stored for a password differs each time (layout.password.encoding=opaque), and there is no"
                " journal to tell whether it is the given one. Nothing was changed.",
                "Let the journal be enabled, or leave the password alone with update_password=never.",
            )
        return self.journal

    def plan_restore(
        self, given: Mapping[str, Any], number: int | None = None, *, edits_in_the_way: str = ALL_EDITS
    ) -> Plan:
        """What it takes to go back to the values before the last recorded change, which has to be ``number`` if given.

        ``given`` may hold the former password, for a change that has been confirmed since. A change that has been
        restored already needs nothing. Raises ``journal_unavailable``, ``restore_unavailable``, and
        ``concurrent_change`` when an option was edited after the change that is to be undone: `ALL_EDITS` are in the
        way, or but for those that have gone back by hand (`OTHER_EDITS`), or `NO_EDITS`. Then an edit of where the
        password is sent goes too, because the former one was not given for that place.
        """
        snapshot = self.read()
        entry = self._restorable(given)
        if entry is not None:
            require_last(entry, number)
        if entry is None:
            return Plan(snapshot, snapshot.values, (), RESTORE)
        previous = self._previous(entry, given, snapshot)
        edited = set(entry.edited_since(snapshot.values)) & _undone_by(entry)
        if edits_in_the_way != ALL_EDITS:
            edited -= _back_already(previous, snapshot.located)
        if edited and edits_in_the_way != NO_EDITS:
            raise MailSettingsError(
                "concurrent_change",
                f"{', '.join(sorted(edited))} changed after the recorded change {entry.id} of {entry.changed_at}.",
                "Going back would overwrite that edit. Apply the profile that should be in force instead.",
                options=sorted(edited),
            )
        if edits_in_the_way == NO_EDITS:
            previous.update(self._destination_left(entry, previous, snapshot))
        edits = tuple(
            Edit(
                name,
                snapshot.located.get(name),
                None if former is None else self._row(name, snapshot, former["stored"]),
            )
            for name, former in previous.items()
        )
        rows = {**snapshot.located, **{edit.name: edit.after for edit in edits}}
        after = decode_all(self.layout, {name: row for name, row in rows.items() if row is not None})
        return Plan(snapshot, _in_catalogue_order(after), edits, RESTORE)

    def apply(self, plan: Plan, author: Author, *, beside: Callable[[int | None], None] | None = None) -> int | None:
        """Carry out a plan that has edits; the number of its journal entry, or None without a journal.

        ``beside`` is called with that number in the same transaction, for what has to hold together with the change.

        Raises ``concurrent_change`` when the instance no longer holds what was planned upon, ``write_not_verified``
        when it does not hold in the end what was planned; nothing is written then.
        """
        with self.store.transaction():
            self._require_unchanged(plan.snapshot, self.read(lock=True))
            for edit in plan.edits:
                self._write(edit)
            self._verify(plan)
            before = {edit.name: None if edit.before is None else {"stored": edit.before.value} for edit in plan.edits}
            number = self.journal.record(author, plan.kind, before, plan.resulting, plan.password)
            if beside:
                beside(number)
            return number

    def confirm(self, entry: Entry) -> None:
        """Declare a recorded change proven; ``concurrent_change`` if it is no longer the last one."""
        with self.store.transaction():
            self.journal.confirm(entry)

    def _row(self, name: str, snapshot: Snapshot, stored: Any) -> Row:
        """A row of an option, with its key as it is spelled where it exists."""
        existing = snapshot.located.get(name)
        return Row(existing.key if existing else self.layout.keys[name], stored)

    def _restorable(self, given: Mapping[str, Any]) -> Entry | None:
        if not self.journal.enabled:
            raise MailSettingsError(
                "journal_unavailable", "There is no journal to restore from (journal=none).", "Apply a profile instead."
            )
        entry = self.journal.last()
        if entry is None:
            raise MailSettingsError(
                "restore_unavailable", "The journal records no change that could be undone.", "Apply a profile instead."
            )
        if entry.kind == RESTORE:
            return None
        if PASSWORD.name in entry.changed_options and entry.previous_secret is None and PASSWORD.name not in given:
            raise MailSettingsError(
                "restore_unavailable",
                f"Change {entry.id} replaced the password and is {entry.state}; the former one is no longer kept.",
                "Pass the former password as settings.smtp_password, or apply a profile instead.",
            )
        return entry

    def _previous(self, entry: Entry, given: Mapping[str, Any], held: Snapshot) -> dict[str, Mapping[str, Any] | None]:
        """The stored values before the entry; a given password only stands in for one that is no longer kept."""
        previous = {**entry.previous, **(entry.previous_secret or {})}
        if PASSWORD.name in entry.changed_options and entry.previous_secret is None:
            previous[PASSWORD.name] = {"stored": self.as_stored(given, held, "always")[PASSWORD.name]}
        return previous

    def _destination_left(
        self, entry: Entry, previous: Mapping[str, Any], held: Snapshot
    ) -> dict[str, Mapping[str, Any] | None]:
        """What the entry has not changed of where a password is sent, and somebody has since: as it was before that."""
        untouched = _undone_by(entry) - previous.keys()
        edited = [
            option.name
            for option in OPTIONS
            if option.credential_target
            and option.name in untouched
            and held.values.get(option.name) != entry.resulting.get(option.name)
        ]
        return {name: self._stored_as_left(entry, name) for name in edited}

    def _stored_as_left(self, entry: Entry, name: str) -> Mapping[str, Any] | None:
        """What was stored for an option after the entry, in our own spelling; None where there was no row."""
        if name not in entry.resulting:
            return None
        value = entry.resulting[name]
        # A number or a switch that was blank is known as None, which has no spelling of its own.
        return {"stored": "" if value is None else self.layout.encode(BY_NAME[name], value)}

    def _require_unchanged(self, planned: Snapshot, fresh: Snapshot) -> None:
        names = set(planned.located) | set(fresh.located)
        touched = sorted(name for name in names if planned.located.get(name) != fresh.located.get(name))
        if touched:
            raise _concurrent(touched)

    def _write(self, edit: Edit) -> None:
        # The rows are locked and were found as planned: a guard that fails now is not somebody else's edit.
        if edit.before is None and edit.after is not None:
            self.store.insert_row(self.layout, edit.after)
        elif edit.before is not None and edit.after is None:
            if not self.store.delete_row(self.layout, edit.before):
                raise _not_verified([edit.name])
        elif edit.before is not None and not self.store.update_row(self.layout, edit.before, edit.after.value):
            raise _not_verified([edit.name])

    def _verify(self, plan: Plan) -> None:
        """Whether the instance holds what the plan promised, also where nothing was to be written."""
        held = self.read().values
        wrong = sorted(
            name for name in held.keys() | plan.resulting.keys() if held.get(name) != plan.resulting.get(name)
        )
        if wrong:
            raise _not_verified(wrong)


def require_last(entry: Entry, number: int | None) -> None:
    """Raise ``concurrent_change`` unless an entry, the newest, is the change that is meant; None means any."""
    if number is not None and entry.id != number:
        raise MailSettingsError(
            "concurrent_change",
            f"Change {number} is not the last one any more: {entry.id} of {entry.changed_at} by"
            f" {entry.author.changed_by or 'somebody'} came after it.",
            "Find out who else is at work, then repeat the run.",
        )


def _undone_by(entry: Entry) -> set[str]:
    """The options that going back would affect: the password and where it is sent belong together."""
    affected = set(entry.changed_options)
    if any(BY_NAME[name].credential_target or BY_NAME[name].secret for name in affected):
        affected |= {option.name for option in OPTIONS if option.credential_target or option.secret}
    return affected


def _back_already(previous: Mapping[str, Any], located: Mapping[str, Row]) -> set[str]:
    """The options that hold their former value again, because somebody has gone back by hand."""
    return {
        name
        for name, former in previous.items()
        if (located[name].value if name in located else None) == (former["stored"] if former else None)
        and (name in located) == (former is not None)
    }


def resulting(held: Mapping[str, Any], desired: Mapping[str, Any], update_password: str) -> dict[str, Any]:
    """What an instance that holds ``held`` would hold with ``desired`` applied, in the catalogue's order."""
    return _in_catalogue_order({**held, **_permitted(desired, held, update_password)})


def _permitted(desired: Mapping[str, Any], held: Mapping[str, Any], policy: str) -> dict[str, Any]:
    """The desired values without a password that the policy does not let be touched."""
    wanted = dict(desired)
    keep = policy == "never" or (policy == "on_create" and held.get(PASSWORD.name))
    if keep:
        wanted.pop(PASSWORD.name, None)
    return wanted


def _refuse_redirect(held: Mapping[str, Any], after: Mapping[str, Any], desired: Mapping[str, Any]) -> None:
    """The stored password was given for one server, user and kind of connection; it is not sent anywhere else."""
    password = after.get(PASSWORD.name)
    if not password or desired.get(PASSWORD.name) == password:
        return
    moved = [
        option.name
        for option in OPTIONS
        if option.credential_target and _destination(held.get(option.name)) != _destination(after.get(option.name))
    ]
    if moved:
        raise MailSettingsError(
            "redirect_without_password",
            f"{', '.join(moved)} would change, and the stored password would be sent to where it was not given for.",
            "Set update_password to always for this change, so that the given password is taken."
            if PASSWORD.name in desired
            else "Pass settings.smtp_password with this change: the password for the new place, or '' for none.",
            options=moved,
        )


def _destination(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _concurrent(names: list[str]) -> MailSettingsError:
    message = f"{', '.join(names)} changed in the database while this run was at work."
    return MailSettingsError("concurrent_change", message, _REPEAT, options=names)


def _not_verified(names: list[str]) -> MailSettingsError:
    return MailSettingsError(
        "write_not_verified",
        f"{', '.join(names)} did not read back as written; the change was rolled back.",
        "The column may be too short, unable to hold these characters, or under a trigger: ask who keeps it.",
        options=names,
    )


def _in_catalogue_order(values: Mapping[str, Any]) -> dict[str, Any]:
    return {option.name: values[option.name] for option in OPTIONS if option.name in values}
