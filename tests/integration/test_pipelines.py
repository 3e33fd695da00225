# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines of examples/gitops do what they say: their jobs are run as the files state them.

The repository of the collection is one that is made here, which git takes in place of the public one. In the place of
SQL Server and of the company's mail server are embedded ones, by a file of variables beside those of the example. The
comment on a merge request goes to a program and to a server that only keep it. ``pipelines.LEFT_OUT`` is not run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pipelines
import pytest
import yaml
from desk import journal
from harness import CHECKOUT, PROGRAMS
from mailserver import archive, certificates, process
from pipelines import Job, Outcome, Platform
from weestimate import database

EXAMPLE = CHECKOUT / "examples" / "gitops"
REPOSITORY = "https://github.com/weestimate/weestimate.mail"
HOSTS = {"staging": ("staging-east", "staging-west"), "production": ("quotes-east", "quotes-west")}
MAILBOX, MAILBOX_PASSWORD = "notifications@example.com", "example-of-the-mailbox"
SECRETS = (
    *("example-of-the-staging-database", "example-of-the-production-database", MAILBOX_PASSWORD),
    *("staging-example", "production-example", "the-token-of-a-bot"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection's repository, with this checkout as the release that the example asks for."""
    place = tmp_path_factory.mktemp("published") / "weestimate.mail.git"
    files = git(CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, files):
        if (CHECKOUT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes((CHECKOUT / name).read_bytes())
            (place / name).chmod((CHECKOUT / name).stat().st_mode)
    committed(place)
    git(place, "tag", asked_for())
    return place


def git(place: Path, *arguments: str) -> str:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True, text=True)
    return done.stdout


def committed(place: Path) -> None:
    git(place, "init", "--quiet")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "All of it")


def asked_for() -> str:
    """The release of the collection that the example installs."""
    (collection,) = yaml.safe_load((EXAMPLE / "collections" / "requirements.yml").read_text())["collections"]
    return collection["version"]


@dataclass(frozen=True)
class Site:
    """A checkout of the example, what it is applied to, and the platform that runs its jobs."""

    checkout: Path
    work: Path
    platform: Platform

    def github(self, workflow: str, job: str) -> list[Job]:
        known = {
            "github.actor": "alice",
            "github.event.pull_request.number": "7",
            "github.repository": "example/mail",
            "github.run_id": "1234",
            "github.server_url": "https://git.example.com",
            "github.token": "the-token-of-a-bot",
        }
        return pipelines.github(self.checkout / ".github" / "workflows" / workflow, known)[job]

    def gitlab(self, job: str, **known: str) -> list[Job]:
        known = {"GITLAB_USER_LOGIN": "alice", "CI_JOB_URL": "https://git.example.com/jobs/1234", **known}
        return pipelines.gitlab(self.checkout / ".gitlab-ci.yml", known)[job]

    def jobs(self, platform: str, purpose: str) -> list[Job]:
        """The jobs of a purpose, as they are called on each platform, in the order in which they have to run."""
        if platform == "github":
            return self.github(*PURPOSES[purpose][0])
        return [job for name in PURPOSES[purpose][1] for job in self.gitlab(name)]

    def run(self, jobs: list[Job]) -> list[Outcome]:
        """Run jobs one after the other; none of them may show a secret."""
        outcomes = [self.platform.run(job, self.checkout) for job in jobs]
        said = "".join(outcome.output for outcome in outcomes)
        assert not [secret for secret in SECRETS if secret in said], said
        return outcomes

    def database(self, host: str) -> Path:
        return self.work / f"{host}.db"

    def stored(self, host: str) -> dict[str, Any]:
        return database.read(self.database(host))

    def declare(self, name: str, replacements: dict[str, str]) -> None:
        """Edit a file of the checkout, as somebody who proposes a change."""
        file = self.checkout / name
        text = file.read_text(encoding="utf-8")
        for old, new in replacements.items():
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")


#: What each platform calls the jobs.
PURPOSES = {
    "validate": (("proposed.yml", "validate"), ("validate",)),
    "preview": (("proposed.yml", "preview"), ("preview",)),
    "comment": (("proposed.yml", "comment"), ("comment",)),
    "apply": (("merged.yml", "apply"), ("apply-staging", "apply-production")),
    "nightly": (("nightly.yml", "drift"), ("nightly",)),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a runner keeps between its jobs: the environments of pre-commit and the cache of Ansible."""
    return tmp_path_factory.mktemp("runner")


@pytest.fixture
def site(tmp_path: Path, shared: Path, published: Path) -> Iterator[Site]:
    checkout = tmp_path / "checkout"
    copytree(EXAMPLE, checkout, ignore=ignore_patterns("ansible_collections"))
    certificates.make(tmp_path / "certificates")
    configuration = {
        "mails": tmp_path / "mails",
        "certificates": tmp_path / "certificates",
        "accounts": {MAILBOX: {"password": MAILBOX_PASSWORD}},
    }
    (tmp_path / "bin").mkdir()
    with process.running(configuration, tmp_path) as ports:
        stand_ins(checkout, tmp_path, ports["submission"])
        committed(checkout)
        yield Site(checkout, tmp_path, Platform(tmp_path / "kept", environment(tmp_path, shared, published)))


def stand_ins(checkout: Path, work: Path, port: int) -> None:
    """Embedded instances and a mail server of this test, in variables that are read after those of the example."""
    common: dict[str, Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "weestimate_smtp_store": {
            "driver": "sqlite",
            "path": f"{work}/{{{{ inventory_hostname }}}}.db",
        },
        "weestimate_smtp_approval_server": {
            "kind": "command",
            "command": ["sh", "-c", f"echo once >>'{work}/{{{{ inventory_hostname }}}}.recycled'"],
        },
    }
    test = yaml.safe_load((EXAMPLE / "inventories/production/group_vars/weestimate/mail.yml").read_text())
    production = {
        "company_mail_server": "localhost",
        "weestimate_smtp_settings": {"smtp_port": port},
        "weestimate_smtp_test": {**test["weestimate_smtp_test"], "tls": {"ca_file": f"{work}/certificates/ca.pem"}},
    }
    for name, variables in {"staging": common, "production": {**common, **production}}.items():
        file = checkout / "inventories" / name / "group_vars" / "weestimate" / "zz-stand-ins.yml"
        file.write_text(f"---\n{yaml.safe_dump(variables)}", encoding="utf-8")
        for host in HOSTS[name]:
            database.create(work / f"{host}.db", {})


def environment(work: Path, shared: Path, published: Path) -> dict[str, str]:
    """The environment of a job, before what its file states: nothing of Ansible, of pytest or of another test."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "GIT_", "PYTHON"))}
    return {
        **inherited,
        "PATH": os.pathsep.join((str(work / "bin"), str(PROGRAMS), os.environ["PATH"])),
        "ANSIBLE_HOME": str(shared / "ansible"),
        "PRE_COMMIT_HOME": str(shared / "pre-commit"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{published.with_suffix('')}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
        "GITHUB_STEP_SUMMARY": str(work / "summary.md"),
        "LC_ALL": "C.UTF-8",
    }


on_both = pytest.mark.parametrize("platform", ["github", "gitlab"])


@on_both
def test_what_is_proposed_is_validated_without_a_credential(site: Site, platform: str) -> None:
    jobs = site.jobs(platform, "validate")

    assert [outcome.status for outcome in site.run(jobs)] == [0, 0]
    assert not [name for job in jobs for name in job.variables if re.search("PASSWORD|TOKEN", name)]
