# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever is not in the client networks has nothing relayed: by no spelling of an address, and not with the login."""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from pathlib import Path

import pytest
from hosts import APPROVER, CUSTOMER, ELSEWHERE, HOUSE, USER

PROBE = (Path(__file__).parents[1] / "support" / "probe.py").read_text(encoding="utf-8")

# What open relays have been found by: senders of the house and of elsewhere, and other spellings of a recipient.
TRIALS = [
    (USER, CUSTOMER),
    (USER, APPROVER),
    ("", CUSTOMER),
    ("stranger@elsewhere.example", CUSTOMER),
    ("stranger@elsewhere.example", APPROVER),
    ("stranger@[127.0.0.1]", CUSTOMER),
    (USER, f"j.meyer%{ELSEWHERE}@{HOUSE}"),
    (USER, f'"{CUSTOMER}"'),
    (USER, f'"j.meyer%{ELSEWHERE}"@{HOUSE}'),
    (USER, f"@{HOUSE}:{CUSTOMER}"),
    (USER, f"{ELSEWHERE}!j.meyer"),
    (USER, f"{ELSEWHERE}!j.meyer@{HOUSE}"),
    (USER, "postmaster"),  # whom every server has to take; but a forged mail would go back to whom it names
]


def probing(address, port, trials, *login):
    """The command that tries *trials*, with or without a login of user and password."""
    return shlex.join(["python3", "-c", PROBE, address, str(port), json.dumps(trials), *login])


@pytest.fixture
def probe():
    """Try something from a host; the replies."""
    return lambda host, *arguments: json.loads(host.check_output(probing(*arguments).replace("%", "%%")))


@pytest.mark.parametrize("port", [25, 587])
def test_it_is_no_open_relay(relay, foreign, probe, port):
    replies = probe(foreign, relay.foreign_address, port, TRIALS)
    answered = dict(zip(map(str, TRIALS), replies, strict=True))
    assert {trial: reply for trial, reply in answered.items() if not 500 <= reply[0] < 600} == {}
    assert any("Client host rejected" in text for _code, text in replies)


def test_a_stranger_who_knows_the_login_is_a_stranger_nevertheless(relay, foreign, probe):
    ((code, text),) = probe(foreign, relay.foreign_address, 587, [(USER, CUSTOMER)], "weestimate", relay.password)
    assert (code, "Client host rejected" in text) == (554, True), text


@pytest.mark.parametrize("port", [25, 587])
def test_in_the_client_networks_only_the_login_opens(relay, upstream, probe, port):
    without = probe(upstream.host, relay.address, port, TRIALS)
    assert [reply for reply in without if not 500 <= reply[0] < 600] == []
    ((code, text),) = probe(upstream.host, relay.address, port, [(USER, CUSTOMER)], "weestimate", relay.password)
    assert code == 354, text


def test_guessing_is_slow_and_ends(relay, upstream):
    # Three dozen guess at once, two times each, from a host of the client networks. It is shut out for a minute then.
    guess = probing(relay.address, 587, [(USER, CUSTOMER)] * 2, "weestimate", "wrong")
    started = time.monotonic()
    output = upstream.host.check_output(f"seq 36 | xargs -P 36 -I NUMBER {guess}".replace("%", "%%"))
    seconds = time.monotonic() - started
    codes = Counter(code for line in output.splitlines() for code, _text in json.loads(line))
    assert set(codes) == {450, 535}, codes
    assert codes[535] <= 60
    assert seconds >= 10
