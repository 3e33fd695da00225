# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets lie where they have to, in files that are root's alone, and nowhere else: not in base64, not at -vvvv."""

from __future__ import annotations

import base64
import shlex

import pytest
from hosts import APPROVER, CUSTOMER, FOLDER, OTHER_USER, USER, compose

# What all made-up secrets have in common, see inventory/group_vars/all/people.yml.
MADE_UP = "m0lecule"
FOLDERS = "/etc /home /opt /root /run /srv /tmp /usr/local /var"


def in_base64(secret):
    """What *secret* looks like amid other octets in base64: only the characters that depend on nothing else."""
    encoded = (base64.b64encode(bytes(before) + secret.encode()).decode() for before in range(3))
    return [text[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6] for before, text in enumerate(encoded)]


@pytest.fixture(scope="module")
def canaries(relays, upstream):
    """What gives a secret away: a password, the client secret, an access token, the keys of the application."""
    for relay in relays.values():
        relay.submit(compose(USER, APPROVER), compose(OTHER_USER, CUSTOMER))
        assert relay.drained()
    tokens = [issued["token"][-60:] for issued in upstream.issued()]
    return {form for secret in (MADE_UP, *tokens) for form in (secret, *in_base64(secret))}


@pytest.fixture(scope="module")
def key():
    """A line of the application's private key."""
    return (FOLDER / "identities" / "application.key").read_text(encoding="ascii").splitlines()[4]


def holders(host, canaries, folders=FOLDERS):
    """The files that hold any of the *canaries*."""
    patterns = "\n".join(sorted(canaries))
    search = "grep --recursive --files-with-matches --devices=skip --fixed-strings --file=-"
    return sorted(host.run(f"printf %s {shlex.quote(patterns)} | {search} {folders}").stdout.split())


def test_on_the_relay_they_lie_in_postfix_own_map_and_in_what_was_proven(relay, canaries):
    found = holders(relay.host, canaries)
    assert found == ["/etc/postfix/weestimate/login/exchange", "/var/lib/weestimate-relay/proven.json"]
    listing = relay.host.check_output(f"stat --format='%U %a' {' '.join(found)}")
    assert set(listing.splitlines()) == {"root 600"}


def test_the_key_lies_where_the_administrator_laid_it_and_in_memory(relay, key):
    found = holders(relay.host, {key})
    in_memory = [file for file in found if file.startswith("/run/credentials/weestimate-relay-oauth@quotes.service/")]
    assert sorted(set(found) - set(in_memory)) == ["/etc/ssl/weestimate/application.key"]


def test_no_journal_tells_one(relay, canaries):
    journal = relay.host.run("journalctl --quiet --no-pager --output=export").stdout_bytes
    assert b"sasl_method=" in journal
    assert [form for form in canaries if form.encode() in journal] == []


def test_no_unit_and_no_process_shows_one(relay, canaries):
    shown = relay.host.check_output("systemctl show '*'; ps -e -ww -o args; cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
    assert "emailproxy" in shown
    assert [form for form in canaries if form in shown] == []


def test_an_upstream_logs_none(upstream, canaries):
    journal = upstream.host.run("journalctl --quiet --no-pager --output=export").stdout_bytes
    assert b"sasl_method=" in journal
    assert [form for form in canaries if form.encode() in journal] == []


def test_ansible_shows_none_however_much_it_shows(canaries, play):
    changed = play("converge.yml", "--check", weestimate_relay_hostname="other.northgate-security.com")
    assert changed.status == 0, changed.shown
    assert "+myhostname = other.northgate-security.com" in changed.shown
    assert [form for form in canaries if form in changed.shown] == []
