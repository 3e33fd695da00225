# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host of this run as seen over SSH, without the collection: its database, its service and its journal."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import testinfra
from testinfra.host import Host

UNIT = "weestimate-approval.service"
DIRECTORY = "/var/lib/weestimate/prod"
DATABASE = f"{DIRECTORY}/weestimate.sqlite3"

# What systemd itself writes to the journal each time it has started a unit (SD_MESSAGE_UNIT_STARTED).
UNIT_STARTED = "39f53479d3a045ac8e11786248231fbf"

_QUERY = """
import json, pathlib, sqlite3, sys
database = sqlite3.connect(pathlib.Path(sys.argv[1]).as_uri() + "?mode=ro", uri=True)
print(json.dumps(database.execute(sys.argv[2]).fetchall()))
"""


@dataclass(frozen=True)
class ApprovalServer:
    """An instance and its approval server on *host*."""

    host: Host

    def query(self, statement: str) -> list[list[Any]]:
        """The rows that an SQL *statement* finds in the instance's database."""
        return json.loads(self.host.check_output("python3 -c %s %s %s", _QUERY, DATABASE, statement))

    def options(self) -> dict[str, str | None]:
        """The SMTP group as it is stored."""
        statement = "SELECT optionName, optionValue FROM programOption WHERE optionGroup = 'SMTP'"
        return dict(self.query(statement))

    def tables(self) -> set[str]:
        """The names of all tables."""
        return {name for (name,) in self.query("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def health(self) -> dict[str, Any]:
        """What the running approval server says of itself: process, generation, settings."""
        return json.loads(self.host.check_output(f"python3 /opt/weestimate/weestimatectl control status {DIRECTORY}"))

    def unit(self, *properties: str) -> dict[str, str]:
        """Some *properties* of the unit, as systemd has them."""
        lines = self.host.check_output(f"systemctl show {UNIT} --property={','.join(properties)}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def times_started(self) -> int:
        """How often systemd has started the unit since the host booted."""
        journal = f"journalctl --quiet --unit={UNIT} --output=cat MESSAGE_ID={UNIT_STARTED}"
        return len(self.host.check_output(journal).splitlines())

    def override_unit(self, text: str) -> None:
        """Lay the drop-in *text* over the unit, in place of an earlier one. It counts from the next start on."""
        drop_in = f"/etc/systemd/system/{UNIT}.d"
        self.host.check_output(f"mkdir -p {drop_in} && printf %%s %s > {drop_in}/fault.conf", text)
        self.host.check_output(f"systemctl daemon-reload && systemctl reset-failed {UNIT}")


@pytest.fixture(scope="session")
def password() -> str:
    """The secret of inventory/group_vars/weestimate.yml."""
    return "m0lecule 'made' \"up\" {{ never }} [;--]"


@pytest.fixture(scope="session")
def canary(password: str) -> str:
    """The part of the password to search for: it reads the same however the whole has been quoted or escaped."""
    return password.split()[0]


@pytest.fixture
def approval_server(host: Host) -> ApprovalServer:
    """The instance under test."""
    return ApprovalServer(host)


class Run(NamedTuple):
    """What a user has of a run of ansible-playbook: its exit status, and all that it showed."""

    status: int
    shown: str

    def failure(self, error_code: str) -> dict[str, Any]:
        """The result of the task that failed with *error_code*; empty if none did."""
        found = (json.loads(text) for text in re.findall(r"^fatal: .* => (\{.*\})$", self.shown, re.MULTILINE))
        return next((result for result in found if result.get("error_code") == error_code), {})


@pytest.fixture(scope="session")
def apply() -> Callable[..., Run]:
    """Run the playbook weestimate.mail.apply, with more arguments, as a user would."""
    scenario = Path(__file__).parent.parent
    inventories = (Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent, scenario / "inventory")
    options = [f"--inventory={path}" for path in inventories]
    plain = ["env", "ANSIBLE_FORCE_COLOR=false"]  # Molecule asks for colours, which would be part of the text

    def run(*arguments: str) -> Run:
        command = [*plain, "ansible-playbook", *options, "weestimate.mail.apply", *arguments]
        result = testinfra.get_host("local://").run(shlex.join(command))
        return Run(result.rc, result.stdout + result.stderr)

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the service has said to the report of a test that failed."""
    report = yield
    if report.failed and "host" in getattr(item, "funcargs", {}):
        journal = item.funcargs["host"].run(f"systemctl status --no-pager --full --lines=50 {UNIT}")
        report.sections.append((f"systemctl status {UNIT}", journal.stdout + journal.stderr))
    return report
