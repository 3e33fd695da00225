# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule on a relay is broken once here, by one change to a relay that is in order, and names the place."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from relay_samples import ABSENT, BRIDGE, CANARY, EXCHANGE, changed

from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import rules
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.declared import folded

SINK = {"hostname": "relay", "clients": ["192.0.2.7"], "sink": {"host": "mailpit", "port": 1025}}
CERTIFICATE = {
    "upstreams.exchange.auth.client_secret": ABSENT,
    "upstreams.exchange.auth.certificate": "/etc/app.pem",
    "upstreams.exchange.auth.key": "/etc/app.key",
}
PASSWORD = {"kind": "password", "user": "u", "password": CANARY}


def judged(document: Any) -> list[schema.Violation]:
    """All violations of a declaration, as the action judges it."""
    declaration = folded(schema.coerce(document, "relay"))
    return rules.violations(declaration)


IN_ORDER = {
    "the bridge": {},
    "no login": {"login": ABSENT, "tls": ABSENT},
    "TLS without a login": {"login": ABSENT},
    "a single address": {"clients": ["192.0.2.7", "2001:db8::7"]},
    "the largest private networks": {"clients": ["10.0.0.0/8", "fc00::/7"]},
    "numbers and booleans as text": {
        "upstreams.exchange.port": "587",
        "upstreams.outside.limits.connections": "7",
        "routes.2.default": "yes",
    },
    "what is not wanted left empty": {"sink": {}, "login": "", "test": [], "tls": {}},
    "a host in capitals": {"upstreams.exchange.host": "SMTP.Office365.com."},
    "a domain in capitals": {"sender_policy.domains": ["Contoso.COM", "contoso.co.uk."]},
    "a certificate in place of a secret": CERTIFICATE,
    "a token_url in place of a tenant": {
        "upstreams.exchange.auth.tenant": ABSENT,
        "upstreams.exchange.auth.token_url": "https://login.contoso.com:8443/token?x=1",
    },
    "an upstream in the clear": {"upstreams.outside.tls": {"mode": "none"}},
    "an address in the clear": {"upstreams.outside": {"host": "10.0.0.25", "port": 25, "tls": {"mode": "none"}}},
    "a password in the clear to this host": {
        "upstreams.quotes": {"host": "127.0.0.1", "port": 2525, "tls": {"mode": "none"}, "auth": PASSWORD}
    },
    "another port may be either": {"upstreams.quotes.port": 2465},
    "rewriting without a login": {
        "upstreams.outside.rewrite_from": True,
        "upstreams.outside.mailbox": "n@contoso.com",
    },
    "no sender policy, as nobody logs in as the sender": {
        "sender_policy": ABSENT,
        "upstreams.exchange.identity": ABSENT,
    },
    "no default": {"routes.2": ABSENT, "test.2": ABSENT, "upstreams.outside": ABSENT},
    "a sender's own upstream before its domain's": {
        "routes.1.senders": ["quotes@contoso.com"],
        "routes.2": {"senders": ["@contoso.com"], "upstream": "outside"},
        "routes.3": {"default": True, "upstream": "outside"},
    },
    "a sender after its domain, to the same upstream": {"routes.1.senders": ["@contoso.com", "quotes@contoso.com"]},
    "a sink beside the upstreams": {"sink": {"maildir": "/srv/mail/"}},
    "a date that YAML has read": {"upstreams.exchange.auth.expires": date(2027, 11, 30)},
    "a domain twice in one route": {"routes.0.recipient_domains": ["contoso.com", "contoso.co.uk", "CONTOSO.com"]},
}

#: What a change of the bridge is to be told of: the places and the rules, all of them.
OUT_OF_ORDER = [
    # one value
    ({"hostname": ABSENT}, [("hostname", "The relay's name is a host name")]),
    ({"hostname": "relay.contoso.com:25"}, [("hostname", "The relay's name is a host name")]),
    ({"clients": []}, [("clients", "The clients are a list of networks")]),
    ({"clients": "192.0.2.0/24"}, [("clients", "The clients are a list of networks")]),
    ({"login.user": "a:b"}, [("login.user", "The relay's user is one word")]),
    ({"login": "weestimate"}, [("login", "The relay's login is a mapping of user and password")]),
    ({"tls.key": "relay.key"}, [("tls.key", "A path is absolute and plain")]),
    *(
        ({"tls.certificate": path}, [("tls.certificate", "A path is absolute and plain")])
        for path in ("", "/", "etc/a", "/etc/$x", "/etc/a b", "/etc/../a", "/etc/a,b", "C:/a", "~/a")
    ),
    ({"tls": ["/a"]}, [("tls", "The relay's TLS is a mapping of certificate and key")]),
    *(
        ({path: value}, [(path, "A secret is text without blanks around it")])
        for path in ("login.password", "upstreams.exchange.auth.client_secret", "upstreams.quotes.auth.password")
        for value in (f" {CANARY}", f"{CANARY} ", "", 5150)
    ),
    ({"login.password": "********"}, [("login.password", "A mask is not a password")]),
    ({"upstreams": [EXCHANGE]}, [("upstreams", "The upstreams are a mapping of names to mail servers")]),
    *(
        (
            {
                "upstreams.outside": ABSENT,
                f"upstreams.{name}": BRIDGE["upstreams"]["outside"],
                "routes.2.upstream": name,
            },
            [("upstreams", "An upstream's name is a short word")],
        )
        for name in ("Outside", "out_side", "-outside", "outside-", "9outside", "sink", "o" * 33)
    ),
    ({"upstreams.outside": "smtp"}, [("upstreams.outside", "An upstream is a mapping with a host and a port")]),
    (
        {"upstreams.outside.port": ABSENT},
        [("upstreams.outside.port", "An upstream is a mapping with a host and a port")],
    ),
    (
        {"upstreams.outside.host": "smtp.contoso.net:25"},
        [("upstreams.outside.host", "An upstream's host is a name or an address, and nothing around it")],
    ),
    ({"upstreams.outside.port": 0}, [("upstreams.outside.port", "A port is a whole number from 1 to 65535")]),
    ({"upstreams.outside.prot": 25}, [("upstreams.outside.prot", schema.UNKNOWN_NAME)]),
    (
        {"upstreams.outside.tls": "starttls"},
        [("upstreams.outside.tls", "An upstream's TLS is a mapping of mode and ca_file")],
    ),
    (
        {"upstreams.outside.tls": {"mode": "ssl"}},
        [("upstreams.outside.tls.mode", "The mode of TLS is starttls, implicit or none")],
    ),
    ({"upstreams.outside.tls": {"verify": False}}, [("upstreams.outside.tls.verify", schema.UNKNOWN_NAME)]),
    (
        {"upstreams.outside.auth": {}},
        [("upstreams.outside.auth.kind", "The kind of login is none, password or oauth_client_credentials")],
    ),
    ({"upstreams.outside.auth": "none"}, [("upstreams.outside.auth", "An upstream's auth is a mapping with a kind")]),
    (
        {"upstreams.outside.auth": {"kind": "oauth"}},
        [("upstreams.outside.auth.kind", "The kind of login is none, password or oauth_client_credentials")],
    ),
    ({"upstreams.outside.auth": {"kind": "none", "user": "u"}}, [("upstreams.outside.auth.user", schema.UNKNOWN_NAME)]),
    (
        {"upstreams.quotes.auth.user": "a:b"},
        [("upstreams.quotes.auth.user", "An upstream's user is text without a colon or a blank")],
    ),
    ({"upstreams.exchange.identity": "user"}, [("upstreams.exchange.identity", "The identity is mailbox or sender")]),
    *(
        (
            {"upstreams.exchange.mailbox": address},
            [("upstreams.exchange.mailbox", "A mail address is written alone, in full")],
        )
        for address in ("notifications", "N <n@contoso.com>", "#n@contoso.com", "n$x@contoso.com", "n/x@contoso.com")
    ),
    (
        {"upstreams.outside.rewrite_from": "maybe"},
        [("upstreams.outside.rewrite_from", "rewrite_from is true or false")],
    ),
    (
        {"upstreams.outside.limits": 3},
        [("upstreams.outside.limits", "The limits are a mapping of connections and messages_per_minute")],
    ),
    (
        {"upstreams.outside.limits.connections": 0},
        [("upstreams.outside.limits.connections", "Connections are a whole number from 1 to 100")],
    ),
    (
        {"upstreams.outside.limits.messages_per_minute": 61},
        [("upstreams.outside.limits.messages_per_minute", "Messages per minute are a whole number from 1 to 60")],
    ),
    *(
        (
            {"upstreams.exchange.auth.tenant": tenant},
            [("upstreams.exchange.auth.tenant", "A tenant is its ID or one of its domains")],
        )
        for tenant in ("common", "organizations", "https://login", "a/b")
    ),
    *(
        (
            {"upstreams.exchange.auth.tenant": ABSENT, "upstreams.exchange.auth.token_url": address},
            [("upstreams.exchange.auth.token_url", "A token_url begins with https")],
        )
        for address in ("http://login.contoso.com/token", "https://user:word@login.contoso.com/", "https://login")
    ),
    ({"upstreams.exchange.auth.client_id": "1 2"}, [("upstreams.exchange.auth.client_id", "A client_id is one word")]),
    ({"upstreams.exchange.auth.scope": " x"}, [("upstreams.exchange.auth.scope", "A scope is plain text")]),
    *(
        ({"upstreams.exchange.auth.expires": day}, [("upstreams.exchange.auth.expires", "An expiry is a date")])
        for day in ("30.11.2027", "2027-02-30", "20271130", "")
    ),
    ({"routes": "exchange"}, [("routes", "The routes are a list")]),
    ({"routes.2": "outside"}, [("routes.2", "A route is for recipient_domains, for senders, or the default")]),
    (
        {"routes.2.senders": ["@contoso.com"]},
        [("routes.2", "A route is for recipient_domains, for senders, or the default")],
    ),
    ({"routes.2.default": False}, [("routes.2.default", "The default route says true")]),
    ({"routes.0.recipient_domains": []}, [("routes.0.recipient_domains", "A recipient route names domains")]),
    (
        {"routes.0.recipient_domains": ["contoso.com", "@contoso.co.uk"]},
        [("routes.0.recipient_domains.1", "A domain is written alone, in full")],
    ),
    (
        {"routes.0.recipient_domains": ["contoso"], "test.0": ABSENT},
        [("routes.0.recipient_domains.0", "A domain is written alone, in full")],
    ),
    ({"routes.1.senders": []}, [("routes.1.senders", "A sender route names senders")]),
    (
        {"routes.1.senders": ["contoso.co.uk"]},
        [("routes.1.senders.0", "A sender is a mail address, or @ and a domain")],
    ),
    ({"routes.1.upstream": ABSENT}, [("routes.1.upstream", "A route leads to an upstream")]),
    (
        {"sender_policy": ["contoso.com"], "upstreams.exchange.identity": ABSENT},
        [("sender_policy", "The sender policy is a mapping of domains")],
    ),
    (
        {"sender_policy": {"domains": []}, "upstreams.exchange.identity": ABSENT},
        [("sender_policy.domains", "The sender policy names domains")],
    ),
    (
        {"sender_policy.domains": ["*.contoso.com"], "test": []},
        [("sender_policy.domains.0", "A domain is written alone, in full")],
    ),
    (
        {"sink": {"maildir": "/srv/mail", "host": "mailpit", "port": 1}},
        [("sink", "A sink is either a maildir or a host and a port")],
    ),
    ({"sink": {"maildir": "/srv/mail", "port": 1}}, [("sink", "A sink is either a maildir or a host and a port")]),
    ({"sink": {"host": "mailpit"}}, [("sink", "A sink is either a maildir or a host and a port")]),
    ({"sink": {"host": "smtp.gmail.com", "port": 25}}, [("sink.host", "A sink is a server of your own")]),
    ({"test": {"from": "dana@contoso.com"}}, [("test", "The tests are a list")]),
    ({"test.0.to": ABSENT}, [("test.0.to", "A test has from and to")]),
    ({"test.0.confirm": True}, [("test.0.confirm", "A confirmation is a mapping")]),
    ({"upstream": {"x": 1}}, [("upstream", schema.UNKNOWN_NAME)]),
    # how an upstream fits together
    ({"upstreams.exchange.mailbox": ABSENT}, [("upstreams.exchange.mailbox", "OAuth needs a mailbox")]),
    ({"upstreams.exchange.tls": {"mode": "none"}}, [("upstreams.exchange.tls.mode", "OAuth needs TLS")]),
    ({"upstreams.quotes.identity": "sender"}, [("upstreams.quotes.identity", "Only OAuth logs in as the sender")]),
    (
        {"upstreams.quotes.tls": {"mode": "none"}, "upstreams.quotes.port": 25},
        [("upstreams.quotes.tls.mode", "A password needs TLS")],
    ),
    ({"upstreams.outside.rewrite_from": True}, [("upstreams.outside.mailbox", "rewrite_from needs a mailbox")]),
    (
        {"upstreams.exchange.rewrite_from": True},
        [("upstreams.exchange.identity", "rewrite_from is for mail that one mailbox sends")],
    ),
    ({"upstreams.outside.host": "192.0.2.25"}, [("upstreams.outside.host", "A certificate is verified by name")]),
    ({"upstreams.outside.host": "2001:db8::25"}, [("upstreams.outside.host", "A certificate is verified by name")]),
    ({"upstreams.quotes.tls.mode": ABSENT}, [("upstreams.quotes.tls.mode", "Port 465 means implicit TLS")]),
    ({"upstreams.quotes.tls": ABSENT}, [("upstreams.quotes.tls", "Port 465 means implicit TLS")]),
    (
        {"upstreams.quotes.port": 587},
        [("upstreams.quotes.tls.mode", "On ports 25 and 587 a session begins in the clear")],
    ),
    (
        {"upstreams.exchange.auth": ABSENT, "upstreams.exchange.identity": ABSENT},
        [("upstreams.exchange.auth", "Office 365, Azure and Gmail need a login")],
    ),
    (
        {"upstreams.exchange.auth": {"kind": "none"}, "upstreams.exchange.identity": ABSENT},
        [("upstreams.exchange.auth.kind", "Office 365, Azure and Gmail need a login")],
    ),
    ({"upstreams.exchange.port": 25}, [("upstreams.exchange.port", "Office 365 takes mail on port 587")]),
    (
        {"upstreams.exchange.auth.client_secret": ABSENT},
        [("upstreams.exchange.auth", "An OAuth login has either a client_secret or a certificate with its key")],
    ),
    (
        {**CERTIFICATE, "upstreams.exchange.auth.client_secret": CANARY},
        [("upstreams.exchange.auth", "An OAuth login has either a client_secret or a certificate with its key")],
    ),
    (
        {"upstreams.exchange.auth.client_secret": ABSENT, "upstreams.exchange.auth.certificate": "/etc/app.pem"},
        [("upstreams.exchange.auth.key", "A certificate comes with its key")],
    ),
    (
        {"upstreams.exchange.auth.tenant": ABSENT},
        [("upstreams.exchange.auth", "A token comes from a tenant or from a token_url")],
    ),
    (
        {"upstreams.exchange.auth.token_url": "https://login/x"},
        [("upstreams.exchange.auth", "A token comes from a tenant or from a token_url")],
    ),
    ({"tls": ABSENT}, [("tls", "A login needs TLS")]),
    (
        {"upstreams": ABSENT, "routes": ABSENT, "test": []},
        [
            ("upstreams", "A relay has upstreams and routes, or a sink"),
            ("routes", "A relay has upstreams and routes, or a sink"),
        ],
    ),
    # how the parts fit together
    *(
        ({path: value}, [(path, "Text holds no control characters")])
        for path, value in (
            ("hostname", "relay\n"),
            ("clients.0", "192.0.2.7\n"),
            ("login.user", "weestimate\n"),
            ("login.password", "a\x00b"),
            ("tls.key", "/etc/ssl/relay.key\n"),
            ("upstreams.outside.host", "smtp.contoso.net\n"),
            ("upstreams.exchange.mailbox", "n@contoso.com\n"),
            ("upstreams.exchange.auth.client_secret", "a\tb"),
            ("upstreams.exchange.auth.client_id", "x\n"),
            ("routes.0.recipient_domains.1", "contoso.co.uk\n"),
            ("routes.1.senders.1", "@contoso.co.uk\n"),
            ("test.2.to", "check@example.com\n"),
        )
    ),
    (
        {
            "upstreams.outside": ABSENT,
            "upstreams.outside\n": BRIDGE["upstreams"]["outside"],
            "routes.2.upstream": "outside\n",
        },
        [
            ("upstreams.outside", "Text holds no control characters"),
            ("routes.2.upstream", "Text holds no control characters"),
        ],
    ),
    *(
        ({"clients.1": value}, [("clients.1", "A client is a network or an address")])
        for value in (
            "relay",
            "192.0.2",
            "192.0.2.0/33",
            "[2001:db8::]/64",
            "fe80::1%eth0",
            "192.0.2.1-9",
            "!192.0.2.1",
            "/etc/networks",
        )
    ),
    ({"clients.0": "192.0.2.7/24"}, [("clients.0", "A network begins where its prefix says")]),
    *(
        ({"clients.0": value}, [("clients.0", "A network is not a large part of the internet")])
        for value in ("0.0.0.0/0", "::/0", "128.0.0.0/1", "10.0.0.0/7", "2000::/3")
    ),
    (
        {"upstreams.outside.host": "relay.contoso.com"},
        [("upstreams.outside.host", "Mail is not sent back to the relay")],
    ),
    (
        {"upstreams.outside": {"host": "127.0.0.1", "port": 10588, "tls": {"mode": "none"}}},
        [("upstreams.outside.host", "Mail is not sent back to the relay")],
    ),
    ({"upstreams.outside.host": "localhost"}, [("upstreams.outside.host", "Mail is not sent back to the relay")]),
    ({"sink": {"host": "127.0.0.1", "port": 25}}, [("sink.host", "Mail is not sent back to the relay")]),
    ({"sender_policy": ABSENT}, [("upstreams.exchange.identity", "A login as the sender needs a sender policy")]),
    (
        {"upstreams.tenant339": EXCHANGE},
        [("upstreams.tenant339", "Each OAuth proxy has a port of its own, which goes by the upstream's name")],
    ),
    ({"routes.1.upstream": "quote"}, [("routes.1.upstream", "A route leads to an upstream that is declared")]),
    (
        {"routes.0": BRIDGE["routes"][1], "routes.1": BRIDGE["routes"][0]},
        [("routes.1", "Recipient routes come first, then sender routes, then the default")],
    ),
    (
        {"routes.3": {"senders": ["x@contoso.com"], "upstream": "outside"}},
        [("routes.3", "Recipient routes come first, then sender routes, then the default")],
    ),
    ({"routes.3": {"default": True, "upstream": "quotes"}}, [("routes.3.default", "A key stands in one route")]),
    (
        {"routes.1": {"recipient_domains": ["fabrikam.com", "CONTOSO.com"], "upstream": "quotes"}},
        [("routes.1.recipient_domains.1", "A key stands in one route")],
    ),
    (
        {
            "routes.1.senders": ["@contoso.com", "quotes@contoso.com"],
            "routes.2": {"senders": ["pat@contoso.com"], "upstream": "outside"},
            "routes.3": {"default": True, "upstream": "outside"},
        },
        [("routes.2.senders.0", "A sender's own route comes before that of its domain")],
    ),
    ({"test.0.from": "dana@fabrikam.com"}, [("test.0.from", "A test is from a sender whose mail is taken")]),
    ({"routes.2": ABSENT, "upstreams.outside": ABSENT}, [("test.2.to", "A test takes a route")]),
]


@pytest.mark.parametrize("changes", IN_ORDER.values(), ids=IN_ORDER)
def test_a_relay_in_order_is_accepted(changes: dict[str, Any]) -> None:
    assert judged(changed(changes)) == []


def test_a_sink_is_enough() -> None:
    assert judged(SINK) == []


@pytest.mark.parametrize(("changes", "expected"), OUT_OF_ORDER)
def test_what_is_out_of_order_is_named_with_its_rule_and_no_secret(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = judged(changed(changes))
    assert [(violation.path, violation.rule) for violation in found] == expected
    assert all(violation.remedy.endswith((".", "?")) for violation in found)
    assert CANARY not in str(found)


def titles(node: Any) -> set[str]:
    """The titles of all rules in a schema."""
    if isinstance(node, list):
        return set().union(*map(titles, node))
    if not isinstance(node, dict):
        return set()
    own = {node["title"]} if isinstance(node.get("title"), str) and "x-remedy" in node else set()
    return own.union(*map(titles, node.values()))


def test_every_rule_is_broken_once_here() -> None:
    document = json.loads((schema.SCHEMA_DIRECTORY / "relay.schema.json").read_bytes())
    of_schema = titles(document) - {document["title"], "The kind of login"}
    of_code = {value.title for value in vars(rules).values() if isinstance(value, rules.Rule)}
    assert of_schema | of_code == {rule for _changes, expected in OUT_OF_ORDER for _path, rule in expected} - {
        schema.UNKNOWN_NAME,
        "A mask is not a password",
    }


def test_all_is_told_at_once() -> None:
    """Also where the shape of another part is not the documented one."""
    broken = {"hostname": 5, "upstreams.quotes": "x", "clients.0": "10.0.0.1/8", "routes.0.upstream": "y", "login": []}
    paths = {violation.path for violation in judged(changed(broken))}
    assert paths == {"hostname", "upstreams.quotes", "clients.0", "routes.0.upstream"}


WRONG = [None, 5, True, "text", [], [5], [[]], {}, {"x": 5}, {"x": []}, [{"x": 5}], [{"default": 5}], {5: {}}]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize(
    "path",
    ["hostname", "clients", "login", "tls", "upstreams", "upstreams.quotes", "upstreams.quotes.auth",
     "upstreams.quotes.port", "upstreams.quotes.tls", "upstreams.exchange.identity", "routes",
     "routes.0", "routes.0.recipient_domains", "sender_policy", "sender_policy.domains", "sink", "test", "test.0",
     "test.0.from", "test.1.confirm"],
)  # fmt: skip
def test_a_wrong_shape_is_told_and_never_breaks_a_rule_itself(path: str, value: Any) -> None:
    assert all(violation.rule for violation in judged(changed({path: value})))


def test_a_secret_in_the_wrong_place_is_not_quoted() -> None:
    confirmed = "Okapi-canary-6174"
    elsewhere = {
        "upstreams.exchange.auth.expires": CANARY,
        "upstreams.quotes.host": f"u:{CANARY}@mail",
        "test.1.confirm.imap.password": confirmed,
        "hostname": f"of {confirmed}",
    }
    found = judged(changed(elsewhere))
    assert {violation.path for violation in found} == elsewhere.keys() - {"test.1.confirm.imap.password"}
    assert not [word for word in (CANARY, confirmed) if word in str(found)]
