# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies in the mailboxes after the cases: as many mails as were meant to, each as WeEstimate would write it."""

from __future__ import annotations

import pytest

DOMAIN = "northgate-security.com"
SEND_AS, ACTING_USER, APPROVER = (f"{name}@{DOMAIN}" for name in ("quotes", "dana.reyes", "pat.olsen"))


@pytest.fixture(scope="module")
def mail_of(results, mailboxes):
    """The mails of a case, by the token that is in its result."""
    mails = mailboxes()
    return lambda case: [mail for mail in mails if mail.token and mail.token == results["cases"][case]["token"]]


@pytest.mark.parametrize("case", ["relay", "submission", "submissions"])
def test_a_delivery_is_confirmed(case, results, mail_of):
    delivery = results["cases"][case]["delivery"]
    assert delivery["folder"] == "INBOX"
    assert 0 <= delivery["seconds"] < 20
    (mail,) = mail_of(case)
    assert (mail.mailbox, mail.folder) == ("pat.olsen", "INBOX")


def test_the_receiving_servers_opinion_is_read(results):
    seen = results["cases"]["relay"]["delivery"]["authentication_results"]
    assert [seen[method] for method in ("spf", "dkim", "dmarc")] == ["pass"] * 3


def test_junk_is_no_failure_unless_it_shall_be_one(results, mail_of):
    result = results["cases"]["junk"]
    # The warning that comes with it is for people: ansible-core 2.19 does not keep warnings in what is registered.
    assert (result["ok"], result["delivery"]["junk"], result["delivery"]["folder"]) == (True, True, "Spam")
    assert [mail.folder for mail in mail_of("junk")] == ["Spam"]


def test_junk_is_a_failure_on_demand(results):
    assert results["cases"]["junk_as_a_failure"]["delivery"]["folder"] == "Spam"


def test_a_mail_that_is_confirmed_can_be_cleaned_up(results, mail_of):
    assert results["cases"]["cleaned_up"]["delivery"]["folder"] == "INBOX"
    assert mail_of("cleaned_up") == []


def test_a_mail_of_another_program_is_found(results, mailboxes):
    watched = results["watched"]
    assert watched["ok"] is True, watched["msg"]
    assert watched["delivery"]["folder"] == "INBOX"
    assert [mail.token for mail in mailboxes() if "NG-1001" in mail.message["Subject"]] == [None]


@pytest.mark.parametrize("case", ["check_mode", "envelope_only", "one_of_three_recipients", "taken_for_spam", "lost"])
def test_nothing_arrives_of_what_was_not_sent_or_not_taken(case, mail_of):
    assert mail_of(case) == []


def test_send_as_puts_the_acting_user_into_reply_to(mail_of):
    ((_mailbox, _folder, message),) = mail_of("submission")
    assert (message["Return-Path"], message["From"], message["Reply-To"]) == (f"<{SEND_AS}>", SEND_AS, ACTING_USER)
    assert message["To"] == APPROVER


def test_without_send_as_the_acting_user_is_the_sender(mail_of):
    ((_mailbox, _folder, message),) = mail_of("send_as_off_at_a_relay")
    assert (message["Return-Path"], message["From"], message["Reply-To"]) == (f"<{ACTING_USER}>", ACTING_USER, None)


def test_a_document_to_oneself_goes_to_the_acting_user(mail_of):
    ((mailbox, _folder, message),) = mail_of("document_to_oneself")
    assert (mailbox, message["To"]) == ("dana.reyes", ACTING_USER)
    assert [part.get_filename() for part in message.iter_attachments()] == ["test-document.txt"]
