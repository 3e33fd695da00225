# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Neither the password nor an access token is seen anywhere but where it has to be: not at -vvvv, not in base64."""

from __future__ import annotations

import os
import shlex

import pytest

# All that lies in the container's memory of this run: configuration, state, queues, mailboxes, logs.
SERVER_FOLDERS = "/etc /home /root /run /srv /tmp /var"


@pytest.fixture(scope="module")
def search(canaries):
    """A command that lists the files below a folder which hold any of the canaries."""
    patterns = " ".join(shlex.quote(f"--regexp={form}") for form in sorted(canaries))
    return f"grep --recursive --files-with-matches --devices=skip --fixed-strings {patterns}"


def test_ansible_shows_none(played, canaries):
    assert [form for form in canaries if form in played.shown] == []


@pytest.mark.usefixtures("played")
def test_on_the_mail_server_only_its_own_configuration_holds_them(server, search):
    found = server.run(f"{search} {SERVER_FOLDERS}").stdout.split()
    assert sorted(found) == ["/etc/dovecot/users", "/etc/mail-tokens/expired", "/etc/mail-tokens/valid"]


@pytest.mark.usefixtures("played")
def test_in_the_folder_of_the_run_only_what_the_servers_and_weestimate_were_given(host, search):
    folder = os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]
    found = host.run(f"cd {shlex.quote(folder)} && {search} .").stdout.split()
    assert sorted(found) == [
        "./etc/dovecot/users",
        "./etc/mail-tokens/expired",
        "./etc/mail-tokens/valid",
        "./instances/prod/weestimate.sqlite3",
    ]
