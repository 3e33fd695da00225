# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever fails, nothing that the relay has taken is lost, and nothing arrives twice."""

from __future__ import annotations

import smtplib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hosts import APPROVER, CUSTOMER, OTHER_USER, USER, compose, eventually

QUEUED = 100
SPOOL, SMALL_DISK = "/var/spool/postfix", "/run/small-disk"


def mixed(number):
    """So many mails, of all routes; most go by the one login that sends for all, which is the fastest."""
    routes = [(USER, APPROVER), (USER, CUSTOMER), *[(OTHER_USER, CUSTOMER)] * 8]
    return [compose(*routes[index % len(routes)]) for index in range(number)]


def deliveries(upstream, messages):
    """How often each of the *messages* was delivered, once all were that have left the relay."""

    def count():
        arrived = Counter(mail.subject for mail in upstream.mails())
        counts.update({message["Subject"]: arrived[message["Subject"]] for message in messages})
        return all(counts.values())

    counts = {}
    eventually(count)
    return list(counts.values())


def test_a_hundred_mails_outlast_an_upstream_that_is_down(relays, upstream):
    sent = {name: mixed(QUEUED) for name in relays}
    with upstream.down():
        for name, relay in relays.items():
            relay.submit(*sent[name])
        assert {name: len(relay.queue()) for name, relay in relays.items()} == dict.fromkeys(relays, QUEUED)
    for relay in relays.values():
        relay.host.check_output("postqueue -f")
    for name, relay in relays.items():
        assert relay.drained(300), relay.queue()
        assert deliveries(upstream, sent[name]) == [1] * QUEUED


def test_mail_for_an_upstream_whose_name_is_gone_waits_until_it_is_known_again(relay, upstream):
    message = compose(USER, CUSTOMER)
    set_default = "postconf -e 'default_transport = {}' && postfix reload"
    declared = relay.host.check_output("postconf -h default_transport")
    relay.host.check_output(set_default.format("relay-outside:[nowhere.invalid]:25"))
    try:
        relay.submit(message)
        assert "unable to look up host" in relay.deferred(message)
    finally:
        relay.host.check_output(set_default.format(declared))
    assert relay.drained()
    assert deliveries(upstream, [message]) == [1]


@contextmanager
def halted_halfway(upstream):
    """Halt the upstream as soon as something of a mail has come in, until the block ends. Gives what it wrote of it."""
    partial = f"find {SPOOL}/incoming -type f -size +100k"
    halt = f"timeout 60 sh -c 'until {partial} | grep --quiet .; do :; done; pkill -STOP -x cleanup; {partial}'"
    try:
        with ThreadPoolExecutor(1) as thread:
            yield thread.submit(upstream.host.check_output, halt)
    finally:
        upstream.host.run("pkill -CONT -x cleanup")


@pytest.mark.parametrize("how", ["kill --signal=KILL", "restart"])
def test_a_proxy_that_ends_in_the_middle_of_a_mail_is_back_and_sends_it_once(relay, upstream, how):
    message = compose(OTHER_USER, CUSTOMER)
    message.add_attachment(bytes(6_000_000), maintype="application", subtype="octet-stream", filename="quote.pdf")
    killed = relay.proxy_process("quotes")
    with halted_halfway(upstream) as halfway:
        relay.submit(message)
        assert halfway.result(), "the mail was through before the upstream was halted"
        relay.proxy(how, "quotes")
        assert "lost connection" in relay.deferred(message)
    assert eventually(lambda: relay.proxy_process("quotes") not in (0, killed))
    assert relay.drained()
    assert deliveries(upstream, [message]) == [1]


@pytest.mark.parametrize(("name", "grace"), [("bookworm", 30), ("trixie", 0)], ids=["reboot", "power cut"])
def test_a_full_queue_outlasts_a_restart_of_the_host(relays, upstream, run, host, name, grace):
    relay, sent = relays[name], mixed(20)
    with upstream.down():
        relay.submit(*sent)
        host.check_output(f"podman restart --time={grace} {run['containers'][name]}")
        state = f"podman exec {run['containers'][name]} systemctl is-system-running"
        assert eventually(lambda: host.run(state).stdout.strip() == "running"), host.run(state).stdout
        assert len(relay.queue()) == len(sent)
    assert relay.drained()
    assert deliveries(upstream, sent) == [1] * len(sent)


@contextmanager
def small_disk(relay):
    """Have the relay's queue on a disk of its own for the length of the block, which is small enough to be filled."""
    units = "postfix weestimate-relay-login"  # which has its socket there
    move = f"cp --archive {SPOOL}/. {SMALL_DISK} && mount --bind {SMALL_DISK} {SPOOL}"
    relay.host.check_output(f"mkdir {SMALL_DISK} && mount -t tmpfs -o size=60m tmpfs {SMALL_DISK}")
    relay.host.check_output(f"systemctl stop {units} && {move} && systemctl start {units}")
    try:
        yield
    finally:
        # The last processes may outlive their services by a moment.
        free = f"timeout 30 sh -c 'until umount --quiet {SPOOL}; do sleep 0.2; done'"
        back = f"{free} && umount {SMALL_DISK} && rmdir {SMALL_DISK}"
        relay.host.check_output(f"systemctl stop {units} && {back} && systemctl start {units}")


def test_a_full_disk_takes_no_mail_and_loses_none(relay, upstream):
    first, refused = mixed(5), compose(USER, CUSTOMER)
    with small_disk(relay):
        with upstream.down():
            relay.submit(*first)
            relay.host.run(f"head --bytes=1G /dev/zero > {SPOOL}/filler")
            with relay.connected() as client, pytest.raises(smtplib.SMTPResponseException) as refusal:
                client.send_message(refused)
            assert (refusal.value.smtp_code, b"4.3.1" in refusal.value.smtp_error) == (452, True)
            relay.host.check_output(f"rm {SPOOL}/filler")
        assert relay.drained()
        relay.submit(refused)
        assert relay.drained()
    assert deliveries(upstream, [*first, refused]) == [1] * 6


def test_a_slow_upstream_gets_no_more_connections_than_it_allows(relay, upstream):
    since = upstream.host.check_output("date '+%Y-%m-%d %H:%M:%S'")
    time.sleep(1)
    sent = [compose(OTHER_USER, CUSTOMER) for _number in range(20)]
    relay.submit(*sent)
    assert relay.drained()
    assert deliveries(upstream, sent) == [1] * len(sent)
    journal = upstream.host.check_output(f"journalctl --quiet --no-pager --output=cat --since='{since}'")
    assert "too many connections" not in journal.lower()
