# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on the relay and its example, as far as they go without the relay itself: that is in molecule/relay."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from harness import CHECKOUT, Ansible
from pages import Page

PAGE = Page(CHECKOUT / "docs" / "relay.md")
EXAMPLE = CHECKOUT / "examples" / "relay"
SECRETS = ("example-of-a-client-secret", "example-of-a-password", "canary of the login")

#: What is not run, because it changes the machine or fetches from the network; the installation is that of install.md.
PREPARATION = (
    "sudo apt-get update",
    "sudo apt-get install --yes git openssh-client python3-venv",
    "python3 -m venv ~/ansible",
    ". ~/ansible/bin/activate",
    "python3 -m pip install ansible-core 'jsonschema>=4.18'",
    "ansible-galaxy collection install git+https://github.com/weestimate/weestimate.mail.git",
    "git clone https://github.com/weestimate/weestimate.mail.git",
    "cp -r weestimate.mail/examples/relay mail-relay",
    "cd mail-relay",
    "ssh-copy-id root@relay.contoso.com",
)
ENCRYPT, BOX, PREVIEW, APPLY, ADOPT, WHEELS, DOCTOR, ROTATE = PAGE.commands[len(PREPARATION) :]

#: The variables of the relay as the role has them, for the module that judges them.
VARIABLES = ("hostname", "clients", "login", "tls", "upstreams", "routes", "sender_policy", "sink", "test")


@pytest.fixture
def reader(ansible: Ansible) -> Ansible:
    """Somebody who has copied the example and is in it."""
    shutil.copytree(EXAMPLE / "inventory", ansible.work / "inventory")
    (ansible.work / "vault-password").write_text(password_of_the_example(), encoding="utf-8")
    ansible.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(ansible.work / "vault-password")
    return ansible


def password_of_the_example() -> str:
    """The password of the example's vault, as its README tells it."""
    (password,) = re.findall(r"the password `([\w-]+)`", (EXAMPLE / "README.md").read_text(encoding="utf-8"))
    return password


def options_of(command: str) -> list[str]:
    """The options of a command; the vault's password comes from a file here, and not from a person."""
    return [option for option in shlex.split(command)[1:] if option != "--ask-vault-password"]


def planned(reader: Ansible, *options: str) -> Mapping[str, Any]:
    """What the relay's programs would be told, by the inventory and by more options."""
    given = {name: f"{{{{ weestimate_relay_{name} | default(omit) }}}}" for name in VARIABLES}
    tasks = [{"name": "Plan it", "weestimate.mail.relay_plan": given}]
    playbook = reader.write("plan.yml", [{"hosts": "weestimate_relay", "gather_facts": False, "tasks": tasks}])
    record = reader.work / "record.jsonl"
    done = reader.program("ansible-playbook", str(playbook), "-vvv", *options, RECORD_FILE=str(record))
    assert done.returncode == 0, done.stdout
    assert not any(secret in done.stdout for secret in SECRETS)
    (result,) = (json.loads(line)["result"] for line in record.read_text(encoding="utf-8").splitlines())
    record.unlink()
    assert result["advice"] == []
    return result["plan"]


def test_the_page_shows_the_example() -> None:
    shown = {name: content for name, content in PAGE.files.items() if (EXAMPLE / name).exists()}

    assert sorted(shown) == ["inventory/group_vars/weestimate_relay/relay.yml", "inventory/hosts.yml"]
    assert [name for name, content in shown.items() if content != (EXAMPLE / name).read_text(encoding="utf-8")] == []


def test_the_example_sends_approvals_by_one_server_and_documents_by_the_other(reader: Ansible) -> None:
    plan = planned(reader, "-i", "inventory")

    assert [(test["to"], test["upstream"]) for test in plan["tests"]] == [
        ("pat@contoso.com", "exchange"),
        ("deployment-check@fabrikam.com", "outside"),
    ]
    exchange, outside = plan["upstreams"]
    assert (exchange["identity"], exchange["auth"], exchange["proxy"]["credential"]) == ("sender", "oauth", "secret")
    assert (outside["auth"], outside["security"], outside["rewrite_from"]) == ("password", "secure", True)


def test_each_secret_of_the_example_comes_from_the_vault() -> None:
    declared = (EXAMPLE / "inventory/group_vars/weestimate_relay/relay.yml").read_text(encoding="utf-8")
    named = re.findall(r"^ +(?:client_secret|password|key): (.+)$", declared, re.MULTILINE)
    vault = (EXAMPLE / "inventory/group_vars/weestimate_relay/vault.yml").read_text(encoding="utf-8")

    assert named
    assert [name for name in named if not re.fullmatch(r'"\{\{ vault_\w+ \}\}"', name)] == []
    assert set(re.findall(r"vault_\w+", " ".join(named))) == set(re.findall(r"^(\w+): !vault", vault, re.MULTILINE))


def test_a_secret_is_encrypted_as_the_page_says(reader: Ansible) -> None:
    done = subprocess.run(
        [shlex.split(ENCRYPT)[0], *options_of(ENCRYPT)],
        input=SECRETS[0],
        env=reader.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("vault_relay_client_secret: !vault |")
    assert SECRETS[0] not in done.stdout


@pytest.mark.parametrize("command", [BOX, PREVIEW, APPLY, DOCTOR, ROTATE])
def test_each_playbook_is_for_the_relay_of_the_example(reader: Ansible, command: str) -> None:
    done = reader.program("ansible-playbook", *options_of(command), "--list-hosts")

    assert done.returncode == 0, done.stdout
    assert "relay.contoso.com" in done.stdout


def test_adopting_is_for_the_instances_and_what_is_declared_after_it_is_valid(reader: Ansible) -> None:
    PAGE.write_files(reader.work)
    instances = {"weestimate": {"hosts": {"quotes-east": None, "quotes-west": None}}}
    (reader.work / "inventory/instances.yml").write_text(yaml.safe_dump(instances), encoding="utf-8")

    hosts = reader.program("ansible-playbook", *options_of(ADOPT), "--list-hosts")
    assert {"relay.contoso.com", "quotes-east", "quotes-west"} <= set(hosts.stdout.split()), hosts.stdout
    judged = reader.program("ansible-playbook", "weestimate.mail.validate", "-i", "inventory")
    assert judged.returncode == 0, judged.stdout


def test_nothing_leaves_the_box_that_the_reader_begins_with(reader: Ansible) -> None:
    _playbook, *options = options_of(BOX)
    plan = planned(reader, *options)

    assert plan["sink"]["maildir"] == "/var/mail/sink"
    assert plan["upstreams"] == []
    assert {test["upstream"] for test in plan["tests"]} == {"sink"}


def test_a_staging_relay_is_the_same_box(reader: Ansible) -> None:
    PAGE.write_files(reader.work)
    staging = {"weestimate_relay": {"children": {"weestimate_relay_staging": {"hosts": {"relay.contoso.com": None}}}}}
    (reader.work / "inventory/staging.yml").write_text(yaml.safe_dump(staging), encoding="utf-8")

    secret = json.dumps({"vault_relay_login_password": SECRETS[2]})
    assert planned(reader, "-i", "inventory", "-e", secret)["sink"]["maildir"] == "/var/mail/sink"


def test_the_login_of_the_page_is_one(reader: Ansible) -> None:
    PAGE.write_files(reader.work)
    plan = planned(reader, "-i", "inventory", "-e", json.dumps({"vault_relay_login_password": SECRETS[2]}))

    assert plan["login"] is True
    assert plan["tls"] == {"certificate": "/etc/ssl/relay/relay.crt", "key": "/etc/ssl/relay/relay.key"}


def test_the_wheels_of_the_page_are_those_that_the_relays_of_the_scenario_get() -> None:
    *options, proxy, asyncore = shlex.split(WHEELS)[4:]
    defaults = yaml.safe_load((CHECKOUT / "roles/weestimate_relay/defaults/main.yml").read_text(encoding="utf-8"))
    scenario = (CHECKOUT / "molecule/relay/tasks/wheels.yml").read_text(encoding="utf-8")

    assert (proxy, asyncore) == (f"emailproxy=={defaults['weestimate_relay_proxy_version']}", "pyasyncore")
    assert [each for each in (*options, asyncore) if each.partition("=")[0] not in scenario] == []
    assert all(each in scenario for each in options if each.startswith("--platform"))


def table_under(heading: str) -> str:
    """The first table under a heading of the page."""
    return re.split(r"\n\n(?!\|)", PAGE.text.split(f"\n## {heading}\n")[1].lstrip())[0]


def test_the_page_names_each_variable_of_the_role() -> None:
    specs = yaml.safe_load((CHECKOUT / "roles/weestimate_relay/meta/argument_specs.yml").read_text(encoding="utf-8"))
    named = re.findall(r"`(weestimate_relay_\w+)`", table_under("Variables"))

    assert sorted(named) == sorted(specs["argument_specs"]["main"]["options"])


def test_the_page_names_each_key_of_an_upstream() -> None:
    upstream = json.loads((CHECKOUT / "schemas/relay.schema.json").read_text(encoding="utf-8"))["$defs"]["upstream"]
    keys = {key.partition(".")[0] for key in re.findall(r"`([\w.]+)`", "".join(first_cells("Upstreams")))}

    assert keys == upstream["properties"].keys()


def first_cells(heading: str) -> list[str]:
    """The first cell of each row of a table."""
    return re.findall(r"^\|([^|]+)\|", table_under(heading), re.MULTILINE)


def test_what_is_not_run_is_the_installation_of_the_handbook() -> None:
    assert tuple(PAGE.commands[: len(PREPARATION)]) == PREPARATION
    from_git, packages, *_more = Page(CHECKOUT / "docs/install.md").commands
    (installed,) = (shlex.split(command)[4:] for command in PREPARATION if "pip install" in command)
    assert from_git in PREPARATION
    # The driver of SQL Server is for instances; a relay needs none.
    assert {*installed} - {"ansible-core"} == {each for each in shlex.split(packages)[4:] if "mssql" not in each}
