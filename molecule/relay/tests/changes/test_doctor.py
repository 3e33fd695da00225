# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The doctor finds a relay well, and says of one that is not what is wrong, for whom, and what to do."""

from __future__ import annotations

import json

from hosts import CUSTOMER, USER, compose

DOCTOR = "weestimate.mail.relay_doctor"


def examined(play, tmp_path):
    """The run, and what it found of each relay."""
    run = play(DOCTOR, weestimate_relay_doctor_report=str(tmp_path / "{{ inventory_hostname }}.report"))
    return run, [json.loads(file.read_text(encoding="utf-8")) for file in sorted(tmp_path.glob("*.report"))]


def test_a_relay_that_is_well_is_found_well(play, tmp_path):
    run, reports = examined(play, tmp_path)
    assert run.status == 0, run.shown
    assert [report["ok"] for report in reports] == [True, True]
    for report in reports:
        points = {finding["point"]: finding["status"] for finding in report["findings"]}
        # The certificates of this run are good for some days only.
        assert (points["Certificate"], points["Logins"], points.get("Trial")) == ("warning", "ok", None)


def test_a_configuration_that_nobody_has_proven_is_told(play, relays, tmp_path):
    file = "/etc/postfix/main.cf"
    relays["trixie"].host.check_output(f"cp {file} {file}.before && echo 'soft_bounce = yes' >> {file}")
    run, reports = examined(play, tmp_path)
    relays["trixie"].host.check_output(f"cat {file}.before > {file} && rm {file}.before")
    assert run.status == 0, run.shown
    assert [any(finding["point"] == "Trial" for finding in report["findings"]) for report in reports] == [False, True]


def test_mail_that_waits_is_told_with_why(play, relays, tmp_path, upstream):
    message = compose(USER, CUSTOMER)
    with upstream.down():
        relays["trixie"].submit(message)
        assert relays["trixie"].deferred(message)
        run, _reports = examined(play, tmp_path)
    assert run.failure("relay_unwell"), run.shown
    assert relays["trixie"].drained()


def test_an_application_that_gets_no_token_is_found_out(play, tmp_path, upstream):
    with upstream.policy(enabled=False):
        run, _reports = examined(play, tmp_path)
    failure = run.failure("relay_unwell")
    assert "exchange" in failure["msg"], run.shown
    assert "m0lecule" not in run.shown
