# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the run, and what a user sees of a run of Ansible."""

from __future__ import annotations

import json
import os
import re
import shlex
import ssl
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import testinfra
import yaml
from hosts import FOLDER, SCENARIO, Relay, Unsafe, Upstream
from testinfra.host import Host

RELAYS = ("bookworm", "trixie")

_BLOCK = re.MULTILINE | re.DOTALL


class _Loader(yaml.SafeLoader):
    """Reads what Ansible does not take for a template as such."""


class _Dumper(yaml.SafeDumper):
    """Writes it as such."""


_Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))
_Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


@pytest.fixture(scope="session")
def run() -> dict[str, Any]:
    """Names and addresses of all hosts and networks, as create.yml found them."""
    return json.loads((FOLDER / "run.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def people() -> dict[str, Any]:
    """The variables of inventory/group_vars/all/people.yml that are text: the secrets."""
    text = (SCENARIO / "inventory/group_vars/all/people.yml").read_text(encoding="utf-8")
    return yaml.load(text, _Loader)  # noqa: S506 # it is a safe one


@pytest.fixture(scope="session")
def trust() -> ssl.SSLContext:
    """Trusts the authority of this run."""
    return ssl.create_default_context(cafile=FOLDER / "identities" / "ca.pem")


@pytest.fixture(scope="session")
def upstream(run: dict[str, Any]) -> Upstream:
    """The host of the upstreams."""
    return Upstream(
        testinfra.get_host(f"podman://{run['containers']['upstream']}"), run["addresses"]["upstream"]["inside"]
    )


@pytest.fixture(scope="session")
def foreign(run: dict[str, Any]) -> Host:
    """A host outside of the client networks."""
    return testinfra.get_host(f"podman://{run['containers']['foreign']}")


@pytest.fixture(scope="session")
def relays(run: dict[str, Any], people: dict[str, Any], trust: ssl.SSLContext) -> dict[str, Relay]:
    """All relays, by their names."""
    config = f"ssh_config={FOLDER / 'ssh_config'}"
    return {
        name: Relay(
            name,
            testinfra.get_host(f"ssh://{name}?{config}"),
            run["addresses"][name]["inside"],
            run["addresses"][name]["outside"],
            people["mail_relay_password"],
            trust,
        )
        for name in RELAYS
    }


@pytest.fixture(params=RELAYS)
def relay(request: pytest.FixtureRequest, relays: dict[str, Relay]) -> Relay:
    """Each relay in turn."""
    return relays[request.param]


class Run(NamedTuple):
    """What a user has of a run of ansible-playbook: its exit status, and all that it showed."""

    status: int
    shown: str

    def failure(self, error_code: str) -> dict[str, Any]:
        """The result of the task that failed with *error_code*; empty if none did."""
        found = (json.loads(text) for text in re.findall(r"^fatal: [^\n]* => (\{.*?^\})$", self.shown, _BLOCK))
        return next((result for result in found if result.get("error_code") == error_code), {})


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Run]:
    """Run a playbook as a user would who wants to see everything, with more variables."""
    options = [f"--inventory={path}" for path in (Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent, "inventory")]
    plain = ["env", f"--chdir={SCENARIO}", "ANSIBLE_FORCE_COLOR=false"]  # Molecule asks for colours
    file = tmp_path / "variables.yml"  # Ansible itself shows its command line at -vvvv

    def run(playbook: str, *arguments: str, **variables: Any) -> Run:
        file.write_text(yaml.dump(variables, Dumper=_Dumper, allow_unicode=True), encoding="utf-8")
        command = [
            *plain,
            "ansible-playbook",
            "-vvvv",
            "--diff",
            *options,
            playbook,
            f"--extra-vars=@{file}",
            *arguments,
        ]
        result = testinfra.get_host("local://").run(shlex.join(command))
        return Run(result.rc, result.stdout + result.stderr)

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the hosts have logged to the report of a test that failed."""
    report = yield
    for name in ("upstream", "relay"):
        if report.failed and name in getattr(item, "funcargs", {}):
            report.sections.append((f"journal of the {name}", _journal(item.funcargs[name].host)))
    return report


def _journal(host: Host) -> str:
    """What a host has logged last."""
    try:
        return str(host.run("journalctl --quiet --no-pager --output=cat --lines=60").stdout)
    except RuntimeError as error:  # as testinfra says that a host cannot be reached
        return str(error)
