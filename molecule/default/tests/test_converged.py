# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a run that changed everything and one that changed nothing, each instance is as its profile says."""

from __future__ import annotations

import pytest

STORED = {
    "dev": {
        "SMTP Mail Enabled": "TRUE",
        "SMTP Address": "relay.northgate-security.com",
        "SMTP Port": "25",
        "Use SSL": "FALSE",
        "Enable SMTP Send As": "FALSE",
    },
    "prod": {
        "SMTP Mail Enabled": "TRUE",
        "SMTP Address": "smtp.office365.com",
        "SMTP Port": "587",
        "Use SSL": "TRUE",
        "SMTP User": "notifications@northgate-security.com",
        "SMTP Password": "made-up-for-molecule",
        "Enable SMTP Send As": "TRUE",
        "SMTP Connect As": "notifications@northgate-security.com",
    },
}

RUNNING = {
    "dev": {
        "mail_enabled": True,
        "address": "relay.northgate-security.com",
        "port": 25,
        "use_ssl": False,
        "user": "",
        "password": "blank",
        "send_as": False,
    },
    "prod": {
        "mail_enabled": True,
        "address": "smtp.office365.com",
        "port": 587,
        "use_ssl": True,
        "user": "notifications@northgate-security.com",
        "password": "set",
        "send_as": True,
        "connect_as": "notifications@northgate-security.com",
    },
}


@pytest.mark.parametrize("name", STORED)
def test_the_profile_is_stored(instance, name):
    assert instance(name).options().items() >= STORED[name].items()


@pytest.mark.parametrize("name", RUNNING)
def test_the_approval_server_runs_with_it(instance, name):
    assert instance(name).health()["settings"].items() >= RUNNING[name].items()


def test_the_approval_server_was_recycled_exactly_once(each_instance):
    assert each_instance.health()["generation"] == 2


def test_the_change_is_journalled_once(each_instance):
    assert each_instance.query("SELECT count(*) FROM weestimateMailJournal") == [(1,)]


def test_other_groups_are_untouched(each_instance):
    statement = "SELECT optionValue FROM programOption WHERE optionGroup = 'GENERAL' AND optionName = 'SMTP Address'"
    assert each_instance.query(statement) == [("see the group SMTP",)]


def test_the_password_lies_in_no_file_but_the_database(host, instance):
    directory = instance("prod").directory
    found = host.check_output("grep --recursive --files-with-matches made-up-for-molecule %s", str(directory))
    assert found == str(directory / "weestimate.sqlite3")
