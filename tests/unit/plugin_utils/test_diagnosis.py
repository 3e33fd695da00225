# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the diagnosis makes of replies in any dress, of what is known beside them, and of what was meant to harm."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils import reply
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.causes import CAUSES
from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import STAGES, diagnose, of_cause, provider_of

LOCKED = "Authentication unsuccessful, user is locked by your organization's security defaults policy."


def test_a_diagnosis_is_plain_data() -> None:
    diagnosis = diagnose("auth", f"535 5.7.139 {LOCKED}", provider="office365").as_dict()

    assert json.loads(json.dumps(diagnosis)) == diagnosis
    assert diagnosis["cause"] == "auth_policy_blocked"
    assert diagnosis["owner"] == "mail administrator"
    assert diagnosis["permanent"] is True
    assert diagnosis["confidence"] == "high"
    assert diagnosis["evidence"] == f"535 5.7.139 {LOCKED}"


# The vendor's article, "Common Error Messages": the message as WeEstimate shows it, and the subject of each resolution.
VENDOR = {
    "Mandatory From Header is missing or invalid (5.7.1)": (
        "from_header_invalid",
        ("Enable SMTP Send As", "Send As permissions", "Confirm SMTP Connect As"),
    ),
    "Unable to connect to server": (
        "connection_refused",
        ("Verify SMTP Address and SMTP Port", "firewall rules", "Confirm Use SSL"),
    ),
    "Authentication failed": (
        "auth_bad_credentials",
        ("format of SMTP User", "Confirm SMTP Password", "app password in SMTP Password if MFA", "mailbox permissions"),
    ),
}


@pytest.mark.parametrize("message", VENDOR)
@pytest.mark.parametrize("provider", [None, "office365"])
def test_the_vendors_messages_come_with_all_of_the_vendors_resolutions(message: str, provider: str | None) -> None:
    cause, resolutions = VENDOR[message]

    diagnosis = diagnose(None, message, provider=provider)

    assert diagnosis.cause == cause
    for resolution in resolutions:
        assert any(resolution in step for step in diagnosis.remedy), resolution


def test_a_time_out_has_the_same_resolutions_as_a_refused_connection() -> None:
    refused, silent = (set(CAUSES[cause].remedy) for cause in ("connection_refused", "connection_timeout"))

    assert len(refused & silent) == len(VENDOR["Unable to connect to server"][1])


@pytest.mark.parametrize(
    ("sentence", "cause"),
    [
        ("SmtpClientAuthentication is disabled for the Mailbox.", "auth_smtp_auth_disabled"),
        ("basic authentication is disabled.", "auth_basic_auth_retired"),
        ("the user credentials were incorrect.", "auth_bad_credentials"),
        ("the request did not meet the criteria to be authenticated successfully.", "auth_policy_blocked"),
        ("user is locked by your organization's security defaults policy.", "auth_policy_blocked"),
    ],
)
def test_the_sentence_decides_where_one_code_stands_for_several_faults(sentence: str, cause: str) -> None:
    assert diagnose("auth", f"535 5.7.139 Authentication unsuccessful, {sentence}").cause == cause


@pytest.mark.parametrize("stage", ["mail_from", "rcpt_to", "auth", None])
@pytest.mark.parametrize("provider", ["office365", None])
@pytest.mark.parametrize(
    ("login", "cause"),
    [
        ("5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled.", "auth_smtp_auth_disabled"),
        ("5.7.139 Authentication unsuccessful, the user credentials were incorrect.", "auth_bad_credentials"),
        ("5.7.139 Authentication unsuccessful, basic authentication is disabled.", "auth_basic_auth_retired"),
        (f"5.7.139 {LOCKED}", "auth_policy_blocked"),
        ("5.7.3 Authentication unsuccessful", "auth_bad_credentials"),
    ],
)
def test_a_refused_login_that_a_reply_repeats_is_its_reason(
    login: str, cause: str, provider: str | None, stage: str | None
) -> None:
    text = f"530 5.7.57 Client not authenticated to send mail. Error: 535 {login}"

    diagnosis = diagnose(stage, text, provider=provider)

    assert diagnosis.cause == cause
    assert diagnosis.evidence == text


@pytest.mark.parametrize(
    ("stage", "provider", "text", "cause"),
    [
        ("auth", "gmail", "534 5.7.9 Application-specific password required.", "auth_app_password_required"),
        ("data", "yahoo", "554 5.7.9 Message not accepted for policy reasons.", "content_rejected_spam"),
        ("data", "office365", "550 5.7.30 Basic authentication is not supported.", "auth_basic_auth_retired"),
        ("data", "gmail", "550 5.7.30 This mail has been blocked: DKIM did not pass.", "sender_reputation_blocked"),
        ("rcpt_to", "office365", "550 5.4.1 Recipient address rejected: Access denied", "recipient_unknown"),
        ("rcpt_to", "office365", "550 5.4.1 Relay Access Denied", "relay_denied"),
        ("rcpt_to", "postfix", "554 5.7.1 <a@b.c>: Recipient address rejected: Access denied", "recipient_rejected"),
        ("data", "office365", "554 5.2.252 SendAsDenied; a@b.c not allowed to send as d@b.c", "send_as_denied"),
        ("mail_from", "office365", "550 5.2.254 Sender throttled: too many recipients", "rate_limited"),
        ("rcpt_to", None, "550 Requested action not taken: mailbox unavailable", "recipient_unknown"),
        ("mail_from", None, "550 Requested action not taken: mailbox unavailable", "sender_rejected"),
    ],
)
def test_stage_and_provider_decide_between_meanings(stage: str, provider: str | None, text: str, cause: str) -> None:
    assert diagnose(stage, text, provider=provider).cause == cause


@pytest.mark.parametrize(
    "text",
    [
        "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        "535-5.7.139 Authentication unsuccessful,\r\n535 5.7.139 the user credentials were incorrect.",
        "  535   5.7.139\tAUTHENTICATION UNSUCCESSFUL, THE USER CREDENTIALS WERE INCORRECT  ",
        "SMTPAuthenticationError: (535, b'5.7.139 Authentication unsuccessful, the user credentials were incorrect')",
        "smtp; 535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        "Error: Invalid login: 535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        b"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        "b'535 5.7.139 Authentication unsuccessful,\\r\\nthe user credentials were incorrect.'",
    ],
)
def test_codes_and_stage_are_found_in_the_text_in_any_dress(text: Any) -> None:
    seen = reply.read(text)

    assert (seen.code, seen.enhanced) == (535, "5.7.139")
    assert diagnose(None, text).cause == "auth_bad_credentials"
    assert diagnose(None, text).summary == "Microsoft 365 does not accept SMTP User with SMTP Password."


@pytest.mark.parametrize(
    "text",
    [
        "connect to mail.example.com[192.0.2.5.5]:465: Connection timed out",
        "Failed to connect to smtp.example.com port 587 after 4500 ms",
        "[Errno 111] Connection refused (_ssl.c:1129)",
        "220 mail.example.com ESMTP Exim 4.94.2",
    ],
)
def test_numbers_of_other_kinds_are_no_codes(text: str) -> None:
    seen = reply.read(text)

    assert (seen.code, seen.enhanced) == (None, None)


@pytest.mark.parametrize(("code", "number"), [(550, 550), ("550", 550), (0, None), ("nonsense", None), (True, None)])
def test_a_code_that_is_none_is_taken_as_not_given(code: Any, number: int | None) -> None:
    assert reply.read("no codes here", code).code == number


def test_the_servers_words_come_before_the_clients() -> None:
    framed = "javax.mail.SendFailedException: Invalid Addresses; nested exception is: 550 5.4.4 Unable to relay"

    assert diagnose("rcpt_to", framed).cause == "relay_denied"
    assert (
        diagnose("rcpt_to", "Mailbox unavailable. The server response was: 5.7.1 Unable to relay").cause
        == "relay_denied"
    )


@pytest.mark.parametrize(
    ("port", "tls_mode", "stage", "text", "cause"),
    [
        (465, "plain", "banner", "timed out", "tls_wrong_mode"),
        (465, "starttls", "banner", "Connection unexpectedly closed", "tls_wrong_mode"),
        (587, "implicit", "tls", "The handshake timed out", "tls_wrong_mode"),
        (465, "implicit", "banner", "timed out", "connection_timeout"),
        (587, "starttls", "banner", "timed out", "connection_timeout"),
        (465, "plain", "connect", "timed out", "connection_timeout"),
    ],
)
def test_port_and_encryption_explain_a_silence(port: int, tls_mode: str, stage: str, text: str, cause: str) -> None:
    assert diagnose(stage, text, port=port, tls_mode=tls_mode).cause == cause


@pytest.mark.parametrize(
    ("stage", "text", "cause"),
    [
        ("banner", "554 Connection rejected by policy", "sender_reputation_blocked"),
        ("mail_from", "550 Your IP has a high karma score", "sender_reputation_blocked"),
        ("mail_from", "550 5.7.0 Local Policy Violation", "content_rejected_spam"),
        ("rcpt_to", "553 Message filtered (#5.7.1)", "content_rejected_spam"),
        ("accepted", "554 5.7.1 Message rejected by rule BAD_SUBJECT", "content_rejected_spam"),
        ("rcpt_to", "550 5.7.1 Please see http://www.openspf.net/Why?s=mfrom", "sender_reputation_blocked"),
        ("rcpt_to", "550 Rejected by header based Anti-Spoofing policy", "sender_reputation_blocked"),
        ("accepted", "550 5.7.1 Unauthorized IP address 192.0.2.1", "sender_reputation_blocked"),
        ("auth", "535 5.7.8 (wrong password or user locked) authentication failed", "auth_bad_credentials"),
        ("auth", "535 5.7.8 user locked", "auth_policy_blocked"),
        ("accepted", "554 5.6.0 Invalid message content", "protocol_error"),
        ("accepted", "550 5.7.68 TenantInboundAttribution; Direct Send not allowed", "relay_denied"),
        ("accepted", "550 5.7.520 Access denied, your organization does not allow this", "content_rejected_spam"),
        ("accepted", "550 5.7.193 UserNotMemberOfTeam", "recipient_rejected"),
        ("accepted", "550 The domain is unverified and not allowed to send", "sender_rejected"),
        ("accepted", "550 Header From: a@b.c is not permitted for user d@b.c", "send_as_denied"),
        ("rcpt_to", "554 5.7.1 Archived recipient", "recipient_rejected"),
        ("rcpt_to", "554 5.7.1 <a@b.c>: Sasl login name rejected: Access denied", "auth_policy_blocked"),
        ("tls", "x509: certificate relies on legacy Common Name field", "certificate_hostname_mismatch"),
        ("tls", "[SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error", "tls_version_or_cipher"),
        ("tls", "[SSL: TLSV1_UNRECOGNIZED_NAME] tlsv1 unrecognized name", "certificate_hostname_mismatch"),
        ("tls", "No certificate can be valid for a..b: label empty", "certificate_hostname_mismatch"),
        ("auth", "CRAM-MD5 cannot be used: this machine's policy forbids MD5.", "auth_not_offered"),
        (
            "dns",
            "dial tcp: lookup a.b on 192.0.2.53:53: read udp 192.0.2.1:4000->192.0.2.53:53: i/o timeout",
            "dns_failure",
        ),
    ],
)
def test_words_are_known_wherever_servers_and_clients_use_them(stage: str, text: str, cause: str) -> None:
    assert diagnose(stage, text, provider=None).cause == cause


def test_gmail_names_the_command_that_it_answers() -> None:
    """At EHLO a name such as localhost is the reason, which no retry mends; later it is what it says."""
    text = "421 4.7.0 Try again later, closing connection. (EHLO) - gsmtp"
    at_ehlo, later = (diagnose(stage, text) for stage in ("ehlo", "mail_from"))

    assert (at_ehlo.cause, at_ehlo.permanent) == ("protocol_error", True)
    assert (later.cause, later.permanent) == ("server_busy_or_unavailable", False)


def test_a_time_out_after_the_connection_stood_is_no_matter_of_a_firewall() -> None:
    text = "No complete answer within the time limit of 60 s."
    silent, slow = (of_cause("connection_timeout", stage, text) for stage in ("connect", "accepted"))

    assert (silent.owner, slow.owner) == ("network administrator", "mail administrator")
    assert "firewall" in silent.summary
    assert "firewall" not in slow.summary


def test_a_mail_that_did_not_arrive_has_words_of_its_own() -> None:
    lost = of_cause("unknown", "delivered", "did not arrive within 120 seconds")

    assert lost.summary == "The mail server took the mail, but it did not arrive in time."
    assert lost.confidence == "low"
    assert lost.permanent is False
    for subject in ("token", "quarantine", "confirm.timeout", "mailbox under confirm"):
        assert any(subject in step for step in lost.remedy), subject


def test_a_mail_among_junk_has_words_of_its_own() -> None:
    junk = of_cause("content_rejected_spam", "delivered", "in Junk (spf=fail)")

    assert junk.summary == "The mail arrived, but among junk."
    assert junk.permanent is True
    for subject in ("SPF, DKIM and DMARC", "SMTP Connect As", "allow list"):
        assert any(subject in step for step in junk.remedy), subject


@pytest.mark.parametrize(
    "text", ["SMTP Port is not a TCP port: 99999.", "XOAUTH2 needs an OAuth token.", "There is no version of TLS: 'x'."]
)
def test_settings_that_cannot_be_used_are_for_whoever_set_them(text: str) -> None:
    diagnosis = diagnose("settings", text)

    assert (diagnosis.cause, diagnosis.owner, diagnosis.permanent) == ("unknown", "WeEstimate administrator", True)


@pytest.mark.parametrize(
    ("stage", "text", "permanent"),
    [
        ("rcpt_to", "450 4.7.1 <a>: Helo command rejected: Host not found", False),
        ("rcpt_to", "504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname", True),
        ("rcpt_to", "454 4.7.1 <a@b.c>: Relay access denied", True),
        ("tls", "450 4.7.321 starttls-not-supported: must support TLS", True),
        ("data", "550 5.7.0 Requested action not taken: too many emails per second", False),
        ("rcpt_to", "552 5.2.2 Mailbox full", False),
        ("rcpt_to", "450 4.7.1 Client host rejected: cannot find your hostname", False),
        ("rcpt_to", "550 5.7.1 Client host rejected: cannot find your hostname", True),
        ("dns", "[Errno -2] Name or service not known", True),
        ("dns", "[Errno -3] Temporary failure in name resolution", False),
    ],
)
def test_whether_a_retry_can_help_is_judged_not_read_off_the_first_digit(
    stage: str, text: str, permanent: bool
) -> None:
    assert diagnose(stage, text).permanent is permanent


@pytest.mark.parametrize("stage", [*STAGES, None, "breakfast"])
@pytest.mark.parametrize(
    "text",
    [
        "the hamster declined to run on Tuesdays",
        "550 flurb glorp wibble",
        "zxq 0x1F vrrm plonk",
        "吾輩は猫である",
        "",
        None,
    ],
)
def test_nonsense_is_unknown(stage: str | None, text: str | None) -> None:
    diagnosis = diagnose(stage, text)

    assert (diagnosis.cause, diagnosis.confidence) == ("unknown", "low")


def test_a_code_alone_is_a_diagnosis_of_less_confidence() -> None:
    by_words = diagnose("rcpt_to", "550 5.1.1 User unknown")
    by_registry = diagnose("rcpt_to", "550 5.1.1 flurb")
    by_reply_code = diagnose("auth", "535 flurb")

    assert [each.confidence for each in (by_words, by_registry, by_reply_code)] == ["high", "medium", "low"]
    assert [each.cause for each in (by_registry, by_reply_code)] == ["recipient_unknown", "auth_bad_credentials"]


def test_given_codes_count_where_the_text_has_none() -> None:
    assert diagnose("rcpt_to", "flurb", code=550, enhanced="5.1.1").cause == "recipient_unknown"


@pytest.mark.parametrize("word", ["office365", "microsoft365", "Microsoft 365", "exchange_online"])
def test_a_provider_goes_by_several_names(word: str) -> None:
    assert "Exchange admin center" in " ".join(diagnose("auth", "SMTP AUTH is disabled", provider=word).remedy)


def test_evidence_is_one_short_line_of_the_text_itself() -> None:
    text = "550 5.1.1 <a@b.c>\r\n\x1b[31mUser unknown\x00 " + "x" * 5000

    evidence = diagnose("rcpt_to", text).evidence

    assert evidence.startswith("550 5.1.1 <a@b.c> [31mUser unknown xxx")
    assert len(evidence) == reply.EVIDENCE
    assert evidence.isprintable()


def test_evidence_keeps_what_only_looks_like_a_line_break() -> None:
    text = r"452 4.3.1 Insufficient system resources (UsedDiskSpace[C:\new\reports])"

    assert diagnose("data", text).evidence == text


def test_a_cause_that_is_certain_is_kept() -> None:
    diagnosis = of_cause("tls_wrong_mode", "tls", "whatever the exception says", port=587)

    assert (diagnosis.cause, diagnosis.confidence, diagnosis.permanent) == ("tls_wrong_mode", "high", True)


def test_a_certain_cause_still_learns_from_the_words_whether_a_retry_can_help() -> None:
    assert of_cause("dns_failure", "dns", "Temporary failure in name resolution").permanent is False
    assert of_cause("dns_failure", "dns", "Name or service not known").permanent is True


def test_a_cause_that_is_none_is_an_error() -> None:
    with pytest.raises(KeyError):
        of_cause("bad_luck", "dns", "")


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("smtp.office365.com", "office365"),
        ("SMTP.Office365.com.", "office365"),
        ("contoso-com.mail.protection.outlook.com", "office365"),
        ("smtp.azurecomm.net", "azure"),
        ("smtp-mail.outlook.com", "outlook"),
        ("a.mail.protection.outlook.com", "office365"),
        ("smtp-relay.gmail.com", "gmail"),
        ("email-smtp.us-east-1.amazonaws.com", "ses"),
        ("notgmail.com", None),
        ("smtp-relay.yourcompany.com", None),
        ("192.0.2.1", None),
        ("", None),
        (None, None),
    ],
)
def test_a_host_tells_its_provider(address: str | None, provider: str | None) -> None:
    assert provider_of(address) == provider


HOSTILE = {
    "words of many rules": "user mailbox sender from not does too many message size relay auth spam connection is "
    * 12_000,
    "one word": "user " * 200_000,
    "negations": "not " * 250_000,
    "no blanks": "a" * 1_000_000,
    "addresses": "x@" * 500_000,
    "codes": "550-5.1.1 " * 100_000,
    "numbers": "5.7.1." * 170_000,
    "brackets": "<([{" * 250_000,
    "escapes": "\\r\\n" * 250_000,
    "links": "https://" * 125_000,
    "blanks": " " * 1_000_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("stage", ["tls", "auth", "data"])
def test_a_megabyte_of_hostile_text_takes_less_than_a_second(kind: str, stage: str) -> None:
    diagnose(stage, "compiles what is compiled once")

    begun = time.process_time()
    diagnosis = diagnose(stage, HOSTILE[kind])

    assert time.process_time() - begun < 1
    assert len(diagnosis.evidence) <= reply.EVIDENCE


def test_importing_compiles_no_rule() -> None:
    """A play that has no failure pays for no rule: 200 patterns would cost a tenth of a second."""
    program = (
        "from ansible_collections.weestimate.mail.plugins.plugin_utils import diagnosis\n"
        "from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.rule import pattern\n"
        "print(pattern.cache_info().currsize)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "0\n"
