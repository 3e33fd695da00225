# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's files and commands, taken from the README and used as a reader would.

The databases are embedded ones and the approval servers of Windows are left out; a test below tries the examples for
SQL Server as they stand, up to the connection.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from harness import CHECKOUT, Ansible
from mailserver import archive, certificates, process
from pages import Page
from weestimate import database

PAGE = Page(CHECKOUT / "README.md")
FILES, COMMANDS = PAGE.files, PAGE.commands
HOSTS = ("quotes-east", "quotes-west")
PASSWORDS = {"vault_mailbox_password": "canary-mailbox", "vault_database_password": "canary-database"}


@pytest.fixture
def reader(ansible: Ansible) -> Ansible:
    """Somebody who has copied the README's files, filled in passwords and has a vault password."""
    PAGE.write_files(ansible.work)
    (ansible.work / "inventory/production/group_vars/weestimate/vault.yml").write_text(yaml.safe_dump(PASSWORDS))
    staging = ansible.work / "inventory/staging/hosts.yml"
    staging.write_text(FILES["inventory/production/hosts.yml"], encoding="utf-8")
    (ansible.work / "vault-password").write_text("of this test")
    return ansible


def stand_ins(reader: Ansible) -> str:
    """Variables that put embedded instances in the place of the real ones."""
    for host in HOSTS:
        database.create(reader.work / f"{host}.db", {})
    store = {"driver": "sqlite", "path": str(reader.work / "{{ inventory_hostname }}.db")}
    variables = {
        "weestimate_smtp_store": store,
        "weestimate_smtp_approval_server": {"kind": "none"},
        # Nobody's mail server is asked; the test below asks one of its own.
        "weestimate_smtp_test": {"enabled": False},
    }
    file = reader.work / "stand-ins.json"
    file.write_text(json.dumps(variables))
    return f"@{file}"


def run(reader: Ansible, command: str, *more: str) -> str:
    """Run a command of the README and return what it printed; it has to succeed."""
    program, *arguments = shlex.split(command)
    done = reader.program(program, *arguments, *more, ANSIBLE_VAULT_PASSWORD_FILE=str(reader.work / "vault-password"))
    assert done.returncode == 0, done.stdout
    assert not any(password in done.stdout for password in PASSWORDS.values())
    return done.stdout


def recap(output: str) -> list[str]:
    return re.findall(r"changed=(\d+) ", output)


@pytest.mark.slow
def test_production_is_encrypted_previewed_applied_discovered_and_restored(reader: Ansible) -> None:
    encrypt, preview, apply, discover, restore = (
        next(command for command in COMMANDS if part in command)
        for part in ("ansible-vault", "--check", "apply -i inventory/production", "mail.discover", "mail.restore")
    )
    apply = apply.replace(" --check --diff", "")
    embedded = ("--extra-vars", stand_ins(reader))

    run(reader, encrypt)
    assert "smtp.office365.com" in run(reader, preview, *embedded)
    assert database.read(reader.work / "quotes-east.db")["SMTP Address"] != "smtp.office365.com"
    assert recap(run(reader, apply, *embedded)) == ["1", "1"]
    assert database.read(reader.work / "quotes-east.db")["SMTP Password"] == PASSWORDS["vault_mailbox_password"]
    assert recap(run(reader, apply, *embedded)) == ["0", "0"]
    assert "fits" in run(reader, discover, *embedded)
    assert recap(run(reader, restore, *embedded)) == ["1", "1"]


def test_staging_differs_in_its_variables_only(reader: Ansible) -> None:
    run(reader, "ansible-playbook weestimate.mail.apply -i inventory/staging", "--extra-vars", stand_ins(reader))

    held = database.read(reader.work / "quotes-west.db")
    assert (held["SMTP Address"], held["Send SMTP to Self"]) == ("smtp-relay.example.com", "TRUE")


@pytest.mark.slow
def test_a_change_is_proven_examined_and_tested_again(reader: Ansible) -> None:
    mailbox = "notifications@example.com"
    certificates.make(reader.work / "certificates")
    accounts = {mailbox: {"password": PASSWORDS["vault_mailbox_password"]}}
    configuration = {"mails": reader.work / "mails", "certificates": reader.work / "certificates", "accounts": accounts}
    embedded = json.loads(Path(stand_ins(reader)[1:]).read_text())
    declared = yaml.safe_load(FILES["inventory/production/group_vars/weestimate/test.yml"])["weestimate_smtp_test"]
    embedded["weestimate_smtp_test"] = {**declared, "tls": {"ca_file": str(reader.work / "certificates" / "ca.pem")}}
    apply, doctor, test_send, drift, report, rotate = (
        next(command for command in COMMANDS if f"weestimate.mail.{name} -i inventory/production" in command)
        for name in ("apply", "doctor", "test_send", "drift", "report", "rotate_password")
    )
    with process.running(configuration, reader.work) as ports:
        place = {"smtp_address": "127.0.0.1", "smtp_port": ports["submission"]}
        more = ("--extra-vars", json.dumps({**embedded, "weestimate_smtp_settings": place}))
        run(reader, apply.replace(" --check --diff", ""), *more)
        assert run(reader, doctor, *more).count("can log in") == len(HOSTS)
        run(reader, test_send, *more)
        run(reader, drift, *more)
        run(reader, report, *more)
        assert "quotes-east" in (reader.work / "drift" / "drift.html").read_text(encoding="utf-8")
        # What is proven already is neither written nor tested again.
        assert recap(run(reader, rotate, *more)) == ["0", "0"]
    # Each host and kind of mail, once when it was applied and once when it was tested.
    assert len(list(archive.read(reader.work / "mails"))) == 2 * len(HOSTS) * len(declared["kinds"])


def test_a_pasted_reply_is_diagnosed(reader: Ansible) -> None:
    (command,) = (command for command in COMMANDS if "smtp_diagnosis" in command)

    assert "auth_smtp_auth_disabled" in run(reader, command)


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_sql_server_examples_are_valid_up_to_the_connection(reader: Ansible, environment: str) -> None:
    for file in (reader.work / "inventory").rglob("*.yml"):
        # Nothing listens there, and nobody's server is asked.
        file.write_text(re.sub(r"host: sql\S+", "host: 127.0.0.1", file.read_text(encoding="utf-8")))
    inventory = str(reader.work / "inventory" / environment)

    done = reader.program("ansible-playbook", "weestimate.mail.apply", "-i", inventory)

    codes = set(re.findall(r'"error_code": "(\w+)"', done.stdout))
    assert codes, done.stdout
    assert codes <= {"store_unreachable", "store_auth_failed", "driver_missing"}, done.stdout


def test_the_packages_to_install_are_those_of_the_requirements() -> None:
    (command,) = (command for command in COMMANDS if "pip install" in command)
    required = re.findall(r"^[\w-]+[^ #\n]+", (CHECKOUT / "requirements.txt").read_text(), re.MULTILINE)

    assert shlex.split(command)[4:] == required


def test_the_collection_installs_from_its_repository(reader: Ansible) -> None:
    (command,) = (command for command in COMMANDS if "ansible-galaxy" in command)
    # From an address without .git, ansible-galaxy leaves a copy beside the checkout.
    published = reader.work / "weestimate.mail.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(CHECKOUT), str(published)], check=True)
    command = re.sub(r"https://\S+", f"file://{published}", command)

    run(reader, command, "--collections-path", str(reader.work / "from-git"))

    assert (reader.work / "from-git/ansible_collections/weestimate/mail/schemas/settings.schema.json").is_file()


def test_every_command_is_tried_here_or_is_a_target_that_ci_runs() -> None:
    tried = ("ansible", "python3 -m pip", "cd demo")
    targets = [command.removeprefix("make ") for command in COMMANDS if not command.startswith(tried)]
    makefile = (CHECKOUT / "Makefile").read_text()

    assert sorted(targets) == ["demo", "test"]
    assert re.search(r"^test-all: .*\btest\b.*\bdemo\b", makefile, re.MULTILINE)
    assert re.search(r"^make test test-all$", (CHECKOUT / ".ci" / "run").read_text(), re.MULTILINE)


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = re.findall(r"/(?:blob|tree)/main/([^)\s]+)", PAGE.text)

    assert [link for link in links if not (CHECKOUT / Path(link)).exists()] == []
