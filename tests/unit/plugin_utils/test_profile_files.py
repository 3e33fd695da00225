# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be told of a profile's file alone: all of a plain one, and of a template no more than is certain."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils import profile_files
from ansible_collections.weestimate.mail.plugins.plugin_utils.schema import SCHEMA_DIRECTORY

CHECKOUT = Path(__file__).resolve().parents[3]
PROFILES = [
    *sorted((CHECKOUT / "roles/weestimate_smtp/templates/profiles").iterdir()),
    *sorted((CHECKOUT / "demo/profiles").iterdir()),
    *sorted((CHECKOUT / "examples/gitops/profiles").iterdir()),
]
CANARY = "Zebra-canary-5150"

PLAIN: Mapping[str, tuple[str, str]] = {
    "an unknown option": ("settings: {smtp_adress: a.example}", "Did you mean smtp_address?"),
    "a wrong value": ("settings: {smtp_port: 99999}", "settings.smtp_port: SMTP Port is a whole number"),
    "options that do not fit": ("settings: {smtp_port: 465, use_ssl: false}", "Port 465 means implicit TLS"),
    "an unknown key": ("setting: {}\nsettings: {}", "setting: Only documented names"),
    "a password": (f"settings: {{smtp_password: {CANARY}}}", "A profile holds no password"),
    "no settings": ("description: nothing", "nothing under 'settings'"),
    "a list": ("- smtp_port: 25", "type list where a mapping"),
    "nothing": ("---\n", "holds nothing where a mapping"),
    "no YAML": ("settings: {", "is not YAML"),
}

TEMPLATES: Mapping[str, tuple[str, str]] = {
    "an open expression": ("settings:\n  smtp_port: {{ port", "not a valid template: unexpected end of template"),
    "an open block": ("settings:\n{% if a %}\n  smtp_port: 25\n", "endif"),
    "an unknown option": ("settings:\n  smtp_adress: {{ address | to_json }}\n  smtp_prt: 25", "smtp_prt"),
    "a wrong value": ("settings:\n  smtp_user: {{ user }}\n  smtp_port: all", "settings.smtp_port"),
    "options that do not fit": (
        "description: {{ why | to_json }}\nsettings:\n  smtp_port: 465\n  use_ssl: no",
        "implicit TLS",
    ),
    "a fault in the first branch": (
        "settings:\n{% if a %}\n  smtp_port: x\n{% else %}\n  smtp_port: 25\n{% endif %}",
        "smtp_port",
    ),
    "a fault in the last branch": (
        "settings:\n{% if a %}\n  smtp_port: 25\n{% elif b %}\n{% else %}\n  smtp_port: x\n{% endif %}",
        "smtp_port",
    ),
    "a fault in a branch of a branch": (
        "settings:\n{% if a %}\n{% else %}\n{% if b %}\n{% else %}\n  use_ssl: 7\n{% endif %}\n{% endif %}",
        "use_ssl",
    ),
    "a fault in a loop": ("settings:\n{% for a in b %}\n  smtp_port: x\n{% endfor %}", "smtp_port"),
    "a fault in a scope": ("settings:\n{% with a = 1 %}\n  smtp_port: x\n{% endwith %}", "smtp_port"),
    "a mapping of another shape": ("{{ head }}\nsettings: [{{ a | to_json }}]", "type list under 'settings'"),
    "an indentation": ("settings:\n  smtp_port: 25\n   use_ssl: {{ a | to_json }}", "is not YAML"),
    "a password beside a variable": (f"settings:\n  smtp_user: {{{{ a }}}}\n  smtp_password: {CANARY}", "no password"),
}

UNTOLD: Mapping[str, str] = {
    "all of it": "{{ profile | to_nice_yaml }}",
    "all settings": "settings: {{ settings | to_json }}",
    "settings on lines of their own": "settings:\n  {{ settings | to_nice_yaml | indent(2) }}\n",
    "some settings on lines of their own": "settings:\n  smtp_port: 25\n  {{ more | to_nice_yaml | indent(2) }}\n",
    "the names": "settings:\n  {{ name }}: {{ value }}\n",
    "part of a value": "settings:\n  smtp_user: robot@{{ domain }}\n  smtp_address: mail{{ number }}.example.com",
    "a value in quotes": 'settings:\n  smtp_port: "{{ port }}"',
    "which branch": "settings:\n  smtp_port: 465\n{% if a %}\n  use_ssl: no\n{% else %}\n  use_ssl: yes\n{% endif %}",
    "what a variable holds": "{% set port = 25 %}\nsettings:\n  smtp_port: {{ port }}",
    "what another file holds": "settings:\n  smtp_port: 25\n  {% include 'more.yml' %}\n",
    "what a macro writes": "{% macro a() %}x{% endmacro %}\nsettings:\n  smtp_user: {{ a() }}",
    "how lines end": "#jinja2: trim_blocks:False\nsettings:\n{% if a %}  smtp_port: 25\n{% endif %}",
}


def judged(tmp_path: Path, text: str) -> str:
    file = tmp_path / "profile.yml.j2"
    file.write_text(text, encoding="utf-8")
    return "\n".join(profile_files.judge(file))


@pytest.mark.parametrize(("text", "fault"), [*PLAIN.values(), *TEMPLATES.values()], ids=[*PLAIN, *TEMPLATES])
def test_a_fault_is_named_once_and_no_secret_is(tmp_path: Path, text: str, fault: str) -> None:
    said = judged(tmp_path, text)

    assert said.count(fault) == 1, said
    assert str(tmp_path / "profile.yml.j2") in said
    assert CANARY not in said


@pytest.mark.parametrize("text", UNTOLD.values(), ids=UNTOLD)
def test_what_only_variables_tell_is_no_fault(tmp_path: Path, text: str) -> None:
    assert judged(tmp_path, text) == ""


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.name)
def test_the_profiles_of_the_collection_are_without_fault(file: Path) -> None:
    assert profile_files.judge(file) == []


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.name)
def test_the_profiles_of_the_collection_name_their_schema_for_editors(file: Path) -> None:
    place = re.match(r"# yaml-language-server: \$schema=(\S+)\n---\n", file.read_text(encoding="utf-8"))[1]
    schema = SCHEMA_DIRECTORY / "profile.schema.json"

    known = {json.loads(schema.read_bytes())["$id"]} if "://" in place else {place}
    assert place in known
    assert "://" in place or (file.parent / place).resolve() == schema


def test_text_in_another_encoding_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "profile.yml"
    file.write_bytes("description: Grüße\nsettings: {}".encode("latin-1"))

    assert profile_files.judge(file) == [f"{file}: It is not UTF-8. Save it in this encoding."]


def test_the_program_names_all_faults_of_all_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for number, port in enumerate(("a", "25", "b")):
        file = tmp_path / f"{number}.yml"
        file.write_text(f"settings: {{smtp_port: {port}, use_ssl: 9}}", encoding="utf-8")
        files.append(str(file))

    assert profile_files.main(files) == 1
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        *[files[0]] * 2,
        files[1],
        *[files[2]] * 2,
    ]
    assert profile_files.main([]) == 0
