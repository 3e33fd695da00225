# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What status codes mean where words do not tell: a provider's own, those of the registry, and bare reply codes.

The registry is IANA's "SMTP Enhanced Status Codes", filled by RFC 3463, 4468, 4865, 4954, 5248, 6531, 6710, 7293, 7372,
7505 and 8689; reply codes are those of RFC 5321, 4.2, with 3207 (STARTTLS), 4954 (login) and 7504 (521, 556).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .rule import GREETING, LOGIN, RECIPIENTS, SENDING, Rule

#: Exchange Online and Exchange Server number above the registry; here the number says more than the sentence.
_EXCHANGE = {
    r"5\.1\.8": "sender_reputation_blocked",
    r"5\.1\.20": "from_header_invalid",
    r"[45]\.1\.90": "quota_exceeded",
    r"5\.7\.3": "auth_required",
    r"5\.1\.351": "recipient_unknown",
    r"[45]\.2\.12[12]": "rate_limited",
    r"5\.2\.252": "send_as_denied",
    r"5\.3\.190": "recipient_rejected",
    r"[45]\.4\.310": "recipient_unknown",
    r"[45]\.4\.312": "dns_failure",
    r"[45]\.4\.316": "connection_refused",
    r"5\.4\.14": "protocol_error",
    r"5\.6\.11": "protocol_error",
    r"5\.7\.54": "relay_denied",
    r"5\.7\.57": "auth_required",
    r"5\.7\.512": "from_header_invalid",
    r"5\.7\.750": "sender_rejected",
    r"5\.7\.(?:51|193|505|507|510|703)": "recipient_rejected",
    r"5\.7\.60": "send_as_denied",
    r"5\.7\.(?:64|68|367)": "relay_denied",
    r"5\.7\.1(?:2|24|3[0-8])": "recipient_rejected",
    r"[45]\.7\.23[23]": "quota_exceeded",
    r"[45]\.7\.321": "tls_not_offered",
    r"[45]\.7\.322": "certificate_expired",
    r"[45]\.7\.323": "certificate_untrusted",
    r"[45]\.7\.324": "dns_failure",
    r"5\.7\.(?:350|520)": "content_rejected_spam",
    r"5\.7\.504": "recipient_unknown",
    r"5\.7\.506": "protocol_error",
    r"5\.7\.(?:50[1239]|51[1345]|6\d\d|7\d\d|23|25)": "sender_reputation_blocked",
    r"5\.7\.508": "rate_limited",
}
#: SMTP AUTH submissions that keep failing in one way are slowed down; what is to be mended is that way.
_EXCHANGE_THROTTLES = {
    "mailbox full": "quota_exceeded",
    "send as denied": "send_as_denied",
    "invalid license": "sender_rejected",
    "too many recipients": "rate_limited",
    "invalid recipients": "recipient_unknown",
}


def _at(providers: tuple[str, ...], meanings: Mapping[str, str], stages: tuple[str, ...] = ()) -> Iterator[Rule]:
    """One rule for each code of a table."""
    confidence = "high" if providers else "medium"
    for enhanced, cause in meanings.items():
        yield Rule(cause, stages=stages, enhanced=enhanced, providers=providers, confidence=confidence)


PROVIDERS = (
    # Exchange Online slows down or shuts out an IP address for a while (4.7.500 to 699, 850 to 899).
    Rule("rate_limited", r"server busy", enhanced=r"4\.7\.[56]\d\d"),
    Rule("sender_reputation_blocked", r"access denied", enhanced=r"4\.7\.[568]\d\d"),
    *(
        Rule(cause, f"sender throttled due to continuous {errors}", permanent=False)
        for errors, cause in _EXCHANGE_THROTTLES.items()
    ),
    *_at(("office365", "exchange", "outlook"), _EXCHANGE, (*GREETING, *SENDING)),
)

#: Meanings that hold at any stage from the login on; the first digit is that of permanent or transient.
_REGISTRY_LOGIN = {
    r"[45]\.7\.11": "tls_required",
    r"[45]\.7\.10": "tls_required",
    r"[45]\.7\.(?:4|9)": "auth_not_offered",
    r"[45]\.7\.1[234]": "auth_policy_blocked",
    r"[45]\.5\.[14]": "auth_not_offered",
    r"5\.7\.(?:0|3|8|139)": "auth_bad_credentials",
    r"4\.[3457]\.\d+": "server_busy_or_unavailable",
}
_REGISTRY_RECIPIENT = {
    r"[45]\.1\.(?:1|2|6)": "recipient_unknown",
    r"5\.4\.4": "recipient_unknown",
    r"[45]\.1\.10": "recipient_rejected",
    r"[45]\.1\.[345]": "recipient_rejected",
    r"[45]\.2\.1": "recipient_rejected",
    r"[45]\.2\.4": "recipient_rejected",
    r"5\.7\.(?:2|13|17|18)": "recipient_rejected",
}
_REGISTRY_SENDING = {
    r"[45]\.1\.[789]": "sender_rejected",
    r"[45]\.7\.10": "tls_required",
    r"[45]\.7\.11": "tls_required",
    r"[45]\.7\.(?:19|2[0-9]|30)": "sender_reputation_blocked",
    r"[45]\.6\.(?:[1235789]|10)": "encoding_unsupported",
    r"[45]\.6\.0": "protocol_error",
    r"[45]\.2\.2": "quota_exceeded",
    r"[45]\.2\.3": "message_too_large",
    r"[45]\.3\.4": "message_too_large",
    r"[45]\.7\.(?:5|6|7)": "content_rejected_spam",
    r"[45]\.5\.3": "rate_limited",
    r"[45]\.5\.[1245]": "protocol_error",
    r"[45]\.4\.6": "protocol_error",
    r"[45]\.4\.2": "server_disconnected",
    r"[45]\.4\.[01345]": "server_busy_or_unavailable",
    r"[45]\.4\.(?:7|300)": "connection_timeout",
    r"[45]\.3\.[0-25]": "server_busy_or_unavailable",
    r"5\.7\.8": "auth_required",
}

REGISTRY = (
    *_at((), _REGISTRY_LOGIN, LOGIN),
    *_at((), _REGISTRY_RECIPIENT, RECIPIENTS),
    *_at((), _REGISTRY_SENDING, (*GREETING, *SENDING)),
)

_BY_CODE = (
    Rule("auth_bad_credentials", stages=LOGIN, code="535"),
    Rule("protocol_error", stages=LOGIN, code="501"),
    Rule("auth_not_offered", stages=LOGIN, code="50[0-4]"),
    Rule("auth_policy_blocked", stages=LOGIN, code="534|525"),
    Rule("tls_required", stages=LOGIN, code="538|523"),
    Rule("server_busy_or_unavailable", stages=LOGIN, code="4(?:21|5[014])"),
    Rule("tls_not_offered", stages=("tls",), code="454|50[0-4]"),
    Rule("auth_required", stages=SENDING, code="530"),
    Rule("protocol_error", code="50[0-5]"),
    Rule("server_busy_or_unavailable", code="421|521"),
    Rule("server_busy_or_unavailable", stages=GREETING, code="554"),
    Rule("recipient_rejected", stages=RECIPIENTS, code="556"),
)
REPLY_CODES = tuple(rule._replace(confidence="low") for rule in _BY_CODE)
