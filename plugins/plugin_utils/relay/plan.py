# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the relay's programs are to be told: the declaration in the words of Postfix and emailproxy, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import postfix
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.declared import (
    CLEAR,
    DEFAULT,
    IMPLICIT,
    OAUTH,
    OF_MAILBOX,
    OF_SENDER,
    RECIPIENT,
    SENDER,
    Declared,
    Test,
    auth_of,
    mode_of,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.proxy import HOST, port_of, proxy

#: The connections at a time where nothing is said: as many as Exchange Online allows a mailbox.
_CONNECTIONS = 3

_SINK = "sink"

#: Where mail goes that no route is for: error(8) refuses it with this reply.
_REFUSED = {
    "transport": "error",
    "nexthop": "5.7.1 This relay has no route for the mail. See weestimate_relay_routes.",
}

_KINDS = {OAUTH: "oauth"}


def plan(declared: Declared) -> dict[str, Any]:
    """The plan for a declaration that breaks no rule. With a sink it names no upstream, so that nothing can leave."""
    upstreams = [] if declared.sink else _upstreams(declared)
    return {
        "hostname": declared.hostname,
        "clients": [postfix.network(network) for _index, network in declared.clients()],
        "login": declared.has_login,
        "tls": declared.document.get("tls"),
        "upstreams": upstreams,
        **_routing(declared, {each["name"]: _hop(each) for each in upstreams}),
        "sender_domains": declared.sender_domains,
        "from_pattern": postfix.from_pattern(declared.sender_domains) if declared.sender_domains else None,
        "sink": {name: declared.sink.get(name) for name in ("maildir", "host", "port")} if declared.sink else None,
        "tests": [_test(declared, test) for test in declared.tests],
        "rewrites": any(each["rewrite_from"] for each in upstreams),
    }


def _upstreams(declared: Declared) -> list[dict[str, Any]]:
    return [
        _upstream(name, each, declared.sender_domains, port_of(name) if auth_of(each)["kind"] == OAUTH else None)
        for name, each in declared.upstreams.items()
    ]


def _upstream(name: str, upstream: Mapping[str, Any], domains: list[str], port: int | None) -> dict[str, Any]:
    """One upstream; ``port`` is that of its proxy, or None where Postfix speaks to it directly."""
    auth, limits = auth_of(upstream), upstream.get("limits", {})
    nexthop = postfix.destination(HOST, port) if port else postfix.destination(upstream["host"], upstream["port"])
    identity = upstream.get("identity", OF_MAILBOX)
    return {
        "name": name,
        "transport": f"relay-{name}",
        "nexthop": nexthop,
        **(_LOCAL if port else _encryption(upstream)),
        "auth": _KINDS.get(auth["kind"], auth["kind"]),
        "identity": identity,
        "mailbox": upstream.get("mailbox"),
        "user": auth.get("user") or (upstream["mailbox"] if port else None),
        "processes": limits.get("connections", _CONNECTIONS),
        "rate_delay": postfix.delay(limits.get("messages_per_minute")),
        "rewrite_from": upstream.get("rewrite_from", False),
        "sasl_key": None if auth["kind"] == "none" else nexthop,
        "sender_pattern": postfix.sender_pattern(domains) if identity == OF_SENDER else None,
        "proxy": proxy(upstream, port) if port else None,
    }


#: From Postfix to a proxy on the same host; the proxy encrypts.
_LOCAL = {"security": "none", "wrapper": False, "ca_file": None}


def _encryption(upstream: Mapping[str, Any]) -> dict[str, Any]:
    """How Postfix encrypts: the level ``secure`` verifies the certificate by the host's name, whatever DNS says."""
    mode = mode_of(upstream)
    return {
        "security": "none" if mode == CLEAR else "secure",
        "wrapper": mode == IMPLICIT,
        "ca_file": upstream.get("tls", {}).get("ca_file"),
    }


def _routing(declared: Declared, hops: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The routes as keys of Postfix's tables, and what takes the rest."""
    if declared.sink:
        return {"recipient_routes": [], "sender_routes": [], "default": _sink_hop(declared.sink)}
    hop_of = {(route.kind, key): hops[route.upstream] for route in declared.routes for key in route.keys}
    tables = {
        kind: [{"pattern": key, **hop} for (of_kind, key), hop in hop_of.items() if of_kind == kind]
        for kind in (RECIPIENT, SENDER)
    }
    return {
        "recipient_routes": tables[RECIPIENT],
        "sender_routes": tables[SENDER],
        "default": hop_of.get((DEFAULT, ""), _REFUSED),
    }


def _hop(upstream: Mapping[str, Any]) -> dict[str, Any]:
    return {"transport": upstream["transport"], "nexthop": upstream["nexthop"]}


def _sink_hop(sink: Mapping[str, Any]) -> dict[str, Any]:
    nexthop = postfix.destination(sink["host"], sink["port"]) if "host" in sink else None
    return {"transport": f"relay-{_SINK}", "nexthop": nexthop}


def _test(declared: Declared, test: Test) -> dict[str, Any]:
    """A test and the upstream that it will take. How its arrival is confirmed stays outside: that may be secret."""
    route = declared.route_of(test.sender, test.recipient)
    return {
        "from": test.sender,
        "to": test.recipient,
        "upstream": _SINK if declared.sink or route is None else route.upstream,
        "confirm": test.confirm is not None,
    }
