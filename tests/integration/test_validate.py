# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook validate judges what is declared where there is no credential, no vault and no database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from desk import vaulted
from fleet import Fleet
from harness import CHECKOUT, Ansible, Run

ROLE = CHECKOUT / "roles" / "weestimate_smtp"
PROFILE, REFUSE = "weestimate.mail.smtp_profile", "weestimate.mail.fail_with_code"
OFFICE365 = {"weestimate_smtp_profile": "office365", "weestimate_smtp_mailbox": "a@example.com"}

DECLARED = {
    "right": OFFICE365,
    # The vault has no password here, the store exists nowhere, and nobody has the secrets' variables.
    "secret": {
        **OFFICE365,
        "weestimate_smtp_password": vaulted("c4nary"),
        "weestimate_smtp_store": {"driver": "mssql", "host": "sql.example.com", "password": "{{ vault_password }}"},
        "weestimate_smtp_test": {"confirm": {"password": "{{ vault_password }}"}},
    },
    "unwise": {"weestimate_smtp_settings": {"smtp_port": 465}},
    "misspelt": {**OFFICE365, "weestimate_smtp_mailbx": "b@example.com", "weestimate_smtp_tset": None},
    "wrong": {
        **OFFICE365,
        "weestimate_smtp_settings": {"smtp_port": "all", "use_sll": True},
        "weestimate_smtp_setings": {},
    },
    "nothing": {},
    "incomplete": {"weestimate_smtp_profile": "internal_relay"},
    "unknown_profile": {"weestimate_smtp_profile": "office356"},
    "of_another_kind": {**OFFICE365, "weestimate_smtp_recycle": "sometimes"},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Run:
    place = tmp_path_factory.mktemp("validated")
    inventory = Fleet(Ansible(place, collections_path), place).inventory(DECLARED)
    del inventory["weestimate"]["vars"]["weestimate_smtp_store"]
    return Ansible(place, collections_path).playbook("weestimate.mail.validate", inventory)


def said(run: Run, host: str) -> list[str]:
    """The failures of a host, in their order."""
    return [each.result["msg"] for each in run.results if each.host == host and each.status == "failed"]


@pytest.mark.parametrize("host", ["right", "secret", "unwise"])
def test_what_is_valid_passes_without_a_vault_or_a_store(run: Run, host: str) -> None:
    assert said(run, host) == [], run.output
    assert {each.result["changed"] for each in run.of(PROFILE) if each.host == host} == {False}
    assert "c4nary" not in run.output


def test_what_is_unwise_is_told(run: Run) -> None:
    (told,) = (
        each.result["msg"] for each in run.of("ansible.builtin.debug") if each.host == "unwise" and each.status == "ok"
    )

    assert [advice["advice"] for advice in told] == ["port_465"]


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("misspelt", [["weestimate_smtp_mailbx, weestimate_smtp_tset."]]),
        ("wrong", [["smtp_port", "use_ssl?"], ["weestimate_smtp_setings."]]),
        ("nothing", [["Neither a profile nor any setting"]]),
        ("incomplete", [["weestimate_smtp_relay_address"]]),
        ("unknown_profile", [["office356", "office365_hve"]]),
        ("of_another_kind", [["weestimate_smtp_recycle", "sometimes"]]),
    ],
)
def test_all_that_is_wrong_is_told_at_once(run: Run, host: str, words: list[list[str]]) -> None:
    failures = said(run, host)

    assert len(failures) == len(words), failures
    assert [
        (word, failure)
        for failure, needed in zip(failures, words, strict=True)
        for word in needed
        if word not in str(failure)
    ] == []
    assert run.status == 2


def test_no_variable_that_something_reads_is_taken_for_a_misspelt_one() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    internal = yaml.safe_load((ROLE / "vars" / "main" / "validate.yml").read_text(encoding="utf-8"))
    known = {name for spec in specs.values() for name in spec["options"]}
    known |= set(internal["__weestimate_smtp_of_playbooks"])

    files = [*(CHECKOUT / "playbooks").glob("*.yml"), *(ROLE / "tasks").rglob("*.yml"), *(ROLE / "vars").rglob("*.yml")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if "#" not in line]
    text = "\n".join(lines)
    read = set(re.findall(r"\bweestimate_smtp_\w+\b(?!:)", text))
    # What a task registers, or hands to another one, is nobody's to declare.
    made = set(re.findall(r"(?:register: |loop_var: |^ +)(weestimate_smtp_\w+)(?:$|:)", text, re.MULTILINE))
    declared = set(yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8")))

    assert declared <= known
    assert read - made <= known
