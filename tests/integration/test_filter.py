# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter smtp_diagnosis in a real play: its documented examples, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from harness import CHECKOUT, Ansible, Run

PAGE = CHECKOUT / "plugins" / "filter" / "smtp_diagnosis.yml"
REPLY = "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect."


def play(ansible: Ansible, tasks: list[dict[str, Any]]) -> Run:
    inventory = {"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}
    return ansible.playbook([{"hosts": "all", "gather_facts": False, "tasks": tasks}], inventory)


def shown(expression: str) -> dict[str, Any]:
    """A task that shows what an expression is."""
    return {"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}}


def test_the_documented_examples_run(ansible: Ansible) -> None:
    examples = yaml.safe_load(yaml.safe_load(PAGE.read_bytes())["EXAMPLES"])

    run = play(ansible, examples)

    assert run.succeeded, run.output
    whole, remedy = (result.result["msg"] for result in run.results)
    assert whole["cause"] == "auth_bad_credentials"
    assert whole["evidence"] == REPLY
    assert whole.keys() == yaml.safe_load(PAGE.read_bytes())["RETURN"]["_value"]["contains"].keys()
    assert remedy[0] == "Enable SMTP Send As."


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("stage='nope'", "stage 'nope' is not one of settings, dns, connect"),
        ("tls_mode='ssl'", "tls_mode 'ssl' is not one of plain, starttls, implicit"),
        ("port='smtp'", "port 'smtp' is not a number"),
    ],
)
def test_a_word_that_is_not_allowed_is_refused_with_those_that_are(ansible: Ansible, argument: str, words: str) -> None:
    run = play(ansible, [shown(f"'x' | weestimate.mail.smtp_diagnosis({argument})")])

    assert not run.succeeded
    assert words in run.output


def test_the_host_of_the_settings_serves_as_the_provider(ansible: Ansible) -> None:
    task = shown("('535 no' | weestimate.mail.smtp_diagnosis('auth', 'smtp.gmail.com', port='587')).summary")

    run = play(ansible, [task])

    assert run.results[0].result["msg"] == "Google Workspace does not accept SMTP User with SMTP Password."
