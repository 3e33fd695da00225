# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings that the mail server does not take do not stay in the instance, and the failure says why."""

from __future__ import annotations

import json

import pytest

WRONG_PASSWORD = "made-up-and-wrong"  # noqa: S105 - it opens nothing


@pytest.fixture
def former(instance):
    """What the instance holds before the test, and has to hold after it."""
    options = instance.options()
    yield options
    assert instance.options() == options


@pytest.fixture
def apply(play, canaries, tmp_path):
    """Apply other settings than those of the inventory, and search all that is shown for secrets."""
    file = tmp_path / "variables.json"  # Ansible itself shows its command line at -vvvv

    def run(**variables):
        file.write_text(json.dumps(variables), encoding="utf-8")
        run = play("converge.yml", f"--extra-vars=@{file}")
        assert [form for form in (*canaries, WRONG_PASSWORD) if form in run.shown] == []
        return run

    return run


@pytest.mark.usefixtures("former")
def test_a_password_that_the_server_refuses_is_never_written(apply):
    run = apply(weestimate_smtp_password=WRONG_PASSWORD)
    assert run.status == 2, run.shown
    failure = run.failure("candidate_refused")
    assert (failure["failed_stage"], failure["diagnosis"]["cause"]) == ("auth", "auth_bad_credentials")


def test_a_sender_that_the_login_does_not_own_is_rolled_back(apply, former, mailboxes):
    before = len(mailboxes())
    run = apply(mail_send_as="pat.olsen@northgate-security.com")
    assert run.status == 2, run.shown
    failure = run.failure("rolled_back")
    assert (failure["failed_stage"], failure["diagnosis"]["cause"]) == ("rcpt_to", "send_as_denied")
    assert former["SMTP Connect As"] == "quotes@northgate-security.com"
    assert len(mailboxes()) == before + 2, "the restored settings were not proven with a mail of each kind"
