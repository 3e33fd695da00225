# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each advice on a relay is given once here, by one change to a relay that needs none, and says why and what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from relay_samples import ABSENT, CANARY, changed

from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import advice as relay_advice
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import rules

MAILBOX = {"upstreams.exchange.identity": "mailbox", "upstreams.exchange.limits": {"messages_per_minute": 30}}
PASSWORD = {"kind": "password", "user": "n@contoso.com", "password": CANARY}
#: Without a login for clients.
OPEN = {"login": ABSENT}

ADVISED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, []),
    ({"hostname": "relay"}, [("hostname", "short_hostname")]),
    (
        {"sender_policy": ABSENT, **MAILBOX, "upstreams.exchange.rewrite_from": True},
        [("sender_policy", "no_sender_policy")],
    ),
    (
        {"routes.2": ABSENT, "test.2": ABSENT},
        [("routes", "no_default_route"), ("upstreams.outside", "upstream_unused")],
    ),
    (
        {"upstreams.exchange.auth": PASSWORD, **MAILBOX},
        [("upstreams.exchange.auth", "exchange_online_password_login")],
    ),
    ({"upstreams.exchange.limits": {"connections": 4}}, [("upstreams.exchange.host", "exchange_online_limits")]),
    (
        {"upstreams.exchange.identity": ABSENT, "upstreams.exchange.rewrite_from": True},
        [("upstreams.exchange.host", "exchange_online_limits")],
    ),
    (
        {**MAILBOX, "upstreams.exchange.limits.messages_per_minute": 31, "upstreams.exchange.rewrite_from": True},
        [("upstreams.exchange.host", "exchange_online_limits")],
    ),
    (
        {**MAILBOX, "upstreams.exchange.host": "smtp.contoso.net"},
        [("upstreams.exchange.auth", "mailbox_sends_for_all")],
    ),
    ({**MAILBOX, "upstreams.exchange.rewrite_from": True}, []),
    ({"upstreams.outside.tls": {"mode": "none"}}, [("upstreams.outside.tls", "mail_in_the_clear")]),
    ({"upstreams.outside": {"host": "localhost", "port": 1025, "tls": {"mode": "none"}}}, []),
    ({"upstreams.outside.tls": {"mode": "starttls"}}, []),
    ({"upstreams.exchange.auth.expires": ABSENT}, [("upstreams.exchange.auth", "secret_without_expiry")]),
    ({"clients.2": "8.8.8.0/24"}, []),
    ({**OPEN, "clients.2": "8.8.8.0/24"}, [("clients.2", "public_clients")]),
    ({**OPEN, "clients": ["10.0.0.0/8", "2001:4860::/32", "fd00::/8"]}, [("clients.1", "public_clients")]),
    ({"test": []}, [("routes.0", "route_untested"), ("routes.1", "route_untested"), ("routes.2", "route_untested")]),
    ({"test.1.from": "dana@contoso.com"}, [("routes.1", "route_untested")]),
    ({"test.1.from": "Anybody@Contoso.co.uk"}, []),
    ({"routes.1.senders.2": "@fabrikam.com"}, [("routes.1.senders.2", "sender_never_admitted")]),
    (
        {"hostname": "relay", "sink": {"maildir": "/srv/mail"}, "sender_policy": ABSENT, "test": [], **MAILBOX},
        [("hostname", "short_hostname")],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), ADVISED)
def test_advice_names_its_place_and_says_why_and_what_to_do(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    declaration = schema.coerce(changed(changes), "relay")
    assert rules.violations(declaration) == []
    given = relay_advice.advice(declaration)
    assert [(entry.path, entry.advice) for entry in given] == expected
    assert all(entry.reason.endswith(".") and entry.remedy.endswith(".") for entry in given)
    assert CANARY not in str(given)


def test_every_advice_is_given_once_here() -> None:
    text = (schema.SCHEMA_DIRECTORY / "relay_advice.schema.json").read_text(encoding="utf-8")
    of_code = [each.name for each in vars(relay_advice).values() if isinstance(each, relay_advice.Advice)]
    names = [*re.findall('"x-advice": "(.*)"', text), *of_code]
    assert len(names) == len(set(names))
    assert set(names) == {name for _changes, expected in ADVISED for _path, name in expected}
