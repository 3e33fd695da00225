# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What examples/gitops has for Automation Platform and for workers in other networks, as far as it goes without them.

The platform's own modules check what is declared, up to the connection; ansible-builder makes the context of the image;
and ansible-runner sends a run to a worker that has nothing of this process but a pipe.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest
import yaml
from harness import CHECKOUT, PROGRAMS, Ansible
from pipelines import told
from weestimate import database

EXAMPLE = CHECKOUT / "examples" / "gitops"
PLATFORM = EXAMPLE / "platform"
HOSTS = ("staging-east", "staging-west")
AUTHOR = 'O\'Hara "the" operator'
SECRETS = ("staging-example", "example-of-the-staging-database")

pytestmark = pytest.mark.slow


@pytest.fixture
def repository(tmp_path: Path, collections_path: Path) -> Path:
    """A checkout of the example with the collection installed, and embedded instances that hold nothing yet."""
    repository = tmp_path / "repository"
    copytree(EXAMPLE, repository, ignore=ignore_patterns("ansible_collections"))
    copytree(collections_path / "ansible_collections", repository / "collections" / "ansible_collections")
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        # The vault is opened for it, as for a store of SQL Server, although SQLite knows no password.
        "weestimate_smtp_store": {
            "driver": "sqlite",
            "path": f"{tmp_path}/{{{{ inventory_hostname }}}}{{{{ '.db' if vault_database_password else '' }}}}",
        },
        "weestimate_smtp_approval_server": {"kind": "none"},
    }
    file = repository / "inventories" / "staging" / "group_vars" / "weestimate" / "zz-stand-ins.yml"
    file.write_text(yaml.safe_dump(variables), encoding="utf-8")
    for host in HOSTS:
        database.create(tmp_path / f"{host}.db", {})
    return repository


@pytest.fixture
def worker(tmp_path: Path) -> list[str]:
    """The command that starts a worker in a folder of its own, with an environment of its own."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    (place / "vault-password").write_text("staging-example\n")
    settings = {
        "PATH": os.pathsep.join((str(PROGRAMS), os.environ["PATH"])),
        "HOME": str(place),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_VAULT_PASSWORD_FILE": str(place / "vault-password"),
    }
    assignments = [f"{name}={value}" for name, value in settings.items()]
    return ["env", "--chdir", str(place), "--ignore-environment", *assignments, "ansible-runner", "worker"]


def run_on_worker(repository: Path, worker: list[str], playbook: str) -> subprocess.CompletedProcess[str]:
    """Call the program of the example as it is told, for another environment and with a worker on this machine.

    There is no password of the vault where it is called.
    """
    program, _environment, _playbook, folder, *_ssh = shlex.split(told("bin/run-on-worker"))
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON"))}
    return subprocess.run(
        [repository / program, "staging", playbook, folder, *worker],
        cwd=repository,
        env={
            **inherited,
            "PATH": os.pathsep.join((str(PROGRAMS), os.environ["PATH"])),
            "PIPELINE_AUTHOR": AUTHOR,
            "PIPELINE_RUN": "https://git.example.com/jobs/1234",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_worker_examines_and_applies_and_sends_its_reports_back(repository: Path, worker: list[str]) -> None:
    before = run_on_worker(repository, worker, "drift")
    applied = run_on_worker(repository, worker, "apply")
    after = run_on_worker(repository, worker, "drift")

    assert (before.returncode, applied.returncode, after.returncode) == (2, 0, 0), applied.stdout + after.stdout
    reports = repository / "results" / "artifacts" / "drift" / "reports"
    document = json.loads((reports / "drift.json").read_text(encoding="utf-8"))
    assert document["verdict"] == "in_sync"
    assert {entry["changed_by"] for each in document["instances"] for entry in each["history"]} == {AUTHOR}
    assert {file.name for file in reports.iterdir()} == {"drift.json", "drift.xml", "drift.md", "drift.html"}
    returned = [file.read_text(encoding="utf-8") for file in (repository / "results").rglob("*") if file.is_file()]
    said = [before.stdout, applied.stdout, after.stdout, *returned]
    assert not [secret for secret in SECRETS for text in said if secret in text]

    for part in ("east", "west"):
        copytree(reports, repository / part)
    joined = subprocess.run(
        shlex.split(told("weestimate.mail.report")),
        cwd=repository,
        env={**os.environ, "PATH": os.pathsep.join((str(PROGRAMS), os.environ["PATH"]))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert joined.returncode == 0, joined.stdout + joined.stderr
    assert all(host in (repository / "drift" / "drift.html").read_text(encoding="utf-8") for host in HOSTS)


def test_nothing_of_a_run_stays_at_the_worker(repository: Path, worker: list[str]) -> None:
    run_on_worker(repository, worker, "validate")

    left = {file.name for file in (repository.parent / "elsewhere").rglob("*") if file.is_file()}
    assert left == {"vault-password"}


def test_what_is_declared_is_valid_and_a_value_can_be_encrypted(repository: Path) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    environment = {**inherited, "PATH": os.pathsep.join((str(PROGRAMS), os.environ["PATH"]))}
    vault = {"VAULT_PASSWORD": "any", "ANSIBLE_VAULT_PASSWORD_FILE": "bin/vault-password"}

    validated = subprocess.run(
        shlex.split(told("weestimate.mail.validate")), cwd=repository, env=environment, check=False
    )
    encrypted = subprocess.run(
        shlex.split(told("encrypt_string")),
        cwd=repository,
        env={**environment, **vault},
        input="a password",
        capture_output=True,
        text=True,
        check=True,
    )

    assert validated.returncode == 0
    assert encrypted.stdout.startswith("vault_mailbox_password: !vault |")


def test_the_platform_takes_what_is_declared(tmp_path: Path, stock: Path) -> None:
    """Its modules check their arguments before they connect, and here nobody answers."""
    text = (PLATFORM / "controller.yml").read_text(encoding="utf-8")
    playbook = tmp_path / told("platform/controller.yml").split()[-1]
    playbook.parent.mkdir()
    # Each task fails at its connection, and the next one is to be tried all the same.
    playbook.write_text(text.replace("  gather_facts: false\n", "  gather_facts: false\n  ignore_errors: true\n"))
    copy(PLATFORM / "variables.yml", playbook.parent)
    variables = yaml.load((PLATFORM / "variables.yml").read_text(encoding="utf-8"), _Loader)  # noqa: S506 # it is safe
    nowhere = {"CONTROLLER_HOST": "http://127.0.0.1:9", "CONTROLLER_OAUTH_TOKEN": "none"}

    run = Ansible(tmp_path, stock).playbook(
        str(playbook), {}, "--extra-vars", '{"environments": ["staging"]}', **nowhere
    )

    answers = [item for each in run.results for item in each.result.get("results", [each.result])]
    templates, schedules = variables["templates"], variables["schedules"]
    assert len(answers) == 6 + len(templates) + len(schedules), run.output
    assert {answer["msg"].partition(":")[0] for answer in answers} == {_NOBODY_THERE}, run.output
    assert set(variables["environments"]) == {folder.name for folder in (EXAMPLE / "inventories").iterdir()}
    assert {each["template"] for each in schedules} <= {each["name"] for each in templates}
    playbooks = {each.get("playbook", each["name"]) for each in templates}
    assert playbooks == {file.stem for file in (EXAMPLE / "playbooks").iterdir()}


_NOBODY_THERE = "There was an unknown error when trying to connect to http"


class _Loader(yaml.SafeLoader):
    """Reads texts that Ansible takes as they stand as nothing but texts."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def test_the_image_is_made_of_what_the_collection_says(tmp_path: Path, collections_path: Path) -> None:
    copytree(EXAMPLE, tmp_path, ignore=ignore_patterns("ansible_collections"), dirs_exist_ok=True)
    ansible = Ansible(tmp_path, collections_path)

    made = ansible.program(*shlex.split(told("ansible-builder")))
    found = ansible.program("ansible-builder", "introspect", str(collections_path))

    assert made.returncode == 0, made.stdout
    context = tmp_path / "context"
    asked = (EXAMPLE / "collections" / "requirements.yml").read_text()
    assert yaml.safe_load((context / "_build" / "requirements.yml").read_text()) == yaml.safe_load(asked)
    assert "quay.io/fedora/fedora" in (context / "Containerfile").read_text()
    for name in ("jsonschema", "mssql-python", "libltdl7", "libtool-ltdl"):
        assert re.search(rf"\b{name}\b.*weestimate", found.stdout), found.stdout
