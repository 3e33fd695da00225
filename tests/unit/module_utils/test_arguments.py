# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument specs say what Ansible hides, and agree with what the collection can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import (
    SMTP_DOCTOR,
    SMTP_SETTINGS,
    SMTP_SETTINGS_INFO,
    SMTP_TEST,
)
from ansible_collections.weestimate.mail.plugins.module_utils.stores import connect


def leaves(spec: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every argument of a spec by its dotted path."""
    for name, rule in spec.items():
        yield f"{path}{name}", rule
        yield from leaves(rule.get("options", {}), f"{path}{name}.")


ALL = {**SMTP_SETTINGS_INFO, **SMTP_SETTINGS, **SMTP_TEST, **SMTP_DOCTOR}


def test_ansible_hides_the_passwords_and_tokens_and_nothing_else() -> None:
    hidden = {path for path, rule in leaves(ALL) if rule.get("no_log")}

    assert hidden == {
        "settings.smtp_password",
        "store.password",
        "oauth_token",
        "probe.oauth_token",
        "confirm.imap.password",
        "confirm.imap.oauth_token",
        "confirm.mailpit.password",
    }


def test_every_name_that_sounds_secret_says_whether_it_is() -> None:
    sounding = ("pass", "key", "token", "secret")
    silent = [
        path
        for path, rule in leaves(ALL)
        if any(word in path.rpartition(".")[2] for word in sounding) and "no_log" not in rule
    ]

    assert silent == []


def test_every_driver_has_an_engine() -> None:
    assert set(SMTP_SETTINGS["store"]["options"]["driver"]["choices"]) == set(connect._ENGINES)


def test_every_state_is_one_that_can_be_reached() -> None:
    assert set(SMTP_SETTINGS["state"]["choices"]) == set(commands._STATES)


def test_both_modules_find_the_instance_by_the_same_arguments() -> None:
    shared = SMTP_SETTINGS.keys() & SMTP_SETTINGS_INFO.keys()

    assert shared == {"store", "layout", "journal", "run_on"}
    assert all(SMTP_SETTINGS[name] == SMTP_SETTINGS_INFO[name] for name in shared)
