# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``weestimate.mail.smtp_diagnosis``: what a mail server's reply means, for a reply that a person has."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import (
    STAGE_WORDS,
    TLS_MODES,
    diagnose,
    provider_of,
)


def smtp_diagnosis(
    text: Any,
    stage: str | None = None,
    provider: str | None = None,
    code: int | str | None = None,
    enhanced: str | None = None,
    port: int | str | None = None,
    tls_mode: str | None = None,
) -> dict[str, Any]:
    """Judge a reply, as `smtp_diagnosis.yml` documents it; AnsibleFilterError names the words that are allowed."""
    _require("stage", stage, STAGE_WORDS)
    _require("tls_mode", tls_mode, TLS_MODES)
    diagnosis = diagnose(
        stage, text, code, enhanced, provider_of(provider) or provider, _number("port", port), tls_mode
    )
    return diagnosis.as_dict()


def _require(name: str, word: Any, words: tuple[str, ...]) -> None:
    if word is not None and word not in words:
        raise AnsibleFilterError(f"smtp_diagnosis: {name} {word!r} is not one of {', '.join(words)}.")


def _number(name: str, value: Any) -> int | None:
    """A number that a template may have made text of."""
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        raise AnsibleFilterError(f"smtp_diagnosis: {name} {value!r} is not a number.") from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Any]:
        return {"smtp_diagnosis": smtp_diagnosis}
