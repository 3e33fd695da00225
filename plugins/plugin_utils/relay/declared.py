# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is declared of a relay, as far as it has the documented shape.

The schema reports what has another shape. Here it is passed over, so that all other rules can still be judged, and all
violations are told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils.coercion import EACH

#: The three ways of choosing an upstream, in the order in which Postfix asks: transport_maps, by recipient, win over
#: sender_dependent_default_transport_maps, and those over default_transport (transport(5), postconf(5)).
RECIPIENT, SENDER, DEFAULT = "recipient_domains", "senders", "default"
ORDER = (RECIPIENT, SENDER, DEFAULT)

OAUTH = "oauth_client_credentials"
STARTTLS, IMPLICIT, CLEAR = "starttls", "implicit", "none"
OF_MAILBOX, OF_SENDER = "mailbox", "sender"

#: Where hosts and domains stand: they are compared without case and without the root's dot.
_FOLDED = (
    ("hostname",),
    ("upstreams", EACH, "host"),
    ("routes", EACH, RECIPIENT, EACH),
    ("routes", EACH, SENDER, EACH),
    ("sender_policy", "domains", EACH),
    ("sink", "host"),
)


class Route(NamedTuple):
    """One route: ``index`` is its place in the list, ``kind`` one of `ORDER`, ``keys`` what it is for."""

    index: int
    kind: str
    keys: list[str]
    upstream: str


class Test(NamedTuple):
    """A test mail: ``index`` is its place in the list, ``confirm`` is where it has to arrive, or None."""

    index: int
    sender: str
    recipient: str
    confirm: Any


class Declared:
    """A document of relay.schema.json, of which only that is seen which has the documented shape."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.hostname = _text(document.get("hostname"))
        self.sink = _mapping(document.get("sink"))
        self.has_login = "login" in document
        self.sender_domains = _texts(_mapping(document.get("sender_policy")).get("domains"))
        self.upstream_names = _mapping(document.get("upstreams"))
        self.upstreams = {
            name: upstream for name, upstream in self.upstream_names.items() if isinstance(upstream, Mapping)
        }
        self.routes = list(_routes(document.get("routes")))
        #: Whether all routes are among them, so that it can be told which one a mail takes.
        self.routes_are_known = 0 < len(self.routes) == len(_list(document.get("routes")))
        self.tests = list(_tests(document.get("test")))

    def clients(self) -> Iterator[tuple[int, str]]:
        """Each client network with its place in the list."""
        for index, network in enumerate(_list(self.document.get("clients"))):
            if isinstance(network, str):
                yield index, network

    def admits(self, address: str) -> bool:
        """Whether mail from an address is taken; without a policy, all is."""
        return not self.sender_domains or domain_of(address) in self.sender_domains

    def route_of(self, sender: str, recipient: str) -> Route | None:
        """The route that Postfix takes for a mail, or None where none is for it."""
        asked = (
            (RECIPIENT, domain_of(recipient)),
            (SENDER, sender.lower()),
            (SENDER, f"@{domain_of(sender)}"),
            (DEFAULT, ""),
        )
        found = (route for kind, key in asked for route in self.routes if route.kind == kind and key in route.keys)
        return next(found, None)


def folded(document: Any) -> Any:
    """A copy with hosts and domains in one form, and without the variables that are left empty."""
    given = {name: value for name, value in _mapping(document).items() if value not in ("", {}, [])}
    for path in _FOLDED:
        given = _folded_at(given, path)
    return given


def auth_of(upstream: Mapping[str, Any]) -> Mapping[str, Any]:
    """How an upstream is logged in to, with its ``kind``."""
    return {"kind": "none", **_mapping(upstream.get("auth"))}


def mode_of(upstream: Mapping[str, Any]) -> str:
    """How the connection to an upstream is encrypted."""
    return _mapping(upstream.get("tls")).get("mode", STARTTLS)


def domain_of(address: str) -> str:
    """The domain of a mail address, folded."""
    return address.rpartition("@")[2].lower()


def _routes(routes: Any) -> Iterator[Route]:
    for index, route in enumerate(_list(routes)):
        given = [kind for kind in ORDER if kind in _mapping(route)]
        if len(given) == 1:
            keys = [""] if given == [DEFAULT] else _texts(route[given[0]])
            yield Route(index, given[0], keys, _text(route.get("upstream")))


def _tests(tests: Any) -> Iterator[Test]:
    for index, test in enumerate(_list(tests)):
        sender, recipient = (_text(_mapping(test).get(name)) for name in ("from", "to"))
        if sender and recipient:
            yield Test(index, sender, recipient, test.get("confirm"))


def _folded_at(node: Any, path: Sequence[str]) -> Any:
    """A copy of ``node`` with the texts folded that lie under ``path``."""
    if not path:
        return node.lower().removesuffix(".") if isinstance(node, str) else node
    step, *rest = path
    if isinstance(node, Mapping):
        return {key: _folded_at(item, rest) if step in (key, EACH) else item for key, item in node.items()}
    return [_folded_at(item, rest) for item in node] if isinstance(node, list) else node


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in _list(value) if isinstance(item, str)]
