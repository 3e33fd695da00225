# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change that does not get mail through is taken back, and says why; what was there before it goes on working."""

from __future__ import annotations

import pytest
import yaml
from hosts import APPROVER, CUSTOMER, SCENARIO, USER, compose

DECLARED = (SCENARIO / "inventory/group_vars/weestimate_relay/relay.yml").read_text(encoding="utf-8")
UPSTREAMS = yaml.safe_load(DECLARED)["weestimate_relay_upstreams"]


def changed(upstream, **changes):
    """The upstreams as the inventory declares them, but for some settings of one; auth is kept where not changed."""
    auth = {**UPSTREAMS[upstream]["auth"], **changes.pop("auth", {})}
    return {**UPSTREAMS, upstream: {**UPSTREAMS[upstream], **changes, "auth": auth}}


@pytest.fixture
def files(relays):
    """What the relays are configured with, before a test and, still, after it."""
    listing = "find /etc/postfix /etc/weestimate-relay /etc/systemd/system -type f -exec sha256sum {} +"

    def read():
        return {name: sorted(relay.host.check_output(listing).splitlines()) for name, relay in relays.items()}

    former = read()
    yield former
    assert read() == former


def works(relays, upstream):
    """Whether mail of both kinds gets through each relay."""
    messages = [compose(USER, recipient) for _relay in relays for recipient in (APPROVER, CUSTOMER)]
    for number, relay in enumerate(relays.values()):
        relay.submit(*messages[2 * number : 2 * number + 2])
    return [upstream.arrived(message).subject for message in messages] == [message["Subject"] for message in messages]


def returned(upstream):
    """The mails that have come back to their sender so far."""
    return sorted(
        mail.message["Message-ID"]
        for mail in upstream.mails()
        if mail.mailbox == USER and "Undelivered" in mail.subject
    )


@pytest.fixture
def fail(play):
    """Bring the relays to variables with which they do not get a mail through; what is said of it."""

    def run(**variables):
        done = play("converge.yml", relay_patience=8, **variables)
        assert done.status == 2, done.shown
        assert "m0lecule" not in done.shown
        return done.failure("relay_unproven")

    return run


@pytest.mark.usefixtures("files")
def test_a_wrong_client_secret_is_taken_back(fail, relays, upstream):
    failure = fail(weestimate_relay_upstreams=changed("exchange", auth={"client_secret": "m0lecule-wrong"}))
    assert failure["test"]["upstream"] == "exchange", failure
    assert failure["remedy"]
    assert works(relays, upstream)


@pytest.mark.usefixtures("files")
def test_a_server_with_a_certificate_for_another_name_is_taken_back(fail, relays, upstream):
    failure = fail(weestimate_relay_upstreams=changed("outside", host="sink.northgate-security.com"))
    assert failure["test"]["upstream"] == "outside", failure
    assert works(relays, upstream)


@pytest.mark.usefixtures("files")
def test_what_is_refused_for_good_meanwhile_is_not_returned(fail, relays, upstream):
    before = returned(upstream)
    # The mailbox that logs in then may not send as anybody else.
    failure = fail(weestimate_relay_upstreams=changed("exchange", identity="mailbox"))
    assert failure["test"]["diagnosis"]["cause"] == "send_as_denied", failure
    assert all(relay.drained() for relay in relays.values())
    assert returned(upstream) == before


@pytest.mark.usefixtures("files")
def test_what_cannot_be_a_relay_is_refused_before_anything_is_touched(play):
    run = play("converge.yml", weestimate_relay_clients=["0.0.0.0/0"], weestimate_relay_tls={})
    failure = run.failure("schema_invalid")
    assert [violation["path"] for violation in failure["violations"]] == ["tls", "clients.0"], run.shown
