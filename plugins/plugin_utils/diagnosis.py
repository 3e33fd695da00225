# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a mail server's reply, or a client's exception, to its cause: who can mend it, and how.

What is known lies in `catalogue`, as data. This file tries the rules in their order and words the answer; ``unknown``
is an answer too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils import reply
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.causes import CAUSES, Cause, cause_at
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.providers import BY_WORD, PROVIDERS
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.rule import Rule, pattern
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.rules import RULES
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.stages import ALIASES, MARKS, STAGES

__all__ = ["STAGES", "STAGE_WORDS", "TLS_MODES", "Diagnosis", "diagnose", "of_cause", "provider_of"]


#: The stages, and other words for them.
STAGE_WORDS = (*STAGES, *ALIASES)
TLS_MODES = ("plain", "starttls", "implicit")


class Diagnosis(NamedTuple):
    """What a reply means.

    ``cause`` is a key of `CAUSES`; ``owner`` is who can mend it; ``remedy`` is a sentence for each thing to do;
    ``permanent`` says that an unchanged retry cannot help; ``evidence`` is the reply on one line, shortened;
    ``confidence`` is high for words that say so, medium for general words or a status code, low for a guess.
    """

    cause: str
    owner: str
    summary: str
    remedy: tuple[str, ...]
    permanent: bool
    evidence: str
    confidence: str

    def as_dict(self) -> dict[str, Any]:
        """The diagnosis in plain JSON types, as results carry it."""
        return {**self._asdict(), "remedy": list(self.remedy)}


class _Case(NamedTuple):
    """All that is known of one failure."""

    stage: str | None
    reply: reply.Reply
    provider: str | None
    port: int | None
    tls_mode: str | None
    causes: Mapping[str, Cause]


def diagnose(
    stage: str | None,
    text: Any,
    code: int | str | None = None,
    enhanced: str | None = None,
    provider: str | None = None,
    port: int | None = None,
    tls_mode: str | None = None,
    certain: str | None = None,
    causes: Mapping[str, Cause] | None = None,
) -> Diagnosis:
    """Judge a failure at ``stage`` by the server's or the client's words.

    Stage, codes and provider are taken from the text where they are not given or not known; ``provider`` is a word of
    the catalogue or another name of it; ``port`` and ``tls_mode`` (plain, starttls, implicit) are those of the
    connection. ``certain`` is for `of_cause`; ``causes`` are what the causes mean to whoever asks, by default to who
    looks after WeEstimate. Nothing is raised, whatever the text.
    """
    seen = reply.read(text, code, enhanced)
    case = _Case(_stage(stage, seen), seen, _provider(provider, seen), port, tls_mode, causes or CAUSES)
    rule = _rule(case)
    if certain is not None:
        rule = _of(certain, rule)
    return _worded(case, rule)


def of_cause(cause: str, stage: str | None, text: Any, **facts: Any) -> Diagnosis:
    """The diagnosis for a cause that the client knows for certain; the words may still tell whether a retry can help.

    ``facts`` are named as in `diagnose`. Raises KeyError for a cause that is not in the catalogue.
    """
    return diagnose(stage, text, **facts, certain=cause)


def provider_of(address: str | None) -> str | None:
    """The word for the provider of a host; None for a host that belongs to none, or to one that is not known."""
    host = str(address or "").strip().lower().removesuffix(".")
    return next((word for word, each in PROVIDERS.items() if _lies_in(host, each.domains)), None)


def _lies_in(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _stage(given: Any, seen: reply.Reply) -> str | None:
    """The stage as given, by any of its names, or else the one whose marks the reply bears."""
    word = ALIASES.get(given, given)
    if word in STAGES:
        return word
    return next((stage for stage, marks in MARKS.items() if pattern(marks).search(seen.all_words)), None)


def _provider(given: Any, seen: reply.Reply) -> str | None:
    """The provider as given, by any of its names, or else the one whose marks the reply bears."""
    word = BY_WORD.get(str(given or "").strip().lower().replace(" ", "_"))
    signs = f"{seen.line.lower()} {seen.enhanced or ''}"
    return word or next(
        (word for word, each in PROVIDERS.items() if each.marks and pattern(each.marks).search(signs)), None
    )


def _rule(case: _Case) -> Rule:
    """What decides: a refused login that the reply repeats is the reason for all that the reply says itself."""
    login = case.reply.login
    return _first_rule(case._replace(stage="auth", reply=reply.read(login)) if login else case)


def _of(cause: str, rule: Rule) -> Rule:
    """The rule for a cause that is certain; that nobody knows the reason is certain too, but tells little."""
    fitting = rule if rule.cause == cause else Rule(cause)
    return fitting._replace(confidence="low" if cause == "unknown" else "high")


def _first_rule(case: _Case) -> Rule:
    """The first rule that fits the server's words, else those of the client around them, else ``unknown``."""
    fitting = (rule for words in (case.reply.words, case.reply.all_words) for rule in RULES if _fits(rule, case, words))
    return next(fitting, Rule("unknown", confidence="low"))


def _fits(rule: Rule, case: _Case, words: str) -> bool:
    """Whether all fits that the rule asks for, with what costs least asked first."""
    return (
        _fits_stage(rule, case.stage)
        and (not rule.providers or case.provider in rule.providers)
        and (not rule.modes or case.tls_mode in rule.modes)
        and (not rule.ports or case.port in rule.ports)
        and (not rule.code or bool(re.fullmatch(rule.code, _code_text(case))))
        and (not rule.enhanced or bool(re.fullmatch(rule.enhanced, case.reply.enhanced or "")))
        and (not rule.phrases or bool(pattern(rule.phrases).search(words)))
    )


def _fits_stage(rule: Rule, stage: str | None) -> bool:
    """Where the stage is not known, words fit that are used at several stages, and no mere code."""
    if rule.stages and stage is None:
        return bool(rule.phrases) and len(rule.stages) > 1
    return not rule.stages or stage in rule.stages


def _code_text(case: _Case) -> str:
    """The reply code; where only the enhanced one is known, its class stands for it: 4xx or 5xx."""
    if case.reply.code or not case.reply.enhanced:
        return str(case.reply.code or "")
    return f"{case.reply.enhanced[0]}xx"


def _worded(case: _Case, rule: Rule) -> Diagnosis:
    cause, provider = cause_at(rule.cause, case.stage, case.causes), PROVIDERS.get(case.provider or "")
    names = {
        "server": provider.title if provider else "the mail server",
        "console": provider.admin if provider else "the mail server's administration",
    }
    steps = (*cause.remedy, *cause.at.get(case.provider or "", ()), *cause.otherwise)
    return Diagnosis(
        cause=rule.cause,
        owner=cause.owner,
        summary=_sentence(cause.summary, names),
        remedy=tuple(_sentence(step, names) for step in steps),
        permanent=_permanent(case, rule),
        evidence=case.reply.evidence,
        confidence=rule.confidence,
    )


def _sentence(template: str, names: dict[str, str]) -> str:
    text = template.format(**names)
    return text[0].upper() + text[1:]


def _permanent(case: _Case, rule: Rule) -> bool:
    """Whether an unchanged retry is useless: by the rule, by the first digit where that counts, or by the cause."""
    cause = cause_at(rule.cause, case.stage, case.causes)
    digit = _code_text(case)[:1]
    if rule.permanent is not None:
        return rule.permanent
    return digit == "5" if cause.by_code and digit in ("4", "5") else cause.permanent
