# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue itself: complete, consistent, and equal to what the pages and the schemas state."""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from ansible_collections.weestimate.mail.plugins.module_utils.options import OPTIONS
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.causes import CAUSES, OWNERS, Cause
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.providers import BY_WORD, PROVIDERS
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.rule import FAMILIES, pattern
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.rules import RULES
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.stages import MARKS
from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import (
    STAGE_WORDS,
    STAGES,
    TLS_MODES,
    provider_of,
)

CHECKOUT = Path(__file__).parents[3]

WORDS = [
    "dns_failure",
    "connection_refused",
    "connection_timeout",
    "network_unreachable",
    "tls_not_offered",
    "tls_required",
    "tls_version_or_cipher",
    "tls_wrong_mode",
    "certificate_untrusted",
    "certificate_hostname_mismatch",
    "certificate_expired",
    "auth_not_offered",
    "auth_required",
    "auth_bad_credentials",
    "auth_app_password_required",
    "auth_smtp_auth_disabled",
    "auth_basic_auth_retired",
    "auth_policy_blocked",
    "send_as_denied",
    "from_header_invalid",
    "sender_rejected",
    "relay_denied",
    "recipient_unknown",
    "recipient_rejected",
    "rate_limited",
    "greylisted",
    "quota_exceeded",
    "message_too_large",
    "content_rejected_spam",
    "sender_reputation_blocked",
    "server_busy_or_unavailable",
    "server_disconnected",
    "protocol_error",
    "encoding_unsupported",
    "unknown",
]

#: Every cause, and what it means at the stages where that is something else.
ENTRIES = [(cause, each) for cause, entry in CAUSES.items() for each in (entry, *entry.at_stage.values())]

STEPS = [
    (cause, step)
    for cause, entry in ENTRIES
    for step in (*entry.remedy, *(step for steps in entry.at.values() for step in steps), *entry.otherwise)
]


def test_the_causes_are_those_that_pipelines_rely_on() -> None:
    assert list(CAUSES) == WORDS


def test_every_cause_but_unknown_can_be_found() -> None:
    assert {rule.cause for rule in RULES} == set(CAUSES) - {"unknown"}


def test_every_cause_has_an_owner_of_the_vocabulary_and_every_owner_a_cause() -> None:
    assert {entry.owner for cause, entry in ENTRIES} == set(OWNERS)


def test_advice_for_a_provider_is_for_one_that_is_known() -> None:
    assert {provider for cause, entry in ENTRIES for provider in entry.at} <= PROVIDERS.keys()


def test_what_a_cause_means_at_a_stage_is_said_for_stages_only_and_not_nested() -> None:
    assert {stage for entry in CAUSES.values() for stage in entry.at_stage} <= {*STAGES}
    assert not [variant for entry in CAUSES.values() for variant in entry.at_stage.values() if variant.at_stage]


@pytest.mark.parametrize(("cause", "step"), STEPS)
def test_a_step_is_one_sentence_that_begins_with_a_capital_letter(cause: str, step: str) -> None:
    assert re.fullmatch(r"[A-Z][^.!?\n]*(?:\.[^\s][^.!?\n]*)*\.", step), f"{cause}: {step}"


@pytest.mark.parametrize(("cause", "step"), STEPS)
def test_options_are_called_by_the_labels_of_the_program(cause: str, step: str) -> None:
    labels = {option.label for option in OPTIONS}
    named = set(re.findall(r"(?:Enable )?SMTP (?:[A-Z][a-z]+)(?: As)?|Use SSL", step))

    assert named <= labels, f"{cause}: {step}"


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_uses_known_words_and_patterns_that_compile(rule) -> None:
    assert {*rule.stages} <= {*STAGES}
    assert {*rule.modes} <= {*TLS_MODES}
    assert {*rule.providers} <= {*PROVIDERS}
    assert rule.confidence in ("high", "medium", "low")
    assert pattern(rule.phrases)
    assert re.compile(rule.code)
    assert re.compile(rule.enhanced)


def test_every_family_of_words_is_used() -> None:
    assert {name for rule in RULES for name in re.findall(r"\{([a-z]+)\}", rule.phrases)} == set(FAMILIES)


def test_stages_that_a_reply_shows_are_stages() -> None:
    assert MARKS.keys() <= {*STAGES}


def test_no_word_means_two_providers() -> None:
    words = [word for name, provider in PROVIDERS.items() for word in (name, *provider.aliases)]

    assert len(words) == len(set(words)) == len(BY_WORD)


def test_every_host_of_a_provider_in_the_schemas_has_a_provider_here() -> None:
    facts = json.loads((CHECKOUT / "schemas" / "facts.schema.json").read_bytes())["$defs"]
    hosts = [*facts["exchange_online"]["enum"], facts["high_volume"]["const"], facts["gmail"]["const"]]
    for listed in (facts["public_provider"]["pattern"], facts["connector"]["pattern"]):
        hosts += [f"mail.{domain}" for domain in _domains(listed)]

    assert len(hosts) > 40
    assert [host for host in hosts if not provider_of(host)] == []
    assert provider_of("email-smtp.eu-west-1.amazonaws.com") == "ses"


def _domains(listed: str) -> list[str]:
    """The domains that a pattern of the schemas lists, such as ``zoho\\.(com|eu)``, written out."""
    plain = listed.replace("\\.", ".")
    names = re.findall(r"((?:[a-z0-9-]+\.)+)(?:\(([^()]+)\)|([a-z]+))(?![a-z.])", plain)
    return [f"{name}{end}" for name, several, one in names for end in (several or one).split("|")]


def test_the_page_lists_every_cause_with_its_owner_and_its_remedy() -> None:
    page = (CHECKOUT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?: at [\w ]+)?) \| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    names = {"server": "the mail server", "console": "the mail server's administration"}

    def sentence(text: str) -> str:
        text = text.format(**names)
        return text[0].upper() + text[1:]

    assert rows == [
        (head, entry.owner, sentence(entry.summary), " ".join(map(sentence, (*entry.remedy, *entry.otherwise))))
        for cause in CAUSES
        for head, entry in _rows(cause)
    ]


def _rows(cause: str) -> list[tuple[str, Cause]]:
    """A cause as the page lists it, and below it what it means at a stage or at several in a row."""
    rows = [(f"`{cause}`", CAUSES[cause])]
    variants = sorted(CAUSES[cause].at_stage.items(), key=lambda pair: STAGES.index(pair[0]))
    for variant, pairs in groupby(variants, key=lambda pair: pair[1]):
        at = [stage for stage, _variant in pairs]
        rows.append((f"`{cause}` at {' to '.join(dict.fromkeys((at[0], at[-1])))}", variant))
    return rows


def test_the_filter_documents_the_words_that_it_takes() -> None:
    page = yaml.safe_load((CHECKOUT / "plugins" / "filter" / "smtp_diagnosis.yml").read_bytes())
    options = page["DOCUMENTATION"]["options"]

    assert options["stage"]["choices"] == [*STAGE_WORDS]
    assert options["tls_mode"]["choices"] == [*TLS_MODES]
