# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access tokens are had by the secret or by the certificate, kept, and renewed before they end."""

from __future__ import annotations

import time

from hosts import APPROVER, CUSTOMER, NEWCOMER, OTHER_USER, USER, compose


def test_secret_and_certificate_both_earn_tokens(upstream):
    assert {issued["proof"] for issued in upstream.issued()} == {"secret", "certificate"}


def test_a_token_is_kept(relay, upstream):
    first, second = compose(USER, APPROVER), compose(USER, APPROVER)
    relay.submit(first)
    upstream.arrived(first)
    issued = len(upstream.issued())
    relay.submit(second)
    upstream.arrived(second)
    assert len(upstream.issued()) == issued


def test_a_token_that_ends_is_renewed(relay, upstream):
    # No token of this sender's lives longer yet. The proxy renews ten minutes ahead: this token, which it
    # believes to be good for two seconds more than that, it does not use any more once it has ended in truth.
    first, second = compose(NEWCOMER, APPROVER), compose(NEWCOMER, APPROVER)
    with upstream.policy(lifetime=3, announced_lifetime=602):
        relay.submit(first)
        upstream.arrived(first)
        issued = len(upstream.issued())
        time.sleep(4)
        relay.submit(second)
        upstream.arrived(second)
        assert len(upstream.issued()) == issued + 1


def test_a_restart_forgets_the_tokens(relay, upstream):
    issued = len(upstream.issued())
    relay.proxy("restart", "quotes")
    message = compose(OTHER_USER, CUSTOMER)
    relay.submit(message)
    assert relay.drained()  # it may not be up yet
    upstream.arrived(message)
    assert len(upstream.issued()) == issued + 1


def test_a_revoked_application_sends_nothing_and_loses_nothing(relay, upstream):
    message = compose(USER, APPROVER)
    with upstream.policy(enabled=False):
        relay.submit(message)
        assert "authentication failed" in relay.deferred(message)
    assert relay.drained()
    upstream.arrived(message)


def test_a_secret_that_is_not_valid_any_more_sends_nothing_and_loses_nothing(relay, upstream):
    message = compose(USER, APPROVER)
    relay.proxy("restart", "exchange")
    with upstream.policy(client_secrets=["another"]):
        relay.submit(message)
        assert "authentication failed" in relay.deferred(message)
    assert relay.drained()
    upstream.arrived(message)
