# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders as servers list them, and which of them are for junk."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.folders import (
    INBOX,
    Folder,
    decoded,
    folders_of,
    junk_folders,
    named,
    quoted,
)

GMAIL = [
    rb'(\HasNoChildren) "/" "INBOX"',
    rb'(\HasChildren \Noselect) "/" "[Gmail]"',
    rb'(\All \HasNoChildren) "/" "[Gmail]/All Mail"',
    rb'(\HasNoChildren \Junk) "/" "[Gmail]/Spam"',
    rb'(\HasNoChildren) "/" "Junk"',
]


def _junk(listing: list[Any]) -> list[str]:
    return [folder.name for folder in junk_folders(folders_of(listing))]


def test_folders_that_hold_no_mail_are_left_out() -> None:
    assert [folder.name for folder in folders_of(GMAIL)] == ["INBOX", "[Gmail]/All Mail", "[Gmail]/Spam", "Junk"]


def test_a_marked_folder_is_the_one_for_junk_whatever_others_are_called() -> None:
    assert _junk(GMAIL) == ["[Gmail]/Spam"]


@pytest.mark.parametrize(
    "name", ["Junk", "SPAM", "Junk Email", "Junk E-Mail", "Bulk Mail", "INBOX.Junk", "INBOX.a.spam"]
)
def test_without_a_mark_the_name_tells(name: str) -> None:
    listing = [rb'() "." INBOX', rb'() "." "Junkyard"', b'() "." "' + name.encode() + b'"']

    assert _junk(listing) == [name]


@pytest.mark.parametrize(
    ("line", "name", "delimiter"),
    [
        pytest.param(rb'(\HasNoChildren) "/" Sent', "Sent", "/", id="an atom"),
        pytest.param(rb'(\HasNoChildren) "/" "Sent Items"', "Sent Items", "/", id="quoted"),
        pytest.param(rb'() "\\" "a\\b \"c\""', 'a\\b "c"', "\\", id="escapes"),
        pytest.param(rb"() NIL Flat", "Flat", "", id="no hierarchy"),
        pytest.param((rb'(\Junk) "/" {6}', b'M"\\&-l'), 'M"\\&l', "/", id="a literal"),
        pytest.param(rb'() "/" "Courrier ind&AOk-sirable"', "Courrier indésirable", "/", id="modified UTF-7"),
        pytest.param('() "/" "Müll"'.encode(), "Müll", "/", id="UTF-8"),
        pytest.param((rb'() "/" {9}', b"a\r\nb LOGOUT"), "ab LOGOUT", "/", id="a line end, which no name holds"),
    ],
)
def test_names_in_all_their_forms(line: Any, name: str, delimiter: str) -> None:
    (folder,) = folders_of([line, b""])

    assert (folder.name, folder.delimiter) == (name, delimiter)


@pytest.mark.parametrize("listing", [[None], [b"nonsense"], [b"((((("], [b'() "/" '], [(b"x", b"y")]])
def test_what_is_no_folder_is_passed_over(listing: list[Any]) -> None:
    assert folders_of(listing) == []


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"R&-D", "R&D"),
        (b"Entw&APw-rfe", "Entwürfe"),
        (b"&ZeVnLIqe-/&U,BTFw-", "日本語/台北"),
        (b"a&b", "a&b"),
        (b"&!-", "&!-"),
        (b"&AA-", "&AA-"),
    ],
)
def test_modified_utf7(raw: bytes, name: str) -> None:
    assert decoded(raw) == name


def test_a_folder_is_found_by_either_of_its_names() -> None:
    folders = folders_of([rb'() "/" "Entw&APw-rfe"'])

    assert named("Entwürfe", folders) is named("Entw&APw-rfe", folders) is folders[0]


def test_the_inbox_is_there_and_written_in_any_case() -> None:
    assert named("inbox", []) is INBOX


def test_who_looks_for_a_folder_that_is_not_there_is_told_which_are() -> None:
    with pytest.raises(LookupError, match="there is no folder Spam; there are INBOX, Junk, Sent"):
        named("Spam", [Folder(b"Junk"), Folder(b"Inbox"), Folder(b"Sent")])


def test_arguments_are_quoted() -> None:
    assert quoted('pä"ss\\') == '"pä\\"ss\\\\"'.encode()


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\0b"])
def test_an_argument_cannot_become_a_command(value: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        quoted(value)
