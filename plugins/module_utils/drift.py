# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance holds beside what is declared for it, and since when by what the journal knows. It only reads.

What comes of it holds no secret: a password is reduced to whether there is one, and whether it differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from .converge import Instance, Snapshot, resulting
from .journal import RESTORE, Entry
from .notes import TEST, WINDOW, Notes
from .options import BY_NAME, PASSWORD
from .redaction import masked, masked_pair

#: How a value that is not the declared one came to be there.
HAND_EDIT, OLDER_RUN, BEFORE_JOURNAL, NEVER_RECORDED = "hand_edit", "older_run", "before_journal", "never_recorded"

#: How many journal entries are told, and how many are searched for where a drifted option comes from.
_TOLD, _SEARCHED = 20, 1000


class Origin(NamedTuple):
    """Where a stored value comes from: the time is UTC in ISO 8601; None where the journal does not know.

    A hand edit was made after ``since``, the time of the last entry that had the option otherwise.
    """

    how: str
    since: str | None = None
    by: str | None = None
    run: str | None = None


def examine(
    instance: Instance, declared: Mapping[str, Any], *, update_password: str, create_missing: bool
) -> dict[str, Any]:
    """Compare; the findings in plain types, as `plugin_utils.report.finding` reads them.

    Raises ``option_missing`` for declared options that have no row, unless rows may be made: then they differ.
    """
    snapshot = instance.read()
    expected = resulting(snapshot.values, instance.as_stored(declared, snapshot, update_password), update_password)
    if not create_missing:
        _require_rows(instance, snapshot, expected)
    differing = [name for name in expected if expected[name] != snapshot.values.get(name)]
    history = instance.journal.history(_TOLD)
    notes = Notes(instance.store, instance.journal).read()
    return {
        "store": instance.store.place,
        "settings": masked(snapshot.values),
        "options": list(_told(instance, snapshot.values, expected, differing, history)),
        "notes": [asdict(note) for topic, note in sorted(notes.items()) if topic == WINDOW or topic.startswith(TEST)],
        "history": [entry.public() for entry in history],
        "password_changed_at": instance.journal.password_changed_at(snapshot.values) if history else None,
    }


def origin(name: str, values: Mapping[str, Any], entries: Sequence[Entry]) -> Origin:
    """Where the value of an option comes from, by the journal's entries, newest first."""
    if not entries:
        return Origin(NEVER_RECORDED)
    if not _was_left_by(entries[0], name, values):
        return Origin(HAND_EDIT, entries[0].changed_at)
    for entry in _compared(name, _standing(entries)):
        if not _was_left_by(entry, name, values):
            # The next entry found it edited already, and left it alone.
            return Origin(HAND_EDIT, entry.changed_at)
        if name in entry.changed_options:
            return Origin(OLDER_RUN, entry.changed_at, entry.author.changed_by, entry.author.run)
    return Origin(BEFORE_JOURNAL)


def _compared(name: str, standing: Iterable[Entry]) -> Iterable[Entry]:
    """The entries that are to be compared with what is stored, newest first.

    A fingerprint takes some 50 ms to compare, so of a password it is the last entry that has changed it alone; where
    none has, the oldest. An edit by hand that later runs have left alone was made after that one.
    """
    if name != PASSWORD.name:
        return standing
    entries = list(standing)
    return [entry for entry in entries if name in entry.changed_options][:1] or entries[-1:]


def _standing(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries without those that were taken back and those that took them back, newest first."""
    following = iter(entries)
    for entry in following:
        if entry.kind == RESTORE:
            # A restore undoes the change before it.
            next(following, None)
        else:
            yield entry


def _was_left_by(entry: Entry, name: str, values: Mapping[str, Any]) -> bool:
    """Whether an entry left an option as it is now, the password by its fingerprint."""
    if name == PASSWORD.name:
        return name not in entry.edited_since(values)
    return entry.resulting.get(name) == values.get(name)


def _require_rows(instance: Instance, snapshot: Snapshot, expected: Mapping[str, Any]) -> None:
    missing = [name for name in expected if name not in snapshot.located]
    if missing:
        raise instance.layout.missing(missing, snapshot.found)


def _told(
    instance: Instance,
    values: Mapping[str, Any],
    expected: Mapping[str, Any],
    differing: Sequence[str],
    history: Sequence[Entry],
) -> Iterator[dict[str, Any]]:
    """The options that differ, with both values as they may be shown."""
    if not differing:
        return
    entries = history if len(history) < _TOLD else instance.journal.history(_SEARCHED)
    actual, wanted = masked_pair(values, expected)
    for name in differing:
        yield {
            "name": name,
            "label": BY_NAME[name].label,
            "expected": wanted[name],
            "actual": actual.get(name),
            **origin(name, values, entries)._asdict(),
        }
