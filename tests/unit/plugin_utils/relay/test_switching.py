# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What relay_config refuses before it begins, by the place that is named."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_CONFIG
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.switching import violations


def places(given: dict[str, Any]) -> list[str]:
    """Where arguments break a rule."""
    arguments = ArgumentSpecValidator(RELAY_CONFIG).validate(given).validated_parameters
    return [violation.path for violation in violations(arguments, given)]


def of_files(*files: dict[str, Any]) -> list[str]:
    """Where files break a rule, each being `/a` with a text unless it says otherwise."""
    return places({"files": [{"path": "/a", "content": "a", **file} for file in files]})


@pytest.mark.parametrize("path", ["/a", "/etc/postfix/main.cf", "/etc/.hidden", "/etc/..data", "/etc/with blank", "/ä"])
def test_an_absolute_path_is_taken(path: str) -> None:
    assert of_files({"path": path}) == []


@pytest.mark.parametrize(
    "path", ["", "a", "./a", "/", "/a/", "//a", "/a//b", "/./a", "/a/..", "/../a", "/a\n", "/a\0b"]
)
def test_any_other_path_is_not(path: str) -> None:
    assert of_files({"path": path}) == ["files[0].path"]


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["/a", "/b", "/a"], ["files[0].path", "files[2].path"]),
        (["/a/b", "/a"], ["files[0].path"]),
        (["/a", "/b", "/a/b/c"], ["files[2].path"]),
    ],
)
def test_files_do_not_stand_in_each_others_way(paths: list[str], found: list[str]) -> None:
    assert of_files(*({"path": path} for path in paths)) == found


def test_files_with_a_common_beginning_are_no_obstacle() -> None:
    assert of_files({"path": "/a"}, {"path": "/ab"}, {"path": "/b/a"}) == []


@pytest.mark.parametrize("path", ["/var/lib/weestimate-relay", "/var/lib/weestimate-relay/candidate/a"])
def test_the_modules_own_folder_is_no_place_for_a_file(path: str) -> None:
    assert of_files({"path": path}) == ["files[0].path"]


@pytest.mark.parametrize("mode", ["0644", "0600", "0000"])
def test_four_octal_digits_are_a_mode(mode: str) -> None:
    assert of_files({"mode": mode}) == []


@pytest.mark.parametrize("mode", ["644", "0o644", "4755", "0689", "u=rw", 0o644, 0o600, ""])
def test_anything_else_is_not(mode: Any) -> None:
    assert of_files({"mode": mode}) == ["files[0].mode"]


@pytest.mark.parametrize(("mode", "found"), [("0600", []), ("0400", []), ("0640", ["mode"]), ("0604", ["mode"])])
def test_a_secret_is_for_its_owner_only(mode: str, found: list[str]) -> None:
    assert of_files({"mode": mode, "secret": True}) == [f"files[0].{name}" for name in found]


@pytest.mark.parametrize("content", [{"a": 1}, ["a"], 5, True])
def test_a_content_that_a_template_made_something_else_is_refused(content: Any) -> None:
    assert of_files({"content": content}) == ["files[0].content"]


def test_a_relay_without_files_is_none() -> None:
    assert places({}) == places({"files": []}) == ["files"]


@pytest.mark.parametrize("state", ["proven", "former"])
def test_files_are_not_looked_at_where_they_do_not_count(state: str) -> None:
    assert places({"state": state}) == places({"state": state, "files": [{"path": "a", "content": "a"}]}) == []


def test_what_is_on_trial_is_a_text_at_the_end_of_one_of_the_files() -> None:
    files = [{"path": "/a", "content": "a"}]
    assert places({"files": files, "on_trial": {"/a": "text"}}) == []
    assert places({"files": files, "on_trial": {"/b": "text"}}) == ["on_trial./b"]
    assert places({"files": files, "on_trial": {"/a": ["text"]}}) == ["on_trial./a"]


def test_a_command_names_a_program() -> None:
    commands = {"checks": [["true"], []], "settled": [[""]], "activate": [{"command": []}]}
    assert places({"state": "proven", **commands}) == ["checks[1]", "settled[0]", "activate[0].command"]


def test_the_modules_own_folder_is_an_absolute_path() -> None:
    assert places({"state": "proven", "directory": "state"}) == ["directory"]
