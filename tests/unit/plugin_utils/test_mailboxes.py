# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instances share a mailbox, who of them stands in the way, and what is said about who holds what."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils import mailboxes

HERE = "me@example.com at smtp.example.com"


def sort(instances: dict[str, dict[str, Any]], *gone: str) -> dict[str, dict[str, Any]]:
    return mailboxes.sort([mailboxes.standing_of(name, told, gone) for name, told in instances.items()], gone)


def at(user: str | None = "me@example.com", address: str = "smtp.example.com", **more: Any) -> dict[str, Any]:
    return {"user": user, "address": address, "holds": "old", **more}


def names(mailbox: dict[str, Any]) -> list[str]:
    return [each["instance"] for each in mailbox["instances"]]


def test_a_mailbox_is_a_login_at_a_server_without_regard_to_case() -> None:
    found = sort(
        {
            "a": at(),
            "b": at("Me@Example.COM", "SMTP.example.com"),
            "c": at(address="other.example.com"),
            "d": at("you@example.com"),
        }
    )
    assert {mailbox: names(told) for mailbox, told in found.items()} == {
        HERE: ["a", "b"],
        "me@example.com at other.example.com": ["c"],
        "you@example.com at smtp.example.com": ["d"],
    }


def test_an_instance_without_a_login_has_no_mailbox() -> None:
    assert sort({"relay": at("")}) == {}


@pytest.mark.parametrize(
    ("told", "counts_to"),
    [
        ({}, {HERE, "you@example.com at smtp.example.com"}),
        ({"declared": "ME@example.com"}, {HERE}),
        ({"declared": "me@example.co"}, set()),
        ({"declared": "nobody@example.com"}, set()),
    ],
)
def test_what_could_not_be_read_counts_to_what_it_declares_or_to_all(told: dict[str, Any], counts_to: set[str]) -> None:
    found = sort({"a": at(), "b": at("you@example.com"), "lost": told})
    assert {mailbox for mailbox, each in found.items() if "lost" in names(each)} == counts_to


def test_the_faulty_are_those_that_say_so_and_those_that_left() -> None:
    found = sort({"a": at(), "b": at(misstep={"said": "It is locked."}), "c": at(), "d": {}}, "c", "d")
    assert found[HERE]["faulty"] == {"b": "It is locked.", "c": "It has left the run.", "d": "It has left the run."}


def test_what_went_wrong_before_an_instance_left_is_not_forgotten() -> None:
    assert sort({"a": at(misstep={"said": "It is locked."})}, "a")[HERE]["faulty"] == {"a": "It is locked."}


@pytest.mark.parametrize(
    ("gone", "speaker"), [((), "a"), (("a",), "b"), (("a", "b"), None)], ids=["all", "first gone", "all gone"]
)
def test_the_speaker_is_the_first_that_is_still_there(gone: tuple[str, ...], speaker: str | None) -> None:
    """Never one that could not be read, because nothing is known of it."""
    found = sort({"lost": {"declared": "me@example.com"}, "a": at(), "b": at()}, *gone)
    assert found[HERE]["speaker"] == speaker


def test_the_sentence_names_each_instance_with_those_that_stand_alike() -> None:
    found = sort(
        {
            "a": at(holds="new", works=True),
            "b": at(holds="new", works=True),
            "c": at(holds="new", works=True),
            "d": at(holds="new", works=False),
            "e": at(works=True),
            "f": at(),
            "g": at(),
            "lost": {},
        }
    )
    assert found[HERE]["holding"] == (
        "Now a, b and c hold the new password, which works; d holds the new password, which does not work;"
        " e holds the former password, which works; f and g hold the former password;"
        " lost holds a password that could not be read."
    )
