# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a secret looks like to everybody but its owner."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.redaction import (
    looks_secret,
    masked,
    masked_pair,
    presence,
)


@pytest.mark.parametrize(
    ("value", "shown"), [("x", "(set)"), (" ", "(set)"), (0, "(set)"), ("", "(blank)"), (None, "(blank)")]
)
def test_only_the_presence_of_a_secret_is_shown(value: Any, shown: str) -> None:
    assert presence(value) == shown


def test_masking_changes_secrets_and_nothing_else() -> None:
    values = {"smtp_user": "u", "smtp_password": "p", "smtp_port": None}

    assert masked(values) == {"smtp_user": "u", "smtp_password": "(set)", "smtp_port": None}
    assert values["smtp_password"] == "p"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a", "a", ("(unchanged)", "(unchanged)")),
        ("", "", ("(unchanged)", "(unchanged)")),
        (None, "", ("(unchanged)", "(unchanged)")),
        ("a", "b", ("(set)", "(changed)")),
        ("a", "A", ("(set)", "(changed)")),
        ("a", "a ", ("(set)", "(changed)")),
        ("a", "", ("(set)", "(blank)")),
        ("", "b", ("(blank)", "(set)")),
        (None, "b", ("(blank)", "(set)")),
    ],
)
def test_a_diff_shows_that_a_secret_differs_and_not_how(before: Any, after: Any, shown: tuple[str, str]) -> None:
    left, right = masked_pair({"smtp_password": before}, {"smtp_password": after})

    assert (left["smtp_password"], right["smtp_password"]) == shown


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({}, {"smtp_password": "new"}, ({}, {"smtp_password": "(set)"})),
        ({"smtp_password": "old"}, {}, ({"smtp_password": "(set)"}, {})),
        ({}, {}, ({}, {})),
    ],
    ids=["made", "removed", "absent"],
)
def test_a_diff_shows_rows_that_come_and_go(before: Any, after: Any, shown: Any) -> None:
    assert masked_pair(before, after) == shown


@pytest.mark.parametrize(
    "key", ["SMTP Password", "smtppwd", "Passphrase", "ApiKey", "API Key", "OAuthToken", "Client Secret"]
)
def test_some_keys_sound_secret(key: str) -> None:
    assert looks_secret(key)


@pytest.mark.parametrize("key", ["SMTP Port", "SMTP User", "Use SSL", "Monkey", ""])
def test_others_do_not(key: str) -> None:
    assert not looks_secret(key)
