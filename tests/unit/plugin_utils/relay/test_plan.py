# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a declaration becomes: in the words of Postfix and emailproxy, and without a secret."""

from __future__ import annotations

from typing import Any

import pytest
from relay_samples import ABSENT, BRIDGE, CANARY, EXCHANGE, changed

from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import plan as planning
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.declared import Declared, folded

EXCHANGE_HOP = {"transport": "relay-exchange", "nexthop": "[127.0.0.1]:10964"}
QUOTES_HOP = {"transport": "relay-quotes", "nexthop": "[mail.contoso.net]:465"}
OUTSIDE_HOP = {"transport": "relay-outside", "nexthop": "[smtp.contoso.net]:25"}


def planned(**changes: Any) -> dict[str, Any]:
    """The plan of the bridge with changes, whose dots are written as two underscores."""
    paths = {path.replace("__", "."): value for path, value in changes.items()}
    return planning.plan(Declared(folded(changed(paths))))


def upstream(name: str, **changes: Any) -> dict[str, Any]:
    """One upstream of that plan."""
    return next(each for each in planned(**changes)["upstreams"] if each["name"] == name)


def test_what_is_said_of_the_relay_itself() -> None:
    plan = planned(hostname="Relay.contoso.com")
    assert {name: plan[name] for name in ("hostname", "clients", "login", "tls", "sink", "sender_domains")} == {
        "hostname": "relay.contoso.com",
        "clients": ["192.0.2.0/24", "[2001:db8::]/64"],
        "login": True,
        "tls": {"certificate": "/etc/ssl/relay.pem", "key": "/etc/ssl/relay.key"},
        "sink": None,
        "sender_domains": ["contoso.com", "contoso.co.uk"],
    }
    assert planned(login=ABSENT, tls=ABSENT)["login"] is False
    assert planned(login=ABSENT, tls=ABSENT)["tls"] is None


def test_an_upstream_with_oauth_is_reached_through_its_proxy_on_this_host() -> None:
    assert upstream("exchange") == {
        "name": "exchange",
        **EXCHANGE_HOP,
        "security": "none",
        "wrapper": False,
        "ca_file": None,
        "auth": "oauth",
        "identity": "sender",
        "mailbox": "notifications@contoso.com",
        "user": "notifications@contoso.com",
        "processes": 3,
        "rate_delay": 0,
        "rewrite_from": False,
        "sasl_key": "[127.0.0.1]:10964",
        "sender_pattern": r"^([A-Za-z0-9.!#$%&'*+=?^_{|}~-]+@(contoso\.com|contoso\.co\.uk))$",
        "proxy": {
            "port": 10964,
            "host": "smtp.office365.com",
            "server_port": 587,
            "starttls": True,
            "ca_file": None,
            "token_url": "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
            "client_id": "11111111-2222-3333-4444-555555555555",
            "scope": "https://outlook.office365.com/.default",
            "credential": "secret",
            "certificate": None,
            "key": None,
            "expires": "2027-11-30",
            "accounts": ["@"],
            "catch_all": True,
        },
    }


def test_an_upstream_with_a_password_is_spoken_to_directly() -> None:
    assert upstream("quotes") == {
        "name": "quotes",
        **QUOTES_HOP,
        "security": "secure",
        "wrapper": True,
        "ca_file": "/etc/ssl/own-ca.pem",
        "auth": "password",
        "identity": "mailbox",
        "mailbox": None,
        "user": "quotes@contoso.com",
        "processes": 3,
        "rate_delay": 0,
        "rewrite_from": False,
        "sasl_key": "[mail.contoso.net]:465",
        "sender_pattern": None,
        "proxy": None,
    }


def test_an_upstream_without_a_login_has_its_limits() -> None:
    assert upstream("outside") == {
        "name": "outside",
        **OUTSIDE_HOP,
        "security": "secure",
        "wrapper": False,
        "ca_file": None,
        "auth": "none",
        "identity": "mailbox",
        "mailbox": None,
        "user": None,
        "processes": 7,
        "rate_delay": 2,
        "rewrite_from": False,
        "sasl_key": None,
        "sender_pattern": None,
        "proxy": None,
    }


def test_without_tls_nothing_is_encrypted() -> None:
    assert upstream("outside", upstreams__outside__tls={"mode": "none"})["security"] == "none"


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"identity": "mailbox"}, {"accounts": ["notifications@contoso.com"], "catch_all": False}),
        ({"tls": {"mode": "implicit", "ca_file": "/ca.pem"}}, {"starttls": False, "ca_file": "/ca.pem"}),
        ({"auth__scope": "mail.send"}, {"scope": "mail.send"}),
        (
            {"auth__tenant": ABSENT, "auth__token_url": "https://login.contoso.com/token"},
            {"token_url": "https://login.contoso.com/token"},
        ),
        (
            {"auth__client_secret": ABSENT, "auth__certificate": "/a.pem", "auth__key": "/a.key"},
            {"credential": "certificate", "certificate": "/a.pem", "key": "/a.key"},
        ),
        (
            {"host": "smtp.office365.us"},
            {
                "token_url": "https://login.microsoftonline.us/contoso.onmicrosoft.com/oauth2/v2.0/token",
                "scope": "https://outlook.office365.us/.default",
            },
        ),
        (
            {"host": "smtp.partner.outlook.cn"},
            {
                "token_url": "https://login.partner.microsoftonline.cn/contoso.onmicrosoft.com/oauth2/v2.0/token",
                "scope": "https://partner.outlook.cn/.default",
            },
        ),
    ],
)
def test_a_proxy_is_told_what_is_declared(changes: dict[str, Any], parts: dict[str, Any]) -> None:
    proxy = upstream("exchange", **{f"upstreams__exchange__{path}": value for path, value in changes.items()})["proxy"]
    assert {name: proxy[name] for name in parts} == parts


@pytest.mark.parametrize("names", [["second", "exchange", "third"], ["third", "exchange"], ["exchange"]])
def test_a_proxy_keeps_its_port_whatever_comes_and_goes(names: list[str]) -> None:
    upstreams, routes = dict.fromkeys(names, EXCHANGE), [{"default": True, "upstream": "exchange"}]
    plan = planned(upstreams=upstreams, routes=routes, test=[])
    found = {each["name"]: each["proxy"]["port"] for each in plan["upstreams"]}
    assert found == {name: {"exchange": 10964, "second": 10972, "third": 11455}[name] for name in names}


def test_the_routes_become_the_keys_of_tables() -> None:
    plan = planned()
    assert plan["recipient_routes"] == [
        {"pattern": "contoso.com", **EXCHANGE_HOP},
        {"pattern": "contoso.co.uk", **EXCHANGE_HOP},
    ]
    assert plan["sender_routes"] == [
        {"pattern": "quotes@contoso.com", **QUOTES_HOP},
        {"pattern": "@contoso.co.uk", **QUOTES_HOP},
    ]
    assert plan["default"] == OUTSIDE_HOP


def test_without_a_default_mail_is_refused_with_the_reason() -> None:
    default = planned(routes__2=ABSENT, test__2=ABSENT)["default"]
    assert default["transport"] == "error"
    assert default["nexthop"].startswith("5.7.1 ")


def test_a_key_that_a_route_names_twice_is_one_key() -> None:
    plan = planned(routes__0__recipient_domains=["Contoso.com", "contoso.com."])
    assert [route["pattern"] for route in plan["recipient_routes"]] == ["contoso.com"]


@pytest.mark.parametrize(
    ("sender", "recipient", "taken"),
    [
        ("dana@contoso.com", "pat@contoso.com", "exchange"),
        ("dana@contoso.com", "Pat@CONTOSO.com", "exchange"),
        ("quotes@contoso.com", "pat@contoso.com", "exchange"),
        ("Quotes@Contoso.com", "check@example.com", "quotes"),
        ("anybody@contoso.co.uk", "check@example.com", "quotes"),
        ("dana@contoso.com", "check@sub.contoso.com", "outside"),
        ("dana@contoso.com", "check@example.com", "outside"),
    ],
)
def test_a_test_takes_the_route_that_postfix_takes(sender: str, recipient: str, taken: str) -> None:
    plan = planned(test=[{"from": sender, "to": recipient}])
    assert plan["tests"] == [{"from": sender, "to": recipient, "upstream": taken, "confirm": False}]


def test_how_an_arrival_is_confirmed_stays_with_who_declared_it() -> None:
    assert [test["confirm"] for test in planned()["tests"]] == [False, True, False]


@pytest.mark.parametrize(
    ("sink", "nexthop"),
    [({"maildir": "/srv/mail"}, None), ({"host": "Mailpit", "port": 1025}, "[mailpit]:1025")],
)
def test_from_a_sink_nothing_leaves(sink: dict[str, Any], nexthop: str | None) -> None:
    plan = planned(sink=sink, upstreams__outside__rewrite_from=True)
    assert plan["default"] == {"transport": "relay-sink", "nexthop": nexthop}
    assert (plan["upstreams"], plan["recipient_routes"], plan["sender_routes"]) == ([], [], [])
    assert {test["upstream"] for test in plan["tests"]} == {"sink"}
    assert plan["rewrites"] is False
    assert plan["sink"].keys() == {"maildir", "host", "port"}
    assert not [word for word in ("10964", "office365", "contoso.net") if word in str(plan)]


def test_whether_anything_is_rewritten_is_told_once() -> None:
    assert planned()["rewrites"] is False
    assert planned(upstreams__outside__rewrite_from=True)["rewrites"] is True


def test_without_a_policy_anybody_may_send() -> None:
    plan = planned(sender_policy=ABSENT, upstreams__exchange__identity="mailbox")
    assert (plan["sender_domains"], plan["from_pattern"]) == ([], None)


def test_no_secret_is_in_the_plan() -> None:
    assert CANARY in str(BRIDGE)
    assert CANARY not in str(planned())
