# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which mail is meant: by token, or by patterns for subject and sender."""

from __future__ import annotations

import time

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.search import Search, first, headers_of

ENCODED = b"""From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <Mueller@Example.com>\r
Subject: =?iso-8859-1?q?Freigabe_f=FCr?= =?utf-8?b?IFByb2pla3Qg4oKs?=\r
 4711\r
X-Token: none\r
\r
Subject: in the body\r
"""


def _matches(search: Search, **fields: str) -> bool:
    return search.matches({name.lower().replace("_", "-"): [value] for name, value in fields.items()})


def test_a_token_is_found_in_the_header_of_our_own_or_in_the_subject() -> None:
    search = Search(token="k7")

    assert _matches(search, x_weestimate_mail_test="k7")
    assert _matches(search, subject="[Test] approval k7", x_weestimate_mail_test="")
    assert not _matches(search, subject="Approval", comments="k7")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("approval", True),
        ("NEEDED", True),
        ("approval*4711", True),
        ("*4711*", True),
        ("*", True),
        ("4711*approval", False),
        ("4711*4711", False),
        ("appr?val", False),
        ("[Approval]", False),
    ],
)
def test_a_subject_is_a_text_that_occurs_in_it(pattern: str, matches: bool) -> None:
    assert _matches(Search(subject=pattern), subject="WeEstimate: Approval needed for 4711") is matches


@pytest.mark.parametrize("pattern", ["mueller@example.com", "jürgen MÜLLER", "Müller*@example", "<mueller"])
def test_a_sender_is_name_and_address(pattern: str) -> None:
    assert Search(sender=pattern).matches(headers_of(ENCODED))


def test_both_patterns_have_to_match() -> None:
    assert _matches(Search(subject="a", sender="b"), subject="a", **{"from": "b@x.org"})
    assert not _matches(Search(subject="a", sender="b"), subject="a", **{"from": "c@x.org"})
    assert not _matches(Search(subject="a", sender="b"), **{"from": "b@x.org"})


def test_without_a_pattern_every_mail_is_meant() -> None:
    assert Search().matches({})


def test_a_subject_is_decoded_and_put_on_one_line() -> None:
    assert first(headers_of(ENCODED), "Subject") == "Freigabe für Projekt € 4711"


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (b"=?no-such-charset?q?abc?=", "=?no-such-charset?q?abc?="),
        (b"=?utf-8?b?!!!?=", None),
        (b"=?utf-8?b?YWJjZ?=", "=?utf-8?b?YWJjZ?="),
        (b"bare \xfc octets", None),
        (b"=?utf-8?q?=FF=FE?=", None),
    ],
)
def test_a_malformed_subject_harms_nobody(subject: bytes, shown: str | None) -> None:
    text = first(headers_of(b"Subject: " + subject + b"\r\n\r\n"), "subject")

    assert text.encode().decode() == text
    assert shown in (None, text)


def test_a_malicious_pair_of_pattern_and_subject_takes_no_time() -> None:
    begin = time.monotonic()

    assert not _matches(Search(subject="a*" * 50 + "b"), subject="a" * 60_000)
    assert time.monotonic() - begin < 1
