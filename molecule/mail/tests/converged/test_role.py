# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role has proven the settings with one mail of each kind; the second run, which changed nothing, sent none."""

from __future__ import annotations

SUBJECTS = {"Test of approval mail", "Test of document mail"}


def test_one_mail_of_each_kind_has_arrived(mailboxes):
    mails = mailboxes()
    assert [(mail.mailbox, mail.folder) for mail in mails] == [("pat.olsen", "INBOX")] * 2
    assert {mail.message["Subject"].partition(" [")[0] for mail in mails} == SUBJECTS


def test_they_came_by_the_login_that_was_declared(server):
    journal = server.check_output("journalctl --quiet --no-pager --output=cat --identifier=postfix/submission/smtpd")
    logins = [line.partition("sasl_username=")[2] for line in journal.splitlines() if "sasl_username=" in line]
    assert logins == ["notifications@northgate-security.com"] * 2


def test_the_change_is_journalled_as_confirmed(instance):
    assert instance.query("SELECT state FROM weestimateMailJournal") == [("confirmed",)]
