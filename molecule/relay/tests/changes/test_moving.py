# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An upstream that rewrites moves, and then goes, while mail waits for it: what was noted in the mail holds no more."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import yaml
from hosts import CUSTOMER, NOTIFICATIONS, OTHER_USER, SCENARIO, compose

DECLARED = yaml.safe_load((SCENARIO / "inventory/group_vars/weestimate_relay/relay.yml").read_text(encoding="utf-8"))
UPSTREAMS, ROUTES = (DECLARED[f"weestimate_relay_{name}"] for name in ("upstreams", "routes"))
FORMER_DOOR, NEW_DOOR = 5871, 1025
MOVED = {
    "host": "{{ mail_hosts.sink }}",
    "port": NEW_DOOR,
    "tls": {"mode": "none"},
    "auth": {"kind": "none"},
    "mailbox": NOTIFICATIONS,
    "rewrite_from": True,
}


@pytest.fixture
def converge(play):
    """Bring one relay to variables for the length of a test, and back."""

    def run(**variables):
        done = play("converge.yml", "--limit=bookworm", **variables)
        assert done.status == 0, done.shown

    yield run
    run()


@contextmanager
def waiting(relay, upstream, door):
    """Have mail wait for a door of the upstream, which stays closed for the length of the block."""
    message = compose(OTHER_USER, CUSTOMER)
    with upstream.closed(door):
        relay.submit(message)
        relay.deferred(message)
        yield message


def arrived(upstream, message):
    """By which door a mail has arrived that was rewritten for the mailbox in force."""
    mail = upstream.arrived(message)
    assert (mail.message["From"], mail.message["Reply-To"]) == (NOTIFICATIONS, OTHER_USER)
    assert mail.message["Return-Path"] == f"<{NOTIFICATIONS}>"
    assert "X-WeEstimate-Way" not in mail.message
    return mail.door


def test_mail_follows_it_to_another_address_and_then_goes_by_the_routes(converge, relays, upstream):
    with waiting(relays["bookworm"], upstream, FORMER_DOOR) as message:
        converge(weestimate_relay_upstreams={**UPSTREAMS, "quotes": MOVED})
        assert arrived(upstream, message) == "sink.northgate-security.com"

    remaining = {name: each for name, each in UPSTREAMS.items() if name != "quotes"}
    routes = [route for route in ROUTES if route["upstream"] != "quotes"]
    with waiting(relays["bookworm"], upstream, NEW_DOOR) as message:
        converge(weestimate_relay_upstreams=remaining, weestimate_relay_routes=routes)
        assert arrived(upstream, message) == "mx.harbor-clinic.example"
