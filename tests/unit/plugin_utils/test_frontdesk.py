# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the front desk knows by itself; the rest of it is tested with the actions."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils import frontdesk


def test_the_author_is_who_runs_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "deploy")
    assert frontdesk.author() == f"deploy@{socket.gethostname()}"


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_004_711)
    assert frontdesk.author() == f"4000004711@{socket.gethostname()}"


#: An argument spec with one of each kind.
SPEC = {
    "to": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "required": True},
    "retries": {"type": "int"},
    "tls": {
        "type": "dict",
        "options": {
            "verify": {"type": "bool"},
            "version": {"type": "str", "choices": ["old", "new"]},
            "user": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "token": {"type": "str", "no_log": True},
        },
        "required_one_of": [["password", "token"]],
        "mutually_exclusive": [["password", "token"]],
        "required_together": [["user", "password"]],
    },
    "files": {
        "type": "list",
        "elements": "dict",
        "options": {"path": {"type": "str", "required": True}, "content": {"type": "str", "no_log": True}},
    },
}


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"timeout": "5", "to": "one@example.com", "tls": {"token": "x"}}, []),
        ({}, ["timeout"]),
        ({"timeout": "secret", "too": []}, ["too", "timeout"]),
        ({"timeout": 0, "retries": 0}, ["timeout"]),
        ({"timeout": 1, "retries": "-1"}, ["retries"]),
        ({"timeout": 5, "tls": "secret"}, ["tls"]),
        ({"timeout": 5, "tls": {}}, ["tls"]),
        ({"timeout": 5, "tls": {"token": "x", "verfy": "secret", "version": "secret"}}, ["tls.verfy", "tls.version"]),
        ({"timeout": 5, "tls": {"token": "secret", "password": "secret", "user": "x"}}, ["tls"]),
        ({"timeout": 5, "tls": {"password": "secret"}}, ["tls"]),
        ({"timeout": 5, "files": [{"path": "/a", "content": "secret"}]}, []),
        ({"timeout": 5, "files": [{"path": "/a"}, {"content": "secret"}]}, ["files[1].path"]),
        ({"timeout": 5, "files": [{"path": "/a", "contents": "secret"}]}, ["files[0].contents"]),
        ({"timeout": 5, "files": ["path=/a content=secret"]}, ["files[0]"]),
    ],
)
def test_each_fault_names_its_place_and_never_what_was_given(given: dict[str, Any], places: list[str]) -> None:
    found = list(frontdesk.faults(SPEC, given, SPEC))

    assert [fault.path for fault in found] == places
    assert all(fault.rule and fault.remedy.endswith((".", "?")) for fault in found)
    assert "secret" not in "".join(map(str, found))
