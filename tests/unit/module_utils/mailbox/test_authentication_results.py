# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The receiving server's verdicts, read from headers as the usual servers and filters write them."""

from __future__ import annotations

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.authentication_results import (
    authentication_results,
)

EXCHANGE_ONLINE = """spf=pass (sender IP is 203.0.113.7)
 smtp.mailfrom=contoso.com; dkim=pass (signature was verified)
 header.d=contoso.com;dmarc=pass action=none
 header.from=contoso.com;compauth=pass reason=100"""

EXCHANGE_ONLINE_UNSIGNED = """spf=softfail (sender IP is 203.0.113.7)
 smtp.mailfrom=contoso.com; fabrikam.com; dkim=none (message not signed)
 header.d=none;fabrikam.com; dmarc=bestguesspass action=none
 header.from=contoso.com;compauth=fail reason=001"""

GMAIL = """mx.google.com;
       dkim=pass header.i=@example.org header.s=2024 header.b=Ab1/x+Y;
       spf=pass (google.com: domain of bounce@example.org designates 2001:db8::25 as permitted sender)
        smtp.mailfrom=bounce@example.org;
       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.org"""

RSPAMD = """mx.example.org;
\tdkim=fail ("body hash did not verify") header.d=example.com header.s=mail header.b=Zx3;
\tdmarc=fail reason="SPF not aligned (relaxed), DKIM not aligned (relaxed)"
\t header.from=example.com (policy=quarantine);
\tspf=neutral (mx.example.org: 192.0.2.9 is neither permitted nor denied by domain of a@example.com)
\t smtp.mailfrom=a@example.com"""

OPENDMARC = "mail.example.org; dmarc=pass (p=none dis=none) header.from=example.com"
OPENDKIM = """mail.example.org;
\tdkim=pass (2048-bit key; unprotected) header.d=example.com header.i=@example.com
\t header.a=rsa-sha256 header.s=s1 header.b="q/1x";
\tdkim-atps=neutral"""
POLICYD_SPF = (
    "mail.example.org; spf=permerror (SPF Permanent Error: Void lookup limit of 2 exceeded) smtp.mailfrom=b@example.com"
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([EXCHANGE_ONLINE], ("pass", "pass", "pass"), id="Exchange Online"),
        pytest.param([EXCHANGE_ONLINE_UNSIGNED], ("softfail", "none", "bestguesspass"), id="Exchange Online, unsigned"),
        pytest.param([GMAIL], ("pass", "pass", "pass"), id="Gmail"),
        pytest.param([RSPAMD], ("neutral", "fail", "fail"), id="rspamd"),
        pytest.param([OPENDMARC, OPENDKIM, POLICYD_SPF], ("permerror", "pass", "pass"), id="a header of each milter"),
    ],
)
def test_the_headers_of_usual_servers(headers: list[str], expected: tuple[str, str, str]) -> None:
    found = authentication_results(headers)

    assert (found["spf"], found["dkim"], found["dmarc"]) == expected


@pytest.mark.parametrize(
    ("header", "spf"),
    [
        pytest.param("example.com 1; none", None, id="a server that checked nothing"),
        pytest.param("example.com 1; spf=fail smtp.mailfrom=a.org", "fail", id="with a version"),
        pytest.param('"mx 1"; spf=pass', "pass", id="a quoted server name"),
        pytest.param("mx; SPF = Pass smtp.mailfrom=a.org", "pass", id="blanks and capitals"),
        pytest.param("mx; spf/1=pass", "pass", id="with the method's version"),
        pytest.param("mx (a (nested; spf=fail) one); spf=pass", "pass", id="nested comments"),
        pytest.param(r"mx (with \) and 5\" and ; spf=fail); spf=pass", "pass", id="escapes in a comment"),
        pytest.param('mx (5" disk; spf=fail); spf=pass', "pass", id="a lone quote in a comment"),
        pytest.param('mx; auth=pass smtp.auth="a; spf=fail"; spf=pass', "pass", id="a quoted semicolon"),
        pytest.param("mx; spf=pass; spf=fail", "pass", id="the first of two"),
        pytest.param("mx; spf=pass (never closed; dkim=pass", "pass", id="an open comment"),
        pytest.param("mx; x-spf=pass; spfx=pass; header.spf=pass", None, id="other methods"),
        pytest.param("mx; =pass; spf=; ; ;", None, id="no results at all"),
        pytest.param("", None, id="an empty header"),
    ],
)
def test_the_forms_that_the_grammar_allows_and_does_not(header: str, spf: str | None) -> None:
    assert authentication_results([header])["spf"] == spf


def test_any_good_signature_lets_a_mail_pass() -> None:
    found = authentication_results(
        ["mx; dkim=fail header.d=list.org; dkim=pass header.d=a.org; dkim=neutral header.d=b.org"]
    )

    assert found["dkim"] == "pass"


def test_the_words_of_earlier_servers_do_not_count() -> None:
    found = authentication_results(["mx.receiver.org; spf=fail", "relay.sender.org; spf=pass; dkim=pass; dmarc=pass"])

    assert found == {"spf": "fail", "dkim": None, "dmarc": None, "raw": "mx.receiver.org; spf=fail"}


def test_a_header_without_a_server_name_stands_alone() -> None:
    found = authentication_results(["spf=none (no IP)", "spf=pass; dkim=pass"])

    assert (found["spf"], found["dkim"]) == ("none", None)


def test_no_header_means_no_verdicts() -> None:
    assert authentication_results([]) == {"spf": None, "dkim": None, "dmarc": None, "raw": ""}


def test_what_is_shown_is_unfolded_and_bounded() -> None:
    assert authentication_results(["mx;\r\n\tspf=pass\r\n x=y"])["raw"] == "mx; spf=pass x=y"
    assert len(authentication_results(["mx; spf=pass " + "x" * 1_000_000] * 3)["raw"]) < 5000


@pytest.mark.parametrize("header", ["(" * 100_000, '"' * 100_001, "\\" * 100_001, ";" * 100_000, "a=" * 50_000])
def test_a_malicious_header_takes_no_time(header: str) -> None:
    assert authentication_results([header] * 2)["spf"] is None
