# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password is in the database and nowhere else on the host."""

from __future__ import annotations

FOLDERS = "/etc /home /opt /root /run /srv /tmp /var"


def test_it_lies_in_no_other_file(host, canary):
    found = host.run(f"grep --recursive --files-with-matches --devices=skip -e {canary} {FOLDERS}")
    assert found.stdout.split() == ["/var/lib/weestimate/prod/weestimate.sqlite3"]


def test_the_journal_of_the_host_tells_what_ansible_did_but_not_the_password(host, canary):
    journal = host.check_output("journalctl --quiet --no-pager").splitlines()
    assert any("ansible-ansible.builtin.systemd_service" in line for line in journal)
    assert [line for line in journal if canary in line] == []


def test_ansible_left_no_temporary_files(host):
    assert host.check_output("find /root/.ansible/tmp -mindepth 1 2>/dev/null || true") == ""
