# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both kinds of mail arrive by their upstreams, with the From, the Reply-To and the envelope that these take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hosts import APPROVER, CUSTOMER, NOTIFICATIONS, OTHER_USER, QUOTES, USER, compose, eventually

EXCHANGE, INSISTING = "smtp.northgate-security.com", "insisting.northgate-security.com"
OUTSIDE = "mx.harbor-clinic.example"


def address(header):
    """The bare address of a header; None without one."""
    return header and header.addresses[0].addr_spec


@pytest.fixture
def send(relay, upstream):
    """Hand in a mail, and wait until it has arrived."""

    def submit(message, **given):
        relay.submit(message, **given)
        return upstream.arrived(message)

    return submit


def test_both_kinds_at_once_go_by_their_upstreams(relay, upstream):
    kinds = {
        (EXCHANGE, USER): compose(USER, APPROVER),
        (INSISTING, QUOTES): compose(OTHER_USER, CUSTOMER),
        (OUTSIDE, None): compose(USER, CUSTOMER),
    }
    with ThreadPoolExecutor() as threads:
        list(threads.map(relay.submit, kinds.values()))
    arrived = [upstream.arrived(message) for message in kinds.values()]
    assert [(mail.door, mail.login) for mail in arrived] == list(kinds)


def test_inside_each_mail_is_sent_by_the_mailbox_that_it_is_from(send):
    mail = send(compose(USER, APPROVER))
    assert (mail.mailbox, mail.login, mail.message["Return-Path"]) == (APPROVER, USER, f"<{USER}>")
    assert (mail.message["From"], mail.message["Reply-To"]) == (USER, None)


def test_with_send_as_the_mailbox_is_that_of_connect_as(send):
    mail = send(compose(NOTIFICATIONS, APPROVER, Reply_To=USER))
    assert (mail.login, mail.message["Return-Path"]) == (NOTIFICATIONS, f"<{NOTIFICATIONS}>")
    assert (mail.message["From"], mail.message["Reply-To"]) == (NOTIFICATIONS, USER)


def test_an_upstream_that_insists_gets_its_mailbox_as_from_and_the_user_as_reply_to(send):
    mail = send(compose(f'"Ito, Lee" <{OTHER_USER}>', CUSTOMER))
    assert (mail.login, mail.message["Return-Path"]) == (QUOTES, f"<{QUOTES}>")
    assert (address(mail.message["From"]), address(mail.message["Reply-To"])) == (QUOTES, OTHER_USER)


def test_a_reply_to_that_is_there_stays_the_only_one(send):
    mail = send(compose(OTHER_USER, CUSTOMER, Reply_To=USER))
    assert address(mail.message["From"]) == QUOTES
    assert [address(header) for header in mail.message.get_all("Reply-To")] == [USER]


def test_outside_a_mail_leaves_as_it_came(send):
    mail = send(compose(USER, CUSTOMER))
    assert (mail.door, mail.message["Return-Path"], mail.message["From"]) == (OUTSIDE, f"<{USER}>", USER)


def test_one_mail_to_both_sides_takes_both_ways(relay, upstream):
    message = compose(USER, f"{APPROVER}, {CUSTOMER}")
    relay.submit(message)
    assert relay.drained()
    expected = {(APPROVER, EXCHANGE), (CUSTOMER, OUTSIDE)}

    def arrived():
        return [(mail.mailbox, mail.door) for mail in upstream.mails() if mail.subject == message["Subject"]]

    assert eventually(lambda: set(arrived()) == expected), arrived()
    assert len(arrived()) == 2


@pytest.mark.usefixtures("relay")
def test_nothing_that_the_relay_noted_for_itself_leaves_it(upstream):
    noted = [name for mail in upstream.mails() for name in mail.message if name.lower().startswith("x-weestimate-from")]
    assert noted == []


def test_a_mail_that_cannot_be_delivered_comes_back(relay, upstream):
    message = compose(USER, "nobody@northgate-security.com")
    relay.submit(message)
    assert relay.drained()
    bounces = eventually(lambda: [mail for mail in upstream.mails() if message["Subject"] in mail.message.as_string()])
    assert [(mail.mailbox, mail.message["Return-Path"]) for mail in bounces] == [(USER, "<>")]
    assert bounces[0].login == NOTIFICATIONS
