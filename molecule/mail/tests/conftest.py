# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user sees of a run of Ansible, and the mail servers as seen without the collection: mailboxes and logs."""

from __future__ import annotations

import base64
import email
import email.policy
import io
import json
import os
import re
import shlex
import sqlite3
import tarfile
from collections.abc import Callable, Generator
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import testinfra
from testinfra.host import Host

SCENARIO = Path(__file__).parent.parent
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
DATABASE = FOLDER / "instances" / "prod" / "weestimate.sqlite3"
TOKENS = FOLDER / "etc" / "mail-tokens"

_BLOCK = re.MULTILINE | re.DOTALL
_MAIL = re.compile(r"\./(?P<mailbox>[^/]+)/Maildir/(\.(?P<folder>[^/]+)/)?(new|cur)/.+")


class Run(NamedTuple):
    """What a user has of a run of ansible-playbook: its exit status, and all that it showed."""

    status: int
    shown: str

    def failure(self, error_code: str) -> dict[str, Any]:
        """The result of the task that failed with *error_code*; empty if none did."""
        found = (json.loads(text) for text in re.findall(r"^fatal: [^\n]* => (\{.*?^\})$", self.shown, _BLOCK))
        return next((result for result in found if result.get("error_code") == error_code), {})


@pytest.fixture(scope="session")
def play() -> Callable[..., Run]:
    """Run a playbook as a user would who wants to see everything, with more arguments."""
    options = [f"--inventory={path}" for path in (Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent, "inventory")]
    plain = ["env", f"--chdir={SCENARIO}", "ANSIBLE_FORCE_COLOR=false"]  # Molecule asks for colours

    def run(playbook: str, *arguments: str) -> Run:
        command = [*plain, "ansible-playbook", "-vvvv", *options, playbook, *arguments]
        result = testinfra.get_host("local://").run(shlex.join(command))
        return Run(result.rc, result.stdout + result.stderr)

    return run


@pytest.fixture(scope="session")
def played(play: Callable[..., Run]) -> Run:
    """The run of cases.yml, once for all tests."""
    return play("cases.yml")


@pytest.fixture(scope="session")
def results(played: Run) -> dict[str, Any]:
    """What came of each case of vars/cases.yml, and of watching for another program's mail."""
    assert played.status == 0, played.shown
    return json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def server() -> Host:
    """The container of the mail servers."""
    return testinfra.get_host(f"podman://{json.loads((FOLDER / 'server.json').read_text())['container']}")


class Instance:
    """The embedded WeEstimate, as it is without the collection."""

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows that an SQL *statement* finds in its database."""
        address = f"{DATABASE.as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(statement).fetchall()

    def options(self) -> dict[str, str | None]:
        """The SMTP group as it is stored."""
        return dict(self.query("SELECT optionName, optionValue FROM programOption WHERE optionGroup = 'SMTP'"))


@pytest.fixture(scope="session")
def instance() -> Instance:
    """The instance that the role brought to its settings."""
    return Instance()


class Mail(NamedTuple):
    """A mail that Dovecot has delivered into a folder of a mailbox; the folder of what is new is INBOX."""

    mailbox: str
    folder: str
    message: EmailMessage

    @property
    def token(self) -> str | None:
        """What smtp_test knows its mail by."""
        return self.message["X-WeEstimate-Mail-Test"]


@pytest.fixture(scope="session")
def mailboxes(server: Host) -> Callable[[], list[Mail]]:
    """All mail that lies in the mailboxes."""

    def read() -> list[Mail]:
        archive = server.run_expect([0], "tar --create --directory=/var/mail .").stdout_bytes
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            found = ((_MAIL.fullmatch(member.name), member) for member in files)
            return [_mail(match, files.extractfile(member).read()) for match, member in found if match]

    return read


def _mail(match: re.Match[str], content: bytes) -> Mail:
    message = email.message_from_bytes(content, policy=email.policy.default)
    return Mail(match["mailbox"], match["folder"] or "INBOX", message)


@pytest.fixture(scope="session")
def canaries() -> set[str]:
    """What gives a secret away: the password of inventory/group_vars/all/people.yml, or an access token.

    Of each there is only the part that reads the same however the whole is quoted, and that part in base64: AUTH PLAIN,
    LOGIN and XOAUTH2 send it among other octets, so all three alignments count.
    """
    secrets = ["m0lecule", *((TOKENS / name).read_text().split(".")[-1] for name in ("valid", "expired"))]
    return {form for secret in secrets for form in (secret, *_in_base64(secret.encode()))}


def _in_base64(secret: bytes) -> list[str]:
    """What *secret* looks like amid other octets in base64: only the characters that depend on nothing else."""
    encoded = (base64.b64encode(bytes(before) + secret).decode() for before in range(3))
    return [text[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6] for before, text in enumerate(encoded)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the mail servers have logged to the report of a test that failed."""
    report = yield
    if report.failed and "server" in getattr(item, "funcargs", {}):
        journal = item.funcargs["server"].run("journalctl --quiet --no-pager --output=cat --lines=50")
        report.sections.append(("the mail servers' journal", journal.stdout))
    return report
