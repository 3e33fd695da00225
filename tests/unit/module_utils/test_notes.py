# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is noted beside the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.journal import Author, Journal
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout
from ansible_collections.weestimate.mail.plugins.module_utils.notes import WINDOW, Notes
from ansible_collections.weestimate.mail.plugins.module_utils.stores.base import Store
from ansible_collections.weestimate.mail.plugins.module_utils.stores.connect import open_store

ALICE = Author("alice", "job 1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "instance.db"
    path.touch()
    with closing(open_store({"driver": "sqlite", "path": str(path)})) as store:
        yield store


def notes(store: Store, group: str = "SMTP", **journal: object) -> Notes:
    layout = Layout(group=group)
    return Notes(store, Journal(store, layout, journal))


def put(notes: Notes, store: Store, topic: str, **content: object) -> None:
    with store.transaction():
        notes.put(topic, ALICE, content)


def test_nothing_is_noted_before_the_first_note(store: Store) -> None:
    assert notes(store).read() == {}
    with store.transaction():
        notes(store).remove(WINDOW)
    assert list(store.tables()) == []


def test_a_note_takes_the_place_of_the_former_one_on_its_topic(store: Store) -> None:
    put(notes(store), store, WINDOW, reason="first")
    put(notes(store), store, WINDOW, reason="second", until="tomorrow")
    put(notes(store), store, "test:approval", ok=True)

    read = notes(store).read()

    assert set(read) == {WINDOW, "test:approval"}
    assert read[WINDOW].content == {"reason": "second", "until": "tomorrow"}
    assert (read[WINDOW].noted_by, read[WINDOW].run) == ("alice", "job 1")
    assert read[WINDOW].noted_at.endswith("+00:00")


def test_each_instance_has_its_own_notes(store: Store) -> None:
    put(notes(store), store, WINDOW, reason="mine")
    put(notes(store, group="Other"), store, WINDOW, reason="theirs")
    with store.transaction():
        notes(store).remove(WINDOW)

    assert notes(store).read() == {}
    assert notes(store, group="Other").read()[WINDOW].content == {"reason": "theirs"}


def test_what_fails_takes_the_note_back(store: Store) -> None:
    put(notes(store), store, WINDOW, reason="kept")
    with pytest.raises(TypeError):
        put(notes(store), store, WINDOW, reason=object())

    assert notes(store).read()[WINDOW].content == {"reason": "kept"}


def test_without_a_journal_there_are_no_notes(store: Store) -> None:
    put(notes(store), store, WINDOW, reason="seen")

    assert notes(store, enabled=False).read() == {}


def test_a_table_that_may_not_be_made_is_named(store: Store) -> None:
    with pytest.raises(MailSettingsError) as caught:
        put(notes(store, table="audit", create=False), store, WINDOW)

    assert caught.value.code == "journal_unavailable"
    assert '"auditNote"' in caught.value.message


@pytest.mark.parametrize("content", ["", "no JSON", "[1]", None])
def test_an_edited_note_is_named_and_not_guessed_at(store: Store, content: str | None) -> None:
    put(notes(store), store, WINDOW, reason="kept")
    store.query('UPDATE "weestimateMailJournalNote" SET "content" = ?', (content,))

    with pytest.raises(MailSettingsError) as caught:
        notes(store).read()

    assert caught.value.code == "journal_unavailable"
    assert "window" in caught.value.message
