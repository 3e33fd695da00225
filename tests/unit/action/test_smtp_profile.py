# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action smtp_profile, with Ansible's own loader and templar and without a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.weestimate.mail.plugins.action import smtp_profile

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19 trusts every text
    trust_as_template = str

Resolve = Callable[..., dict[str, Any]]

OFFICE = """---
settings:
  smtp_address: smtp.office365.com
  smtp_port: 587
  use_ssl: true
  smtp_user: {{ mailbox | to_json }}
"""


@pytest.fixture
def resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Run the action with arguments; ``profile`` is the text of the profile ``own``, ``variables`` are the host's."""
    # Outside of a run Ansible finds its own plugins by their short names only.
    find = smtp_profile.lookup_loader.get
    short = SimpleNamespace(get=lambda name, **keywords: find(name.removeprefix("ansible.builtin."), **keywords))
    monkeypatch.setattr(smtp_profile, "lookup_loader", short)

    def run(profile: str = OFFICE, variables: Mapping[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        (tmp_path / "own.yml.j2").write_text(profile, encoding="utf-8")
        loader, variables = DataLoader(), dict(variables or {})
        task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, action="weestimate.mail.smtp_profile")
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        action = smtp_profile.ActionModule(
            task=task,
            connection=connection,
            play_context=None,
            loader=loader,
            templar=Templar(loader=loader, variables=variables),
            shared_loader_obj=None,
        )
        return action.run(task_vars=variables)

    return run


def test_the_result_has_the_settings_their_file_and_advice(resolve: Resolve, tmp_path: Path) -> None:
    result = resolve(name="own", dirs=["/nowhere", str(tmp_path)], variables={"mailbox": "a@contoso.com"})
    assert result["settings"] == {
        "smtp_address": "smtp.office365.com",
        "smtp_port": 587,
        "use_ssl": True,
        "smtp_user": "a@contoso.com",
    }
    assert (result["changed"], result["file"]) == (False, str(tmp_path / "own.yml.j2"))
    assert any("Exchange Online" in entry["rule"] for entry in result["advice"])


def test_settings_win_over_the_profile_and_have_the_types_of_the_options(resolve: Resolve, tmp_path: Path) -> None:
    result = resolve(
        "settings: {smtp_address: relay, smtp_port: 25, smtp_user: ''}",
        name="own",
        dirs=[str(tmp_path)],
        settings={"smtp_port": "2525", "use_ssl": "no", "smtp_address": None},
    )
    assert result["settings"] == {
        "smtp_address": "relay",
        "smtp_port": 2525,
        "smtp_user": "",
        "use_ssl": False,
        "smtp_password": "",
    }


def test_settings_alone_are_checked_too(resolve: Resolve) -> None:
    assert resolve(settings={"smtp_port": 2525})["file"] is None
    assert resolve(settings={"smtp_port": 0})["error_code"] == "schema_invalid"


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (OFFICE, "needs mailbox, which is not defined"),
        ("settings: {smtp_user: {{ nested }}}", "needs further, which is not defined"),
        ("settings: {smtp_user: {{ known.absent }}}", "uses something that is not defined"),
        ("a: 1\nsettings: {{ mailbox", "is not a valid template: unexpected end of template"),
        ("settings: {smtp_user: {{ mailbox | no_such_filter }}}", "no_such_filter"),
        ("settings: {smtp_port: {{ 1 // 0 }}}", "cannot be rendered"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_a_profile_that_is_invalid(
    resolve: Resolve, tmp_path: Path, profile: str, text: str
) -> None:
    variables = {"nested": trust_as_template("{{ further }}"), "known": {"present": 1}}
    result = resolve(profile, variables, name="own", dirs=[str(tmp_path)])
    assert result["error_code"] == "profile_invalid"
    assert text in result["msg"]
    assert str(tmp_path / "own.yml.j2") in result["msg"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "profile_missing"),
        ({"name": "other", "dirs": []}, "profile_missing"),
        ({"name": "own", "directory": "profiles"}, "schema_invalid"),
        ({"settings": {"smtp_password": "canary"}}, "schema_invalid"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(resolve: Resolve, arguments: dict[str, Any], code: str) -> None:
    result = resolve(**arguments)
    assert (result["failed"], result["error_code"]) == (True, code)
    assert "canary" not in str(result)
