# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay's reasons mean, by the logs of real ones: of Postfix alone, and of Postfix behind emailproxy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.options import OPTIONS
from ansible_collections.weestimate.mail.plugins.module_utils.relay.log import Attempt, Log
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.causes import CAUSES, OWNERS
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.relay import (
    CAUSES_AT_RELAY,
    OWN_FAULTS,
    TOKEN_FAULTS,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.rule import pattern
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import failure

DATA = Path(__file__).parents[2] / "module_utils/relay/data"

#: The domain of the recipient, which names the case, and the cause.
CAUSE_OF = {
    "rate": "rate_limited",
    "unknown": "recipient_unknown",
    "sendas": "send_as_denied",
    "limit": "rate_limited",
    "banner": "server_busy_or_unavailable",
    "basic": "auth_basic_auth_retired",
    "badpass": "auth_bad_credentials",
    "untrusted": "certificate_untrusted",
    "mismatch": "certificate_hostname_mismatch",
    "expiredcert": "certificate_expired",
    "notls": "tls_not_offered",
    "nomech": "auth_not_offered",
    "closes": "server_disconnected",
    "noauth": "auth_required",
    "spam": "content_rejected_spam",
    "closesmail": "server_disconnected",
    "hang": "connection_timeout",
    "size": "message_too_large",
    "refused": "connection_refused",
    "nohost": "dns_failure",
    "wrapper": "tls_wrong_mode",
    "missing": "protocol_error",
    "pxtoken": "auth_bad_credentials",
    "pxdown": "auth_bad_credentials",
    "pxnotaken": "auth_policy_blocked",
    "pxoksendas": "send_as_denied",
    "pxbadcert": "certificate_untrusted",
    "pxupdown": "server_disconnected",
    "pxdead": "connection_refused",
}

#: What the summary says where the proxy has a part in it.
OF_PROXY = {
    "pxtoken": "got no token",
    "pxdown": "got no token",
    "pxnotaken": "does not accept the token",
    "pxbadcert": "gives the connection up before the login",
    "pxupdown": "proxy cannot reach the upstream",
    "pxdead": "proxy does not run",
}


def attempts() -> list[tuple[str, Attempt]]:
    """The first attempt in each case, with the name of the log."""
    found: dict[tuple[str, str], Attempt] = {}
    for path in sorted(DATA.glob("[ep]*.jsonl")):
        log = Log()
        for line in path.read_bytes().splitlines():
            log.read(line)
        for mail in log.mails.values():
            for attempt in mail.attempts:
                domain = attempt.recipient.rpartition("@")[2].partition(".")[0]
                if domain in CAUSE_OF:
                    found.setdefault((path.stem, domain), attempt)
    return [(f"{name}-{domain}", attempt) for (name, domain), attempt in found.items()]


ATTEMPTS = attempts()


def test_every_case_has_a_log() -> None:
    assert {name.rpartition("-")[2] for name, _attempt in ATTEMPTS} == set(CAUSE_OF)


@pytest.mark.parametrize(("name", "attempt"), ATTEMPTS, ids=[name for name, _attempt in ATTEMPTS])
def test_a_reason_of_postfix_has_its_cause(name: str, attempt: Attempt) -> None:
    domain = name.rpartition("-")[2]

    found = failure.of_reason(attempt.reason, attempt.dsn, attempt.relay)

    assert found.cause == CAUSE_OF[domain]
    assert found.owner in OWNERS
    assert found.remedy
    assert OF_PROXY.get(domain, "") in found.summary
    assert attempt.reason[:60].rstrip() in found.evidence


def test_a_cause_has_the_title_of_the_upstream_behind_the_proxy() -> None:
    reason = "SASL authentication failed; server 127.0.0.1[127.0.0.1] said: 535 5.7.3 Authentication unsuccessful"

    found = failure.of_reason("432 4.3.2 Concurrent connections limit exceeded", upstream="smtp.office365.com")

    assert "Microsoft 365" in found.summary
    assert any("3 connections per mailbox" in step for step in found.remedy)
    assert failure.of_reason(reason, upstream="smtp.office365.com").cause == "auth_policy_blocked"


def test_the_same_words_of_another_host_are_about_the_password() -> None:
    reason = (
        "SASL authentication failed; server mail.contoso.com[192.0.2.1] said: 535 5.7.3 Authentication unsuccessful"
    )

    assert failure.of_reason(reason).cause == "auth_bad_credentials"


MEANINGS = [*CAUSES_AT_RELAY.items(), *((own.cause, own.meaning) for own in OWN_FAULTS)]


def test_a_relay_knows_no_cause_of_its_own() -> None:
    assert CAUSES_AT_RELAY.keys() == CAUSES.keys()
    assert {own.cause for own in OWN_FAULTS} <= CAUSES.keys()


@pytest.mark.parametrize(("cause", "meaning"), MEANINGS)
def test_no_option_of_weestimate_is_what_has_to_be_mended_at_a_relay(cause: str, meaning) -> None:
    labels = "|".join(re.escape(option.label) for option in OPTIONS)
    steps = (meaning.summary, *meaning.remedy, *meaning.otherwise)
    named = [step for step in steps if re.search(rf"\b(?:{labels})\b", step)]

    assert named == [], cause
    assert meaning.owner in OWNERS


@pytest.mark.parametrize(("cause", "meaning"), MEANINGS)
def test_a_step_is_one_sentence(cause: str, meaning) -> None:
    for step in meaning.remedy:
        assert re.fullmatch(r"[A-Z][^.!?\n]*(?:\.[^\s][^.!?\n]*)*\.", step), f"{cause}: {step}"


@pytest.mark.parametrize("own", OWN_FAULTS)
def test_the_words_of_a_fault_of_its_own_compile(own) -> None:
    assert pattern(own.phrases)
    assert re.compile(own.relay)


#: What Entra, other endpoints, and Python's library say, as emailproxy logs it.
TOKENS = {
    "{'error': 'invalid_client', 'error_description': 'AADSTS7000215: Invalid client secret provided.'}": "not one of",
    "{'error': 'invalid_client', 'error_description': 'AADSTS7000222: The provided client secret keys are expired.'}": (
        "has expired"
    ),
    "{'error': 'unauthorized_client', 'error_description': 'AADSTS700016: Not found.'}": "no such application",
    "{'error': 'invalid_client'}": "does not accept the application",
    "URLError(ConnectionRefusedError(111, 'Connection refused'))": "cannot reach the token endpoint",
    "URLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))": "not trust",
}


@pytest.mark.parametrize(("said", "meaning"), TOKENS.items())
def test_what_the_token_endpoint_says_is_known(said: str, meaning: str) -> None:
    found = failure.of_token(said)

    assert found is not None
    assert meaning in found.summary
    assert found.remedy.endswith(".")


def test_what_nobody_knows_of_a_token_is_left_to_its_words() -> None:
    assert failure.of_token("something new") is None
    assert len({fault.summary for fault in TOKEN_FAULTS}) == len(TOKEN_FAULTS)


@pytest.mark.parametrize(("status", "words"), [("queued", "not tried yet"), ("unknown", "Neither the queue")])
def test_a_mail_without_a_reason_has_one_nevertheless(status: str, words: str) -> None:
    found = failure.of_delivery({"status": status, "reason": None, "dsn": None, "relay": None}, None)

    assert found is not None
    assert words in found["evidence"]


def test_nothing_is_wrong_with_a_mail_that_was_sent() -> None:
    assert failure.of_delivery({"status": "sent", "reason": "250 Ok", "dsn": "2.0.0", "relay": "a[b]"}, None) is None


def test_a_question_in_answer_to_a_token_says_that_it_is_not_accepted() -> None:
    at_postfix = failure.of_reason(
        "SASL authentication failed; cannot authenticate to server 127.0.0.1[127.0.0.1]: generic failure",
        relay="127.0.0.1[127.0.0.1]:10587",
    )
    at_doctor = failure.of_proxy("auth", "The server broke the protocol: it asks for more than PLAIN has to say.")

    assert [each.cause for each in (at_postfix, at_doctor)] == ["auth_policy_blocked"] * 2
    assert all("does not accept the token" in each.summary for each in (at_postfix, at_doctor))
