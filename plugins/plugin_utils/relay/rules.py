# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on a relay: those of relay.schema.json for its parts, and here how the parts fit together.

A rule is words and a place; no value is quoted, since a secret may stand where it does not belong.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_TEST
from ansible_collections.weestimate.mail.plugins.plugin_utils import frontdesk, schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.declared import (
    DEFAULT,
    OAUTH,
    OF_SENDER,
    ORDER,
    SENDER,
    Declared,
    auth_of,
    domain_of,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.proxy import PORTS, port_of

__all__ = ["Rule", "violations"]


class Rule(NamedTuple):
    """What holds for every relay, and what to do where it does not; the remedy may have names in braces."""

    title: str
    remedy: str

    def broken_at(self, path: str, **words: Any) -> schema.Violation:
        """The violation of the rule by what stands at ``path``, a dotted name."""
        return schema.Violation(path, self.title, self.remedy.format(**words))


NO_CONTROL = Rule(
    "Text holds no control characters",
    "Remove line breaks, tabs and other control characters; a value read from a file often ends in a line break.",
)
NETWORK = Rule(
    "A client is a network or an address",
    "Write an address, such as 192.0.2.7 or 2001:db8::7, or a network with its prefix, such as 192.0.2.0/24, without"
    " brackets and without a zone.",
)
PREFIX = Rule("A network begins where its prefix says", "Write {network} for the network, or {address} for one host.")
WIDTH = Rule(
    "A network is not a large part of the internet",
    "List the networks of your WeEstimate servers and clients: whoever may connect may send in your name.",
)
OTHER_SERVER = Rule(
    "Mail is not sent back to the relay",
    "Name the mail server that takes the mail from here; port {port} of this host is the relay's own.",
)
SENDER_POLICY = Rule(
    "A login as the sender needs a sender policy",
    "Set sender_policy.domains: otherwise a client could have the relay log in as anybody.",
)
OWN_PORT = Rule(
    "Each OAuth proxy has a port of its own, which goes by the upstream's name",
    "Give this upstream another name: by this one, its proxy has the same port as that of {other} ({port}).",
)
KNOWN_UPSTREAM = Rule("A route leads to an upstream that is declared", "{suggestion}")
ROUTE_ORDER = Rule(
    "Recipient routes come first, then sender routes, then the default",
    "Sort the routes so. Postfix asks in this order, whatever is written.",
)
ONE_ROUTE = Rule("A key stands in one route", "Remove it here, or from route {other}, which is asked first.")
SENDER_FIRST = Rule(
    "A sender's own route comes before that of its domain",
    "Write it before route {other}: Postfix takes it first, whatever is written.",
)
TEST_SENDER = Rule(
    "A test is from a sender whose mail is taken",
    "Take a sender of a domain in sender_policy.domains, or add its domain.",
)
TEST_ROUTE = Rule("A test takes a route", "Take another recipient, or declare a route for it or a default.")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

#: The largest networks that are not on the internet: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193).
_SHORTEST_PREFIX = {4: 8, 6: 7}

#: The ports on which the relay itself takes mail: from clients, from itself where it rewrites (one for each of as many
#: upstreams as there may be), and for the proxies.
_OWN_PORTS = frozenset((25, 587, *range(10025, 10076), *PORTS))
_OWN_NAMES = re.compile(r"localhost|127\.[0-9.]+|::1")


def violations(document: Any) -> list[schema.Violation]:
    """All that is wrong with a declaration, one for each place and rule; it is folded, and of any shape."""
    declared, found = Declared(document), {}
    for check in _CHECKS:
        for violation in check(declared):
            found.setdefault(violation.path, violation)
    return [*schema.violations(document, "relay"), *found.values()]


def _texts(declared: Declared) -> Iterator[schema.Violation]:
    """A line break would begin a line of its own in a file of Postfix."""
    for path, text in _scalars(declared.document):
        if _CONTROL.search(text):
            yield NO_CONTROL.broken_at(_CONTROL.sub("", path))


def _scalars(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text in a document with its place, and each name, which is a text too."""
    if isinstance(node, dict):
        yield from ((f"{path}{name}", name) for name in node)
        parts: Iterable[tuple[Any, Any]] = node.items()
    else:
        parts = enumerate(node) if isinstance(node, list) else ()
    for name, part in parts:
        yield from [(f"{path}{name}", part)] if isinstance(part, str) else _scalars(part, f"{path}{name}.")


def _clients(declared: Declared) -> Iterator[schema.Violation]:
    for index, text in declared.clients():
        path, address = f"clients.{index}", text.partition("/")[0]
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            network = None
        if network is None or "%" in text:
            yield NETWORK.broken_at(path)
        elif network.prefixlen < _SHORTEST_PREFIX[network.version]:
            yield WIDTH.broken_at(path)
        elif ipaddress.ip_address(address) != network.network_address:
            yield PREFIX.broken_at(path, network=network, address=address)


def _destinations(declared: Declared) -> Iterator[schema.Violation]:
    places = {f"upstreams.{name}.host": upstream for name, upstream in declared.upstreams.items()}
    for path, place in {**places, "sink.host": declared.sink}.items():
        host, port = str(place.get("host")), place.get("port")
        is_here = host == declared.hostname or _OWN_NAMES.fullmatch(host)
        if is_here and isinstance(port, int) and port in _OWN_PORTS:
            yield OTHER_SERVER.broken_at(path, port=port)


def _identities(declared: Declared) -> Iterator[schema.Violation]:
    for name, upstream in declared.upstreams.items():
        if upstream.get("identity") == OF_SENDER and not declared.sender_domains:
            yield SENDER_POLICY.broken_at(f"upstreams.{name}.identity")


def _ports_of_proxies(declared: Declared) -> Iterator[schema.Violation]:
    taken: dict[int, str] = {}
    for name, upstream in declared.upstreams.items():
        if auth_of(upstream).get("kind") == OAUTH:
            port = port_of(name)
            other = taken.setdefault(port, name)
            if other != name:
                yield OWN_PORT.broken_at(f"upstreams.{name}", other=other, port=port)


def _upstreams_of_routes(declared: Declared) -> Iterator[schema.Violation]:
    known = declared.upstream_names
    for route in declared.routes:
        if known and route.upstream and route.upstream not in known:
            suggestion = schema.suggestion(route.upstream, known)
            yield KNOWN_UPSTREAM.broken_at(f"routes.{route.index}.upstream", suggestion=suggestion)


def _order_of_routes(declared: Declared) -> Iterator[schema.Violation]:
    latest = 0
    for route in declared.routes:
        if ORDER.index(route.kind) < latest:
            yield ROUTE_ORDER.broken_at(f"routes.{route.index}")
        latest = max(latest, ORDER.index(route.kind))


def _keys_of_routes(declared: Declared) -> Iterator[schema.Violation]:
    """The keys that another route has already taken."""
    taken: dict[tuple[str, str], Any] = {}
    for route in declared.routes:
        for place, key in enumerate(route.keys):
            path = f"routes.{route.index}.{route.kind}" + ("" if route.kind == DEFAULT else f".{place}")
            first = taken.setdefault((route.kind, key), route)
            whole = taken.get((SENDER, f"@{domain_of(key)}")) if route.kind == SENDER else None
            if first is not route:
                yield ONE_ROUTE.broken_at(path, other=first.index)
            elif whole and whole.upstream != route.upstream:
                yield SENDER_FIRST.broken_at(path, other=whole.index)


def _tests(declared: Declared) -> Iterator[schema.Violation]:
    for test in declared.tests:
        if not declared.admits(test.sender):
            yield TEST_SENDER.broken_at(f"test.{test.index}.from")
        routed = declared.sink or declared.route_of(test.sender, test.recipient)
        if declared.routes_are_known and not routed:
            yield TEST_ROUTE.broken_at(f"test.{test.index}.to")


def _confirmations(declared: Declared) -> Iterator[schema.Violation]:
    """How an arrival is confirmed is the argument of another action, which has the words for it."""
    spec = {"confirm": SMTP_TEST["confirm"]}
    for test in declared.tests:
        if isinstance(test.confirm, dict):
            yield from frontdesk.faults(spec, {"confirm": test.confirm}, spec, f"test.{test.index}.")


_CHECKS = (
    _texts,
    _clients,
    _destinations,
    _identities,
    _ports_of_proxies,
    _upstreams_of_routes,
    _order_of_routes,
    _keys_of_routes,
    _tests,
    _confirmations,
)
