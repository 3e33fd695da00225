# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance goes over to the relay, and then its secrets are replaced by others, without a mail being lost.

The tests of this file belong together, in this order: each begins with what the one before has left.
"""

from __future__ import annotations

import smtplib
import sqlite3
from contextlib import closing, contextmanager

import pytest
from hosts import APPROVER, CUSTOMER, FOLDER, NOTIFICATIONS, USER, compose

DATABASE = FOLDER / "instances" / "prod" / "weestimate.sqlite3"


def stored():
    """The SMTP group of the instance."""
    with closing(sqlite3.connect(f"{DATABASE.as_uri()}?mode=ro", uri=True)) as database:
        query = "SELECT optionName, optionValue FROM programOption WHERE optionGroup = 'SMTP'"
        return dict(database.execute(query).fetchall())


@pytest.fixture
def succeed(play):
    """Run a playbook that has to succeed, and that shows no secret."""

    def run(playbook, **variables):
        done = play(playbook, **variables)
        assert done.status == 0, done.shown
        assert "m0lecule" not in done.shown

    return run


@contextmanager
def mail_on_its_way(relays, upstream):
    """Have mail waiting while the block lasts, that of each kind; all of it has to arrive once, after it."""
    messages = [compose(USER, recipient) for recipient in (APPROVER, CUSTOMER)]
    with upstream.down():
        relays["bookworm"].submit(*messages)
    yield
    assert relays["bookworm"].drained()
    for message in messages:
        upstream.arrived(message)


def test_an_instance_goes_from_a_password_at_exchange_to_the_relay(succeed, people, upstream):
    direct = {
        "smtp_mail_enabled": True,
        "smtp_address": upstream.address,
        "smtp_port": 5874,
        "use_ssl": True,
        "smtp_user": NOTIFICATIONS,
        "enable_smtp_send_as": True,
        "smtp_connect_as": NOTIFICATIONS,
    }
    password = people["mail_made_up_password"]
    given = {"weestimate_smtp_settings": direct, "weestimate_smtp_profile": ""}
    succeed("weestimate.mail.apply", **given, weestimate_smtp_password=password)
    assert (stored()["SMTP User"], stored()["SMTP Password"]) == (NOTIFICATIONS, password)
    succeed("weestimate.mail.adopt_relay")
    assert (stored()["SMTP User"], stored()["SMTP Password"]) == ("weestimate", people["mail_relay_password"])
    assert stored()["Enable SMTP Send As"] == "FALSE"


def test_a_new_client_secret_has_to_get_a_token_first(play, relays, people):
    relay = relays["bookworm"]
    map_file = "/etc/postfix/weestimate/login/exchange"
    former = relay.host.check_output(f"sha256sum {map_file}")
    run = play("weestimate.mail.rotate_relay_secret", mail_client_secret=people["mail_next_client_secret"])
    assert run.failure("relay_config_refused"), run.shown
    assert relay.host.check_output(f"sha256sum {map_file}") == former


def test_the_client_secret_is_replaced(succeed, relays, upstream, people):
    secrets = [people["mail_client_secret"], people["mail_next_client_secret"]]
    with upstream.policy(client_secrets=secrets), mail_on_its_way(relays, upstream):
        succeed("weestimate.mail.rotate_relay_secret", mail_client_secret=secrets[1])
    with upstream.policy(client_secrets=secrets[1:]):
        message = compose(USER, APPROVER)
        relays["trixie"].submit(message)
        upstream.arrived(message)


def test_the_login_is_replaced_in_the_relays_and_in_the_instance(succeed, relays, upstream, people):
    password = people["mail_next_relay_password"]
    secrets = [people["mail_client_secret"], people["mail_next_client_secret"]]
    with upstream.policy(client_secrets=secrets), mail_on_its_way(relays, upstream):
        succeed("weestimate.mail.rotate_relay_secret", mail_relay_password=password)
    assert stored()["SMTP Password"] == password
    with pytest.raises(smtplib.SMTPAuthenticationError), relays["bookworm"].connected():
        pass
