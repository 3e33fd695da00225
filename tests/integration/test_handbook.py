# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The handbook's files and commands, used as a reader would; pages on one subject are tried beside its other tests."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from harness import CHECKOUT, Ansible
from pages import Page, handbook
from weestimate import database

DOCS = CHECKOUT / "docs"
HOSTS = ("quotes-dev", "quotes-east", "quotes-west")

#: Where the commands of a page are run, for the pages that are not run here.
ELSEWHERE = {
    "drift.md": "test_drift.py",
    "exchange-online.md": "test_exchange_online.py",
    "gitops.md": "test_pipelines.py",
    "mixed-mail.md": "test_window.py",
    "progress.md": "test_progress.py",
    "relay.md": "test_relay_page.py",
    "report.md": "test_report.py",
    "rotation.md": "test_rotation.py",
    "sql-server.md": "test_mssql_server.py",
    "tutorial.md": "test_tutorial.py",
}
HERE = {"install.md", "environments.md", "layout.md", "troubleshooting.md", "assumptions.md"}


@pytest.fixture
def reader(ansible: Ansible) -> Ansible:
    """Somebody who has written the files of the page on environments, with embedded instances for real ones."""
    Page(DOCS / "environments.md").write_files(ansible.work)
    for host in HOSTS:
        database.create(ansible.work / f"{host}.db", {})
    stand_ins = {
        "weestimate_smtp_store": {"driver": "sqlite", "path": str(ansible.work / "{{ inventory_hostname }}.db")},
        "vault_mailbox_password": "canary of the mailbox",
    }
    # The last file of a group's folder wins.
    (ansible.work / "inventory/group_vars/weestimate/zz.yml").write_text(yaml.safe_dump(stand_ins), encoding="utf-8")
    return ansible


def run(reader: Ansible, command: str, *more: str, succeeds: bool = True, **environment: str) -> str:
    """Run a command as it stands; what it printed."""
    program, *arguments = shlex.split(command)
    done = reader.program(program, *arguments, *more, **environment)
    assert (done.returncode == 0) == succeeds, done.stdout
    assert "canary" not in done.stdout
    return done.stdout


@pytest.mark.slow
def test_environments_are_looked_at_validated_previewed_and_applied(reader: Ansible) -> None:
    encrypt, graph, validate, preview, apply = Page(DOCS / "environments.md").commands

    encrypted = subprocess.run(
        shlex.split(encrypt),
        input="canary",
        env={**reader.environment, "ANSIBLE_VAULT_PASSWORD_FILE": str(_vault_password(reader.work))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert list(yaml.load(encrypted.stdout, _Vault)) == ["vault_mailbox_password"]  # noqa: S506 # it is a safe loader
    assert "quotes-east" in run(reader, graph)
    run(reader, validate)
    assert '+    "smtp_address": "smtp.office365.com"' in run(reader, preview)
    assert database.read(reader.work / "quotes-west.db")["Send SMTP to Self"] != "TRUE"
    run(reader, apply)
    assert database.read(reader.work / "quotes-west.db")["Send SMTP to Self"] == "TRUE"
    assert "changed=0" in run(reader, apply)
    run(reader, "ansible-playbook weestimate.mail.apply -i inventory/dev.yml")
    assert database.read(reader.work / "quotes-dev.db")["SMTP Address"] == "relay.example.com"


class _Vault(yaml.SafeLoader):
    """Takes an encrypted value as the text it is."""


_Vault.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))


def _vault_password(work: Path) -> Path:
    file = work / "vault-password"
    file.write_text("of this test", encoding="utf-8")
    return file


def test_before_the_first_change_one_finds_out_what_is_stored(reader: Ansible) -> None:
    discover, drift, preview = Page(DOCS / "assumptions.md").commands

    assert "fits" in run(reader, discover)
    run(reader, drift)
    run(reader, preview)


def test_the_layout_is_discovered_and_the_doctor_is_asked(reader: Ansible) -> None:
    discover, preview = Page(DOCS / "layout.md").commands
    (doctor,) = Page(DOCS / "troubleshooting.md").commands

    assert "fits" in run(reader, discover)
    run(reader, preview)
    assert "examination_failed" in run(reader, doctor, succeeds=False)


def test_the_installation_is_what_the_readme_and_the_requirements_say(reader: Ansible) -> None:
    page = Page(DOCS / "install.md")
    from_git, packages, from_file, *looks = page.commands

    assert {from_git, packages} <= set(Page(CHECKOUT / "README.md").commands)
    page.write_files(reader.work)
    requirements = reader.work / "collections/requirements.yml"
    text = requirements.read_text(encoding="utf-8").replace(
        "https://github.com/weestimate/weestimate.mail.git", f"{CHECKOUT}"
    )
    requirements.write_text(text.replace("version: main", "version: HEAD"), encoding="utf-8")
    run(reader, from_file, "--collections-path", str(reader.work / "from-file"))
    for look in looks:
        assert "weestimate" in run(reader, look)


def test_the_commands_of_every_page_are_tried_somewhere() -> None:
    pages = {page.path.name for page in handbook() if page.commands}

    assert pages <= HERE | ELSEWHERE.keys()
    untried = [name for name, test in ELSEWHERE.items() if name not in (Path(__file__).parent / test).read_text()]
    assert untried == []


@pytest.mark.parametrize("page", [*handbook(), Page(CHECKOUT / "README.md")], ids=lambda page: page.path.name)
def test_every_link_leads_somewhere(page: Page) -> None:
    dead = [
        f"{target.name}{place}"
        for target, place in page.links
        if not target.exists() or (place and place not in Page(target).headings)
    ]
    assert dead == []


def test_the_index_leads_to_every_page() -> None:
    listed = {target.name for target, _place in Page(DOCS / "README.md").links}

    assert {page.path.name for page in handbook()} - {"README.md"} <= listed
