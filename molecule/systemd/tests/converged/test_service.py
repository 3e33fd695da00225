# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change recycled the approval server once; the second run, which changed nothing, left it alone."""

from __future__ import annotations


def test_it_runs_with_the_new_settings(approval_server):
    expected = {
        "mail_enabled": True,
        "address": "smtp.office365.com",
        "port": 587,
        "use_ssl": True,
        "user": "notifications@northgate-security.com",
        "password": "set",
        "send_as": True,
        "connect_as": "notifications@northgate-security.com",
    }
    assert approval_server.health()["settings"].items() >= expected.items()


def test_it_was_recycled_exactly_once(approval_server):
    assert approval_server.times_started() == 2
    assert approval_server.health()["generation"] == 2


def test_systemd_itself_never_had_to_restart_it(approval_server):
    unit = approval_server.unit("ActiveState", "SubState", "NRestarts", "MainPID")
    assert (unit["ActiveState"], unit["SubState"], unit["NRestarts"]) == ("active", "running", "0")
    assert int(unit["MainPID"]) == approval_server.health()["pid"]


def test_its_process_is_another_one_since_the_change(host, approval_server):
    before = dict(line.split("=", 1) for line in host.file("/root/unit-before").content_string.splitlines())
    now = approval_server.unit("MainPID", "ActiveEnterTimestampMonotonic")
    assert now["MainPID"] != before["MainPID"]
    assert int(now["ActiveEnterTimestampMonotonic"]) > int(before["ActiveEnterTimestampMonotonic"])
