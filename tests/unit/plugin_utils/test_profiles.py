# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles as files: found in order, parsed without surprises, refused without quoting what they hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils import profiles


@pytest.fixture
def directories(tmp_path: Path) -> list[str]:
    """Two directories: both have ``relay``, the second alone ``gmail``, and neither ``notes`` as a profile."""
    for file in ("first/relay.yml", "second/relay.yml.j2", "second/gmail.yaml", "second/notes.txt"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    return [str(tmp_path / "first"), str(tmp_path / "second")]


@pytest.mark.parametrize(("name", "file"), [("relay", "first/relay.yml"), ("gmail", "second/gmail.yaml")])
def test_the_first_directory_that_has_the_profile_wins(directories: list[str], name: str, file: str) -> None:
    assert profiles.find(name, directories).endswith(file)


def test_a_template_comes_before_plain_yaml_of_the_same_name(directories: list[str]) -> None:
    Path(directories[0], "relay.yml.j2").touch()
    assert profiles.find("relay", directories).endswith("first/relay.yml.j2")


@pytest.mark.parametrize("name", ["smtp", "notes", "../second/gmail", "/etc/passwd", ".", "", "gmail\n"])
def test_what_is_no_profile_is_missing_and_the_known_ones_are_named(directories: list[str], name: str) -> None:
    searched = [*directories, "/nowhere"]
    with pytest.raises(MailSettingsError) as raised:
        profiles.find(name, searched)
    assert raised.value.code == "profile_missing"
    assert raised.value.details == {"searched": searched, "available": ["gmail", "relay"]}
    assert all(text in raised.value.message for text in searched)
    assert "gmail, relay" in raised.value.remedy


def test_without_a_directory_the_message_says_so() -> None:
    with pytest.raises(MailSettingsError, match="any directory, as none was given"):
        profiles.find("relay", [])


@given(st.text())
def test_a_value_written_as_json_comes_back_as_it_was(value: str) -> None:
    document = profiles.parse(f"settings:\n  smtp_user: {json.dumps(value)}\n", "a.yml")
    assert document == {"settings": {"smtp_user": value}}


def test_a_template_that_renders_to_data_needs_no_parsing() -> None:
    assert profiles.parse({"settings": {"smtp_port": 25}}, "a.yml") == {"settings": {"smtp_port": 25}}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("settings:\n  a: 1\n secret: 2\n", "line 3, column 2"),
        ("settings: [secret", "line 1, column 18"),
        ("settings: {{ secret }}", "unhashable key"),
        ("settings: \x00secret", "a character that YAML does not allow"),
        ("settings: !secret 1", "could not determine a constructor"),
        ("- secret", "holds a value of type list where a mapping is expected"),
        ("", "holds nothing where a mapping is expected"),
        ("secret: 1", "has nothing under 'settings'"),
        ("settings: secret", "has a value of type str under 'settings'"),
    ],
)
def test_what_is_no_profile_inside_is_refused_with_its_place_and_not_its_text(text: str, fault: str) -> None:
    with pytest.raises(MailSettingsError) as raised:
        profiles.parse(text, "/profiles/a.yml")
    assert raised.value.code == "profile_invalid"
    assert "/profiles/a.yml" in raised.value.message
    assert fault in raised.value.message


@pytest.mark.parametrize(
    ("settings", "complete"),
    [
        ({"smtp_user": ""}, {"smtp_user": "", "smtp_password": ""}),
        ({"smtp_user": "someone"}, {"smtp_user": "someone"}),
        ({"smtp_port": 25}, {"smtp_port": 25}),
    ],
)
def test_a_blank_login_has_a_blank_password(settings: dict[str, object], complete: dict[str, object]) -> None:
    assert profiles.complete(settings) == complete
