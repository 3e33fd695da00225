# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of Postfix; patterns are matched by the library that Postfix has them matched by."""

from __future__ import annotations

import pytest
from posix_regex import groups

from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import postfix

DOMAINS = ["contoso.com", "contoso-uk.co.uk"]
SENDER, FROM = postfix.sender_pattern(DOMAINS), postfix.from_pattern(DOMAINS)


@pytest.mark.parametrize(
    ("host", "port", "written"),
    [("smtp.contoso.net", 25, "[smtp.contoso.net]:25"), ("2001:db8::25", 465, "[2001:db8::25]:465")],
)
def test_a_destination_is_in_brackets(host: str, port: int, written: str) -> None:
    assert postfix.destination(host, port) == written


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("2001:DB8::/64", "[2001:db8::]/64"),
        ("2001:db8:0:0::7", "[2001:db8::7]/128"),
    ],
)
def test_a_network_is_written_as_mynetworks_wants_it(declared: str, written: str) -> None:
    assert postfix.network(declared) == written


@pytest.mark.parametrize(("rate", "pause"), [(None, 0), (60, 1), (59, 2), (30, 2), (29, 3), (1, 60)])
def test_a_pause_never_lets_through_more_than_the_rate(rate: int | None, pause: int) -> None:
    assert postfix.delay(rate) == pause


@pytest.mark.parametrize(
    "address",
    ["dana@contoso.com", "Dana.O'Neil+quotes@CONTOSO.com", "a@contoso-uk.co.uk", "{x}|$y&z^%=~!#*?_-@contoso.com"],
)
def test_a_sender_of_a_domain_is_the_first_group(address: str) -> None:
    assert groups(SENDER, address) == [address, address]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "contoso.com",
        "@contoso.com",
        "dana@fabrikam.com",
        "dana@contosoXcom",
        "dana@sub.contoso.com",
        "dana@contoso.com.fabrikam.com",
        "dana@contoso.com\n",
        "dana@fabrikam.com@contoso.com",
        '"a:b"@contoso.com',
        "a:b@contoso.com",
        "a b@contoso.com",
        "a/b@contoso.com",
        "<dana@contoso.com>",
    ],
)
def test_nothing_else_is_a_sender(address: str) -> None:
    assert groups(SENDER, address) is None


@pytest.mark.parametrize(
    "header",
    [
        "From: dana@contoso.com",
        "FROM:dana@Contoso.com ",
        "From : dana@contoso.com",
        "From: <dana@contoso.com>",
        "From: Dana Miller <dana@contoso.com>",
        "From: Dana M. Miller-Smith Jr <dana@contoso-uk.co.uk>",
        'From: "Miller, Dana (Sales) <x@fabrikam.com>" <dana@contoso.com>',
        'From: "Dana \\"the boss\\" Miller" <dana@contoso.com>',
        'From: "Dana" Miller <dana@contoso.com>',
        "From: =?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <j@contoso.com>",
        "From: Jürgen Müller <j@contoso.com>",
        'From: "A very long name"\n <dana@contoso.com>',
        "From:\n\tdana@contoso.com",
    ],
)
def test_a_from_of_one_address_of_these_domains_is_allowed(header: str) -> None:
    assert groups(FROM, header)


@pytest.mark.parametrize(
    "header",
    [
        "From:",
        "From: Dana",
        "From: dana@fabrikam.com",
        "From: dana@sub.contoso.com",
        "From: dana@contoso.com.fabrikam.com",
        "From: dana@contoso.com <eve@fabrikam.com>",
        'From: "dana@contoso.com" <eve@fabrikam.com>',
        "From: eve@fabrikam.com, dana@contoso.com",
        "From: dana@contoso.com, eve@fabrikam.com",
        "From: dana@contoso.com, pat@contoso.com",
        "From: <eve@fabrikam.com> <dana@contoso.com>",
        "From: eve@fabrikam.com (<dana@contoso.com>)",
        "From: eve@fabrikam.com (dana@contoso.com)",
        'From: (") <eve@fabrikam.com> (") <dana@contoso.com>',
        'From: \\" <eve@fabrikam.com> \\" <dana@contoso.com>',
        'From: "x\\" <eve@fabrikam.com> ",y" <dana@contoso.com>',
        "From: Sales: eve@fabrikam.com, dana@contoso.com;",
        "From: <@fabrikam.com:dana@contoso.com>",
        "From: <dana@contoso.com> eve@fabrikam.com",
        "From: <dana@contoso.com",
        "Reply-To: dana@contoso.com",
        "X-From: dana@contoso.com",
    ],
)
def test_a_from_that_may_mean_somebody_else_is_not(header: str) -> None:
    assert groups(FROM, header) is None


@pytest.mark.parametrize("pattern", [SENDER, FROM])
def test_a_pattern_can_stand_between_slashes_on_one_line(pattern: str) -> None:
    assert not {"/", "\n"} & set(pattern)
