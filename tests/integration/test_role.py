# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role through its playbook, on the installed collection: profiles, what is laid over them, and the recycle."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet import Fleet
from harness import CHECKOUT, Ansible, Unsafe
from weestimate import database

SETTINGS = "weestimate.mail.smtp_settings"
PASSWORD = "c4nary 'quoted' \"double\" \\ {# {% {{ }} ü 😀"
MAILBOX = "notifications@contoso.com"
RELAY = {"weestimate_smtp_profile": "internal_relay", "weestimate_smtp_relay_address": "relay.corp.contoso.com"}

#: Each profile that ships with the role: the variables that fill it, and the options that it leads to.
PROFILES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "office365": (
        {"mailbox": MAILBOX, "password": PASSWORD},
        {"SMTP Address": "smtp.office365.com", "SMTP Port": "587", "SMTP Connect As": MAILBOX},
    ),
    "office365_hve": (
        {"mailbox": MAILBOX, "password": PASSWORD},
        {"SMTP Address": "smtp-hve.office365.com", "SMTP Port": "587", "Use SSL": "TRUE"},
    ),
    "azure_communication": (
        {"mailbox": MAILBOX, "connect_as": "quotes@contoso.com", "password": PASSWORD},
        {"SMTP Address": "smtp.azurecomm.net", "SMTP User": MAILBOX, "SMTP Connect As": "quotes@contoso.com"},
    ),
    "internal_relay": (
        {"relay_address": "relay.corp.contoso.com"},
        {"SMTP Address": "relay.corp.contoso.com", "SMTP Port": "25", "Use SSL": "FALSE", "SMTP User": ""},
    ),
    "connector_relay": (
        {"relay_address": "contoso-com.mail.protection.outlook.com"},
        {"SMTP Address": "contoso-com.mail.protection.outlook.com", "Use SSL": "TRUE", "SMTP User": ""},
    ),
    "weestimate_relay": (
        {"relay_address": "relay.contoso.com", "relay_user": "weestimate", "password": PASSWORD},
        {"SMTP Address": "relay.contoso.com", "SMTP Port": "587", "Use SSL": "TRUE", "SMTP User": "weestimate"},
    ),
    "gmail": (
        {"mailbox": MAILBOX, "password": PASSWORD},
        {"SMTP Address": "smtp.gmail.com", "SMTP User": MAILBOX, "Enable SMTP Send As": "TRUE"},
    ),
}


@pytest.fixture
def fleet(ansible: Ansible, tmp_path: Path) -> Fleet:
    return Fleet(ansible, tmp_path)


def test_the_profiles_of_the_role_are_those_that_are_tested_here() -> None:
    shipped = (CHECKOUT / "roles/weestimate_smtp/templates/profiles").iterdir()
    assert {file.name.removesuffix(".yml.j2") for file in shipped} == set(PROFILES)


def test_each_profile_is_applied_once_and_then_changes_nothing(fleet: Fleet) -> None:
    hosts = {
        profile: {
            "weestimate_smtp_profile": profile,
            **{f"weestimate_smtp_{name}": Unsafe(value) for name, value in filling.items()},
        }
        for profile, (filling, _expected) in PROFILES.items()
    }
    loud = {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "True"}
    first, second = (fleet.apply(hosts, "--diff", "-vvvv", **loud) for _each in range(2))

    assert first.succeeded, first.output
    assert first.changed == {
        (profile, task) for profile in PROFILES for task in ("Apply the settings", "Run the command")
    }
    for profile, (filling, expected) in PROFILES.items():
        whole = {**expected, "SMTP Mail Enabled": "TRUE", "SMTP Password": filling.get("password", "")}
        assert {name: fleet.options(profile)[name] for name in whole} == whole
    assert second.succeeded, second.output
    assert second.changed == set()
    assert "c4nary" not in first.output + second.output


def test_a_run_without_change_has_three_tasks_that_stay_on_the_controller(fleet: Fleet) -> None:
    fleet.apply({"one": RELAY})
    again = fleet.apply({"one": {**RELAY, "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}})
    assert again.succeeded, again.output
    assert [each.action for each in again.results] == [
        "ansible.builtin.validate_argument_spec",
        "weestimate.mail.smtp_profile",
        SETTINGS,
    ]
    assert fleet.recycled() == 1


def test_what_is_laid_over_a_profile_wins(fleet: Fleet) -> None:
    fleet.profile("connector_relay.yml", "settings: {smtp_address: mine.contoso.com, use_ssl: true, smtp_port: 2525}")
    run = fleet.apply(
        {
            "overridden": {**RELAY, "weestimate_smtp_settings": {"smtp_port": "2525", "use_ssl": None}},
            "alone": {"weestimate_smtp_settings": {"send_smtp_to_self": True}},
            "replaced": {**RELAY, "weestimate_smtp_profile": "connector_relay"},
        }
    )
    assert run.succeeded, run.output
    assert {name: fleet.options("overridden")[name] for name in ("SMTP Port", "Use SSL")} == {
        "SMTP Port": "2525",
        "Use SSL": "FALSE",
    }
    changed = {each.host: each.result["changed_options"] for each in run.of(SETTINGS)}
    assert changed["alone"] == ["send_smtp_to_self"]
    assert fleet.options("replaced")["SMTP Address"] == "mine.contoso.com"


def test_no_value_of_a_variable_can_break_a_profile(fleet: Fleet) -> None:
    fleet.profile("own.yml.j2", "settings:\n  smtp_user: {{ weestimate_smtp_mailbox | to_json }}\n")
    hostile = "a\"b'c: [d] - {e} # 😀 ü & *f !g |"
    run = fleet.apply(
        {
            "one": {
                "weestimate_smtp_profile": "own",
                "weestimate_smtp_mailbox": hostile,
                "weestimate_smtp_password": Unsafe(PASSWORD),
            }
        }
    )
    assert run.succeeded, run.output
    assert fleet.options()["SMTP User"] == hostile


def test_a_change_to_an_open_relay_blanks_the_password_that_was_stored(fleet: Fleet) -> None:
    given = {"one": {}, "null": {"weestimate_smtp_password": None}, "shared": {"weestimate_smtp_password": "of others"}}
    for host in given:
        database.create(fleet.database(host), {"SMTP User": MAILBOX, "SMTP Password": "former"})
    run = fleet.apply({host: {**RELAY, **password} for host, password in given.items()})
    assert run.succeeded, run.output
    assert {host: fleet.options(host)["SMTP Password"] for host in given} == dict.fromkeys(given, "")


def test_a_profile_that_cannot_be_used_is_named_and_nothing_is_written(fleet: Fleet) -> None:
    fleet.profile("late.yml.j2", "settings:\n  smtp_address: {{ site_relay | to_json }}\n")
    fleet.profile("syntax.yml.j2", "settings:\n  smtp_port: {{ 25 + }}\n")
    fleet.profile("yaml.yml", "settings:\n  smtp_port: 25\n smtp_user: c4nary\n")
    fleet.profile("list.yml", "- smtp_port: 25\n")
    fleet.profile("flat.yml", "smtp_port: 25\n")
    fleet.profile("unknown.yml", "settings: {smtp_adress: relay}\n")
    fleet.profile("secret.yml", "settings: {smtp_password: c4nary}\n")
    faults = {
        "office356": ("profile_missing", "office356", "office365_hve", "/templates/profiles", "/profiles"),
        "../main": ("profile_missing", "../main"),
        "": ("profile_missing", "Neither a profile nor any setting"),
        "office365": ("profile_invalid", "office365.yml.j2", "weestimate_smtp_mailbox"),
        "late": ("profile_invalid", "late.yml.j2", "undefined_elsewhere"),
        "syntax": ("profile_invalid", "syntax.yml.j2", "line 2"),
        "yaml": ("profile_invalid", "yaml.yml", "line 3"),
        "list": ("profile_invalid", "list.yml", "mapping"),
        "flat": ("profile_invalid", "flat.yml", "'settings'"),
        "unknown": ("schema_invalid", "smtp_adress", "smtp_address"),
        "secret": ("schema_invalid", "smtp_password", "weestimate_smtp_password"),
        "internal_relay": ("schema_invalid", "smtp_password", "weestimate_smtp_password"),
    }
    hosts = {f"host{number}": {"weestimate_smtp_profile": name} for number, name in enumerate(faults)}
    hosts["host4"]["site_relay"] = "{{ undefined_elsewhere }}"
    hosts["host11"] |= {**RELAY, "weestimate_smtp_settings": {"smtp_password": "c4nary"}}

    run = fleet.apply(hosts, "-vvvv")

    for (host, variables), (code, *named) in zip(hosts.items(), faults.values(), strict=True):
        failure = run.failures[host]
        assert (host, failure.get("error_code")) == (host, code), (variables, failure)
        assert failure["msg"].endswith(failure["remedy"])
        for text in named:
            assert text in failure["msg"]
    assert "c4nary" not in run.output
    assert run.of(SETTINGS) == []


@pytest.mark.parametrize(("recycle", "times"), [("always", (1, 2, 3)), ("changed", (1, 1, 2)), ("never", (0, 0, 0))])
def test_when_the_approval_server_is_recycled_can_be_chosen(fleet: Fleet, recycle: str, times: tuple[int, ...]) -> None:
    for settings, recycled in zip(({}, {}, {"smtp_port": 2525}), times, strict=True):
        run = fleet.apply(
            {"one": {**RELAY, "weestimate_smtp_recycle": recycle, "weestimate_smtp_settings": settings}},
        )
        assert run.succeeded, run.output
        assert fleet.recycled() == recycled


def test_check_mode_shows_the_change_and_touches_nothing(fleet: Fleet) -> None:
    database.create(fleet.database(), {})
    before = fleet.database().read_bytes()
    run = fleet.apply({"one": {**RELAY, "weestimate_smtp_recycle": "always"}}, "--check", "--diff")
    assert run.changed == {("one", "Apply the settings")}, run.output
    assert RELAY["weestimate_smtp_relay_address"] in run.output
    assert fleet.database().read_bytes() == before
    assert fleet.recycled() == 0


def test_a_recycle_that_fails_is_reported_and_leaves_the_settings_applied(fleet: Fleet) -> None:
    servers = {
        "broken": (
            fleet.server(command=["sh", "-c", "echo 'no such   service' >&2; exit 3"]),
            "on broken: no such service",
        ),
        "absent": (fleet.server(command=["/nowhere/weestimate"]), "/nowhere/weestimate"),
        "away": (fleet.server(host="elsewhere_one"), "on elsewhere_one: "),
        "service": ({"kind": "windows_service", "name": "WeEstimate"}, "ansible.windows.win_service"),
        "pool": ({"kind": "iis_app_pool", "name": "WeEstimate"}, "microsoft.iis.web_app_pool"),
    }
    run = fleet.apply(
        {host: {**RELAY, "weestimate_smtp_approval_server": server} for host, (server, _said) in servers.items()}
    )
    for host, (_server, said) in servers.items():
        failure = run.failures[host]
        assert (host, failure.get("error_code")) == (host, "recycle_failed"), run.output
        for text in ("could not be recycled", said, "settings are applied", "still uses its old ones"):
            assert text in failure["msg"]
        assert "weestimate_smtp_recycle=always" in failure["remedy"]
        assert fleet.options(host)["SMTP Address"] == RELAY["weestimate_smtp_relay_address"]

    assert fleet.apply({"broken": RELAY}, "--extra-vars", "weestimate_smtp_recycle=always").succeeded
    assert fleet.recycled("broken") == 1


def test_an_approval_server_without_its_name_is_refused_before_anything_is_written(fleet: Fleet) -> None:
    missing = {"windows_service": "name", "iis_app_pool": "name", "systemd": "name", "command": "command", "": "kind"}
    run = fleet.apply(
        {
            f"host_{kind}": {
                **RELAY,
                "weestimate_smtp_approval_server": {"kind": kind} if kind else {"name": "WeEstimate"},
            }
            for kind in missing
        }
    )
    for kind, name in missing.items():
        assert name in run.failures[f"host_{kind}"]["msg"]
    assert run.of(SETTINGS) == []


def test_the_run_waits_until_the_approval_server_is_healthy(fleet: Fleet) -> None:
    asked = fleet.directory / "asked"
    with _listener() as port:
        health = {
            "port": port,
            "command": ["sh", "-c", f"test -e '{asked}' || {{ touch '{asked}'; exit 1; }}"],
            "timeout": 5,
            "delay": 1,
        }
        run = fleet.apply({"one": {**RELAY, "weestimate_smtp_approval_server": fleet.server(health=health)}})
    assert run.succeeded, run.output
    assert fleet.recycled() == 1
    assert asked.exists()


def test_an_approval_server_that_stays_ill_fails_the_run(fleet: Fleet) -> None:
    checks = {
        "port": ({"port": 1}, "127.0.0.1:1"),
        "command": ({"command": ["sh", "-c", "echo 'still   starting' >&2; exit 1"]}, "still starting"),
    }
    run = fleet.apply(
        {
            host: {
                **RELAY,
                "weestimate_smtp_approval_server": fleet.server(health={**health, "timeout": 1, "delay": 1}),
            }
            for host, (health, _said) in checks.items()
        }
    )
    for host, (_health, said) in checks.items():
        failure = run.failures[host]
        assert failure["error_code"] == "recycle_failed"
        for text in (f"was recycled on {host}", "not healthy after 1 seconds", said, "settings are applied"):
            assert text in failure["msg"]


@contextlib.contextmanager
def _listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
