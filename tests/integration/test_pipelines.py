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
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any
from urllib.parse import parse_qs

import pipelines
import pytest
import yaml
from desk import journal
from harness import CHECKOUT, PROGRAMS
from mailserver import archive, certificates, process
from pages import Page
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

    def elsewhere(self, place: Path) -> Site:
        """The same instances, for jobs of another branch: a checkout and artifacts of its own."""
        checkout = copytree(self.checkout, place / "branch", symlinks=True)
        return replace(self, checkout=checkout, platform=replace(self.platform, kept=place / "kept"))

    def github(self, workflow: str, job: str) -> list[Job]:
        known = {
            "github.actor": "alice",
            "github.event.pull_request.number": "7",
            "github.repository": "example/mail",
            "github.run_id": "1234",
            "github.server_url": "https://git.example.com",
            "github.token": "the-token-of-a-bot",
        }
        return pipelines.github(EXAMPLE / ".github" / "workflows" / workflow, known)[job]

    def gitlab(self, job: str, **known: str) -> list[Job]:
        known = {"GITLAB_USER_LOGIN": "alice", "CI_JOB_URL": "https://git.example.com/jobs/1234", **known}
        return pipelines.gitlab(EXAMPLE / ".gitlab-ci.yml", known)[job]

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
    """Instances that hold nothing yet."""
    with opened(tmp_path, shared, published) as site:
        yield site


@pytest.fixture(scope="module", params=["github", "gitlab"])
def merged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path, published: Path
) -> Iterator[tuple[Site, str]]:
    """Instances to which the jobs of a platform have applied what the example declares, and the platform."""
    platform = request.param
    with opened(tmp_path_factory.mktemp(platform), shared, published) as site:
        jobs = site.jobs(platform, "apply")
        outcomes = site.run(jobs)
        assert [job.variables["ENVIRONMENT"] for job in jobs] == ["staging", "production"]
        assert [outcome.status for outcome in outcomes] == [0, 0], outcomes
        yield site, platform


@contextmanager
def opened(work: Path, shared: Path, published: Path) -> Iterator[Site]:
    """A checkout of the example, with instances and a mail server that belong to it alone."""
    checkout = work / "checkout"
    copytree(EXAMPLE, checkout, ignore=ignore_patterns("ansible_collections"))
    certificates.make(work / "certificates")
    configuration = {
        "mails": work / "mails",
        "certificates": work / "certificates",
        "accounts": {MAILBOX: {"password": MAILBOX_PASSWORD}},
    }
    (work / "bin").mkdir()
    with process.running(configuration, work) as ports:
        stand_ins(checkout, work, ports["submission"])
        committed(checkout)
        yield Site(checkout, work, Platform(work / "kept", environment(work, shared, published)))


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


@pytest.mark.parametrize("platform", ["github", "gitlab"])
def test_what_is_proposed_is_validated_without_a_credential(site: Site, platform: str) -> None:
    jobs = site.jobs(platform, "validate")

    assert [outcome.status for outcome in site.run(jobs)] == [0, 0]
    assert not [name for job in jobs for name in job.variables if re.search("PASSWORD|TOKEN", name)]


def test_a_fault_in_what_is_proposed_stops_its_validation(site: Site) -> None:
    misspelt, _fine = site.jobs("gitlab", "validate")
    site.declare("inventories/staging/group_vars/weestimate/mail.yml", {"send_smtp_to_self: true": "send_smtp: yes"})
    site.declare("inventories/staging/group_vars/weestimate/instance.yml", {"smtp_approval_server:": "smtp_aproval:"})

    (outcome,) = site.run([misspelt])

    assert outcome.status == 2, outcome.output
    assert "settings.send_smtp: Only documented names are used. Did you mean send_smtp_to_self?" in outcome.output
    assert "Nothing reads weestimate_smtp_aproval." in outcome.output


def test_a_fault_in_the_file_of_a_profile_stops_a_commit(site: Site) -> None:
    def run(command: str) -> subprocess.CompletedProcess[str]:
        where = {"cwd": site.checkout, "env": dict(site.platform.environment)}
        return subprocess.run(command, shell=True, check=False, capture_output=True, text=True, **where)  # noqa: S602 # as CI does

    assert run(pipelines.told("pre-commit install")).returncode == 0
    assert run(pipelines.told("pre-commit run")).returncode == 0
    site.declare("profiles/branch_relay.yml", {"smtp_port: 25": "smtp_port: 465"})
    site.declare("profiles/company_mail.yml.j2", {"smtp_port: 587": "smtp_prt: 587"})
    site.declare("inventories/production/hosts.yml", {"quotes-east": "smtp_prt"})

    refused = run("git -c user.name=nobody -c user.email=nobody@example.com commit --all --message refused")

    assert refused.returncode == 1, refused.stderr
    faults = re.findall(r"^(profiles/\S+): ([\w.]+): (.*?)\.", refused.stdout + refused.stderr, re.MULTILINE)
    assert sorted(faults) == [
        ("profiles/branch_relay.yml", "settings.use_ssl", "Port 465 means implicit TLS"),
        ("profiles/company_mail.yml.j2", "settings.smtp_prt", "Only documented names are used"),
    ]
    assert git(site.checkout, "log", "--format=%s") == "All of it\n"


def test_what_is_merged_is_applied_and_the_journal_knows_the_pipeline(merged: tuple[Site, str]) -> None:
    site, _platform = merged

    assert site.stored("staging-west")["SMTP Address"] == "relay.branch.example.com"
    assert site.stored("quotes-west")["SMTP Password"] == MAILBOX_PASSWORD
    for host in (*HOSTS["staging"], *HOSTS["production"]):
        (entry,) = journal(site.database(host))
        assert entry["changedBy"] == "alice"
        assert "1234" in entry["run"]
        assert (site.work / f"{host}.recycled").read_text() == "once\n"
    # Production proves each change with mail, staging declares no test.
    assert len(list(archive.read(site.work / "mails"))) == len(HOSTS["production"])


def test_a_merge_request_is_told_what_merging_it_would_change(merged: tuple[Site, str], tmp_path: Path) -> None:
    site, platform = merged[0].elsewhere(tmp_path), merged[1]
    before = {host: site.stored(host) for hosts in HOSTS.values() for host in hosts}
    site.declare("inventories/staging/group_vars/weestimate/mail.yml", {"to_self: true": "to_self: false"})

    outcomes = site.run(site.jobs(platform, "preview"))

    assert [outcome.status for outcome in outcomes] == [0, 0], outcomes
    assert {host: site.stored(host) for hosts in HOSTS.values() for host in hosts} == before
    comment = comment_of(site, platform, tmp_path / "comment")
    changes = re.findall(r"^\| `(\S+)` \|.*\| Send SMTP to Self \| `Off` \| `On` \|", comment, re.MULTILINE)
    assert changes == list(HOSTS["staging"]), comment
    assert re.search(r"^\| `production` (\| 0 ){4}\| 2 \|$", comment, re.MULTILINE), comment


def comment_of(site: Site, platform: str, here: Path) -> str:
    """Run the job that comments on the merge request, in a checkout of its own; the body of its comment."""
    here.mkdir()
    return (commented_by_gh if platform == "github" else commented_by_curl)(replace(site, checkout=here))


def commented_by_gh(site: Site) -> str:
    """The client of GitHub needs GitHub; a program of its name keeps the file, if all else is as it has to be."""
    gh, sent = site.work / "bin" / "gh", site.work / "comment.sent"
    gh.write_text(
        "#!/bin/sh\n"
        'test "$GH_TOKEN/$GH_REPO" = the-token-of-a-bot/example/mail || exit 3\n'
        'test "$*" = "pr comment 7 --body-file comment.md --edit-last --create-if-none" || exit 4\n'
        f"cp comment.md '{sent}'\n"
    )
    gh.chmod(0o755)
    (outcome,) = site.run(site.github("proposed.yml", "comment"))
    assert outcome.status == 0, outcome.output
    return sent.read_text(encoding="utf-8")


def commented_by_curl(site: Site) -> str:
    with keeping_what_is_posted() as (port, posted):
        known = {
            "CI_API_V4_URL": f"http://127.0.0.1:{port}/api/v4",
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "COMMENT_TOKEN": "the-token-of-a-bot",
        }
        (outcome,) = site.run(site.gitlab("comment", **known))
    assert outcome.status == 0, outcome.output
    ((path, token, body),) = posted
    assert (path, token) == ("/api/v4/projects/5/merge_requests/7/notes", "the-token-of-a-bot")
    return body


@contextmanager
def keeping_what_is_posted() -> Iterator[tuple[int, list[tuple[str, str, str]]]]:
    """A server in GitLab's place: its port, and of each note its path, its token and its body."""
    posted: list[tuple[str, str, str]] = []

    class Notes(BaseHTTPRequestHandler):
        """Takes whatever is posted."""

        def do_POST(self) -> None:  # the name that the base class calls
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted.append((self.path, self.headers["PRIVATE-TOKEN"], parse_qs(form)["body"][0]))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Notes) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, posted
        finally:
            server.shutdown()
            thread.join()


def test_each_night_drift_fails_the_job_and_leaves_its_reports(merged: tuple[Site, str], tmp_path: Path) -> None:
    site, platform = merged[0].elsewhere(tmp_path), merged[1]
    staging, production = site.jobs(platform, "nightly")
    port = site.stored("quotes-west")["SMTP Port"]
    (in_sync,) = site.run([staging])
    database.write(site.database("quotes-west"), {"SMTP Port": "26"})
    (drifted,) = site.run([production])
    database.write(site.database("quotes-west"), {"SMTP Port": port})

    assert (in_sync.status, drifted.status) == (0, 2), drifted.output
    reports = list(site.platform.kept.rglob("drift.*"))
    assert {file.name for file in reports} == {"drift.json", "drift.xml", "drift.md", "drift.html"}
    assert not [secret for secret in SECRETS for file in reports if secret in file.read_text(encoding="utf-8")]
    (document,) = (json.loads(file.read_text()) for file in site.platform.kept.rglob("production/drift.json"))
    assert document["verdict"] == "drifted"
    assert "1234" in document["run"]
    ((option, how),) = {(each["name"], each["how"]) for each in document["instances"][1]["options"]}
    assert (option, how) == ("smtp_port", "hand_edit")
    if platform == "github":
        assert "quotes-west" in (site.work / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("program", "files"),
    [
        ("check-jsonschema --builtin-schema vendor.github-workflows", [*(EXAMPLE / ".github/workflows").iterdir()]),
        ("check-jsonschema --builtin-schema vendor.gitlab-ci", [EXAMPLE / ".gitlab-ci.yml"]),
        ("pre-commit validate-config", [EXAMPLE / ".pre-commit-config.yaml"]),
        ("pre-commit validate-manifest", [CHECKOUT / ".pre-commit-hooks.yaml"]),
    ],
)
def test_the_files_have_the_form_that_their_readers_ask_for(program: str, files: list[Path]) -> None:
    name, *arguments = program.split()
    done = subprocess.run([PROGRAMS / name, *arguments, *files], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_asks_for_this_release_everywhere() -> None:
    released = f"v{yaml.safe_load((CHECKOUT / 'galaxy.yml').read_text())['version']}"
    (hooks,) = yaml.safe_load((EXAMPLE / ".pre-commit-config.yaml").read_text())["repos"]

    assert (asked_for(), hooks["rev"], hooks["repo"]) == (released, released, REPOSITORY)


def test_every_step_that_is_left_out_is_in_the_files() -> None:
    files = [*(EXAMPLE / ".github" / "workflows").iterdir(), EXAMPLE / ".gitlab-ci.yml"]

    assert [step for step in pipelines.LEFT_OUT if not any(step in file.read_text() for file in files)] == []


def test_every_command_of_gitops_md_is_tried() -> None:
    told = [pipelines.told(part) for part in pipelines.COMMANDS]

    assert sorted(told) == sorted(Page(CHECKOUT / "docs" / "gitops.md").commands)
    here = (Path(__file__).read_text(), Path(__file__).with_name("test_platform.py").read_text())
    assert [part for part in pipelines.COMMANDS if not any(f'told("{part}")' in text for text in here)] == []
