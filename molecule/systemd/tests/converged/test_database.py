# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on the target has written what the profile says, and nothing else."""

from __future__ import annotations


def test_the_profile_is_stored(approval_server, password):
    stored = approval_server.options()
    assert stored["SMTP Mail Enabled"] == "TRUE"
    assert stored["SMTP Address"] == "smtp.office365.com"
    assert stored["SMTP Port"] == "587"
    assert stored["Use SSL"] == "TRUE"
    assert stored["SMTP User"] == "notifications@northgate-security.com"
    assert stored["SMTP Password"] == password
    assert stored["Enable SMTP Send As"] == "TRUE"
    assert stored["SMTP Connect As"] == "notifications@northgate-security.com"


def test_other_groups_are_untouched(approval_server):
    (value,) = approval_server.query(
        "SELECT optionValue FROM programOption WHERE optionName = 'SMTP Address' AND optionGroup = 'GENERAL'"
    )
    assert value == ["see the group SMTP"]


def test_the_two_runs_left_one_entry_in_the_journal(approval_server):
    assert approval_server.query("SELECT count(*) FROM weestimateMailJournal") == [[1]]


def test_the_files_of_the_instance_kept_owner_and_mode(host):
    listing = host.check_output("find /var/lib/weestimate/prod -type f -printf '%f %u:%g %m\\n'")
    assert "weestimate.sqlite3 weestimate:weestimate 640" in listing.splitlines()
    assert all(line.endswith("weestimate:weestimate 640") for line in listing.splitlines())
