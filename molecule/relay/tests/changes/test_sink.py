# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a sink, all mail lies in a box, whoever it is to; back out of it, mail goes its ways again."""

from __future__ import annotations

import pytest
from hosts import APPROVER, CUSTOMER, USER, compose, eventually

BOX = "/var/mail/box"


@pytest.fixture
def converged(play):
    """Bring one relay to other variables for the length of a test, and back."""
    limited = []

    def run(name, **variables):
        limited.append(name)
        done = play("converge.yml", f"--limit={name}", weestimate_relay_test=[], **variables)
        assert done.status == 0, done.shown

    yield run
    for name in limited:
        back = play("converge.yml", f"--limit={name}")
        assert back.status == 0, back.shown


def send(relay):
    """Hand in a mail to each side."""
    messages = [compose(USER, recipient) for recipient in (APPROVER, CUSTOMER)]
    relay.submit(*messages)
    assert relay.drained()
    return [message["Subject"] for message in messages]


def test_a_maildir_keeps_all_of_it(converged, relays, upstream):
    relay = relays["bookworm"]
    converged("bookworm", weestimate_relay_sink={"maildir": BOX})
    subjects = send(relay)
    found = eventually(lambda: relay.host.run(f"grep --no-filename ^Subject: {BOX}/new/*").stdout.split()[1::2])
    assert sorted(found) == sorted(subjects)
    assert not {mail.subject for mail in upstream.mails()} & set(subjects)


def test_another_host_gets_all_of_it(converged, relays, upstream):
    converged("trixie", weestimate_relay_sink={"host": upstream.address, "port": 1025})
    subjects = send(relays["trixie"])
    doors = eventually(lambda: sorted(mail.door for mail in upstream.mails() if mail.subject in subjects)[1:])
    assert doors == ["sink.northgate-security.com"]
