# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test of mail leaves behind on its instance. Here nobody answers at the mail server's address."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from programoption import Database

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.notes import Note, Notes
from ansible_collections.weestimate.mail.plugins.module_utils.record import kind_of

SPOKEN: dict[str, Any] = {
    "kind": "approval",
    "to": ["bob@example.com"],
    "stop_after": "auth",
    "tls": {"verify": True, "ca_file": None, "minimum_version": "TLSv1.2", "implicit_ports": [465]},
    "mechanism": "auto",
    "allow_plaintext_password_to": [],
    "timeout": 5,
    "changed_by": "alice",
    "run": "job 1",
}


@pytest.fixture
def closed_port() -> Iterator[int]:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture
def instance(database: Database, closed_port: int) -> Database:
    database.edit("smtp_address", "127.0.0.1")
    database.edit("smtp_port", str(closed_port))
    return database


def tried(instance: Database, *, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    return commands.smtp_test(instance.arguments(**{**SPOKEN, "record": True, **arguments}), check_mode=check_mode)


def noted(instance: Database, **journal: Any) -> dict[str, Note]:
    with instance.opened(journal=journal) as opened:
        return Notes(opened.store, opened.journal).read()


def test_a_failure_is_noted_as_it_was_met(instance: Database) -> None:
    made = tried(instance)

    note = noted(instance)["test:approval"]
    assert kind_of(note) == "approval"
    assert (note.noted_by, note.run) == ("alice", "job 1")
    assert made["unrecorded"] is None
    assert made["failed_stage"] == note.content["failed_stage"] == "connect"
    assert note.content["failure"]["cause"] == "connection_refused"


@pytest.mark.parametrize(
    "arguments",
    [
        {"record": False},
        {"check_mode": True},
        {"settings": {"smtp_user": "quotes@example.com", "smtp_password": "another"}},
        {"journal": {"enabled": False}},
    ],
    ids=["not asked for", "check mode", "a candidate", "no journal"],
)
def test_nothing_else_is_noted(instance: Database, arguments: dict[str, Any]) -> None:
    before = instance.path.read_bytes()

    assert tried(instance, **arguments)["failed_stage"] == "connect"

    assert instance.path.read_bytes() == before


def test_what_keeps_it_from_being_noted_is_told_and_is_no_failure(instance: Database) -> None:
    made = tried(instance, journal={"create": False})

    assert made["failed_stage"] == "connect"
    assert made["unrecorded"].startswith("The test is not recorded")
    assert "weestimateMailJournalNote" in made["unrecorded"]
    assert noted(instance) == {}
