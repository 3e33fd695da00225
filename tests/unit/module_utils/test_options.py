# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue names every option of WeEstimate once."""

from __future__ import annotations

from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_SETTINGS
from ansible_collections.weestimate.mail.plugins.module_utils.options import BY_NAME, OPTIONS, PASSWORD, argument_spec

#: The vendor's articles, as a table of their own: the catalogue is compared with them, not with itself.
ARTICLES = {
    "SMTP Mail Enabled": "bool",
    "SMTP Address": "str",
    "SMTP Port": "int",
    "Use SSL": "bool",
    "SMTP User": "str",
    "SMTP Password": "str",
    "Enable SMTP Send As": "bool",
    "SMTP Connect As": "str",
    "Send SMTP to Self": "bool",
    "Use SMTP Email": "bool",
    "Include MPOC as a Recipient When Sending a QP": "bool",
}


def test_the_options_are_those_of_the_vendors_articles() -> None:
    assert {option.label: option.type for option in OPTIONS} == ARTICLES


def test_every_option_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(OPTIONS)


def test_the_password_is_the_only_secret() -> None:
    assert [option for option in OPTIONS if option.secret] == [PASSWORD]


def test_four_options_decide_where_the_password_goes() -> None:
    names = {option.name for option in OPTIONS if option.credential_target}

    assert names == {"smtp_address", "smtp_port", "use_ssl", "smtp_user"}


def test_only_text_reads_as_blank() -> None:
    assert {option.type: option.blank for option in OPTIONS} == {"str": "", "int": None, "bool": None}


def test_ansible_hides_the_secret_and_nothing_else() -> None:
    spec = argument_spec()

    assert {name for name, rule in spec.items() if rule["no_log"]} == {"smtp_password"}
    assert {name: rule["type"] for name, rule in spec.items()} == {o.name: o.type for o in OPTIONS}
    assert SMTP_SETTINGS["settings"]["options"] == spec
