# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances of this run as seen without the collection: their databases and their approval servers."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host


@dataclass(frozen=True)
class Instance:
    """One embedded WeEstimate in *directory*, on the machine *host*."""

    host: Host
    directory: Path

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows that an SQL *statement* finds in the database."""
        address = f"{(self.directory / 'weestimate.sqlite3').as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(statement).fetchall()

    def options(self) -> dict[str, str | None]:
        """The SMTP group as it is stored."""
        return dict(self.query("SELECT optionName, optionValue FROM programOption WHERE optionGroup = 'SMTP'"))

    def health(self) -> dict[str, Any]:
        """What the running approval server says of itself: process, generation, settings."""
        program = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], "demo", "weestimatectl")
        status = (sys.executable, str(program), "control", "status", str(self.directory))
        return json.loads(self.host.check_output(shlex.join(status)))


@pytest.fixture
def instance(host: Host) -> Callable[[str], Instance]:
    """The instance of a given name."""
    instances = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "instances")
    return lambda name: Instance(host, instances / name)


@pytest.fixture(params=["dev", "prod"])
def each_instance(request: pytest.FixtureRequest, instance: Callable[[str], Instance]) -> Instance:
    """One instance after the other."""
    return instance(request.param)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the approval servers have written to the report of a test that failed."""
    report = yield
    if report.failed:
        logs = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]).glob("instances/*/approval-server.log")
        report.sections.extend((str(log), log.read_text(encoding="utf-8")) for log in logs)
    return report
