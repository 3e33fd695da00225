# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password is in the database and nowhere else on the host."""

from __future__ import annotations

FOLDERS = "/etc /home /opt /root /run /srv /tmp /var"


def test_it_lies_in_no_other_file(host, password):
    found = host.run(f"grep --recursive --fixed-strings --files-with-matches --devices=skip -e %s {FOLDERS}", password)
    assert found.stdout.split() == ["/var/lib/weestimate/prod/weestimate.sqlite3"]


def test_the_journal_of_the_host_knows_the_module_but_not_the_password(host, password):
    journal = host.check_output("journalctl --quiet --no-pager --output=cat")
    assert "weestimate.mail.smtp_settings: Invoked with" in journal
    assert password not in journal


def test_ansible_left_no_temporary_files(host):
    assert host.check_output("find /root/.ansible/tmp -mindepth 1 2>/dev/null || true") == ""
