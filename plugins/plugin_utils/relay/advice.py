# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is allowed but unwise in a relay: in relay_advice.schema.json for its parts, and here for several together."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.declared import SENDER, Declared

__all__ = ["Advice", "advice"]


class Advice(NamedTuple):
    """A piece of advice by its stable identifier: what would be wise, why, and what to do."""

    name: str
    title: str
    reason: str
    remedy: str

    def at(self, path: str) -> schema.Violation:
        """The advice about what stands at ``path``, a dotted name."""
        return schema.Violation(path, self.title, self.remedy, self.reason, self.name)


PUBLIC_CLIENTS = Advice(
    "public_clients",
    "Clients on the internet log in",
    "This network is not a private one: whoever gets an address in it can send through the relay.",
    "Set weestimate_relay_login and weestimate_relay_tls, or list private networks only.",
)
UNUSED = Advice(
    "upstream_unused",
    "Each upstream is used",
    "No route leads to this upstream.",
    "Add a route to it, or remove it, and its credentials with it.",
)
UNTESTED = Advice(
    "route_untested",
    "Each route has a test",
    "No test takes this route, so a fault on it is met by mail that matters.",
    "Add a test to weestimate_relay_test that takes it.",
)
NEVER_ADMITTED = Advice(
    "sender_never_admitted",
    "A sender's mail is taken",
    "The sender policy refuses mail of this sender, so the route is never taken.",
    "Add the domain to weestimate_relay_sender_policy, or remove the sender from the route.",
)


def advice(document: Mapping[str, Any]) -> list[schema.Violation]:
    """The advice on a declaration that breaks no rule; beside a sink, upstreams and routes are at rest."""
    resting = ("upstreams", "routes") if "sink" in document else ()
    active = {name: value for name, value in document.items() if name not in resting}
    declared = Declared(active)
    ours = [entry for check in _CHECKS for entry in check(declared)]
    return [*schema.violations(active, "relay_advice"), *ours]


def _clients(declared: Declared) -> Iterator[schema.Violation]:
    for index, text in declared.clients():
        if not declared.has_login and not ipaddress.ip_network(text).is_private:
            yield PUBLIC_CLIENTS.at(f"clients.{index}")


def _upstreams(declared: Declared) -> Iterator[schema.Violation]:
    used = {route.upstream for route in declared.routes}
    yield from (UNUSED.at(f"upstreams.{name}") for name in declared.upstreams if name not in used)


def _routes(declared: Declared) -> Iterator[schema.Violation]:
    taken = [declared.route_of(test.sender, test.recipient) for test in declared.tests]
    yield from (UNTESTED.at(f"routes.{route.index}") for route in declared.routes if route not in taken)


def _senders(declared: Declared) -> Iterator[schema.Violation]:
    for route in declared.routes:
        for place, key in enumerate(route.keys):
            if route.kind == SENDER and not declared.admits(key):
                yield NEVER_ADMITTED.at(f"routes.{route.index}.{SENDER}.{place}")


_CHECKS = (_clients, _upstreams, _routes, _senders)
