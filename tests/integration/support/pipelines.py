# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines of examples/gitops: their files read as GitHub and GitLab read them, their lines run by a shell.

What such a platform does itself (checking out, keeping artifacts, giving secrets) is done here in its place, as far as
the example uses it. Whatever is not known here raises `KeyError` or `ValueError`, so that no part goes untried unseen.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from harness import CHECKOUT
from pages import Page

#: By what the commands of docs/gitops.md are told apart; each of them is run by a test.
COMMANDS = (
    *("weestimate.mail.validate", "encrypt_string", "pre-commit install", "pre-commit run", "platform/controller.yml"),
    *("ansible-builder", "bin/run-on-worker", "weestimate.mail.report"),
)


def told(part: str) -> str:
    """The only command of docs/gitops.md with this in it."""
    (command,) = (line for line in Page(CHECKOUT / "docs" / "gitops.md").commands if part in line)
    return command


#: What is not done: it fetches from the network, or was done before. All else in the files is.
LEFT_OUT = {
    "actions/checkout@v5",
    "actions/setup-python@v6",
    "python3 -m pip install --requirement requirements.txt",
}

Variables = Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """What a shell runs, or an ``action`` that the platform does with ``options``; ``always``: after a failure too."""

    script: str = ""
    action: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    always: bool = False


@dataclass(frozen=True)
class Job:
    """One job for one environment, with the environment variables that its file states."""

    name: str
    variables: Variables
    steps: Sequence[Step]


@dataclass
class Outcome:
    """What a job has printed, and the exit status of the step that it failed with, or 0."""

    status: int = 0
    output: str = ""


@dataclass(frozen=True)
class Platform:
    """Runs jobs in checkouts of their own; ``kept`` takes the artifacts."""

    kept: Path
    environment: Variables

    def run(self, job: Job, checkout: Path) -> Outcome:
        """Run the steps of a job in order; after a failure only those that run always."""
        outcome = Outcome()
        for step in job.steps:
            if outcome.status == 0 or step.always:
                self._step(step, job, checkout, outcome)
        return outcome

    def _step(self, step: Step, job: Job, checkout: Path, outcome: Outcome) -> None:
        if step.action:
            _ACTIONS[step.action.partition("@")[0]](self.kept, checkout, step.options)
        elif step.script.strip() not in LEFT_OUT:
            done = subprocess.run(
                # As both call it: GitHub "bash --noprofile --norc -eo pipefail", GitLab with set -eo pipefail.
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script],
                cwd=checkout,
                env={**self.environment, **job.variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
            outcome.output += done.stdout
            outcome.status = outcome.status or done.returncode


def _nothing(_kept: Path, _checkout: Path, _options: Mapping[str, Any]) -> None:
    """Of what is left out."""


def _keep(kept: Path, checkout: Path, options: Mapping[str, Any]) -> None:
    shutil.copytree(checkout / options["path"], kept / options["name"], dirs_exist_ok=True)


def _fetch(kept: Path, checkout: Path, options: Mapping[str, Any]) -> None:
    """All artifacts whose names fit, in one folder."""
    if options["merge-multiple"] is not True:
        raise ValueError(options)
    for artifact in kept.glob(options["pattern"]):
        shutil.copytree(artifact, checkout / options["path"], dirs_exist_ok=True)


_ACTIONS = {
    "actions/checkout": _nothing,
    "actions/setup-python": _nothing,
    "actions/upload-artifact": _keep,
    "actions/download-artifact": _fetch,
}


def github(file: Path, known: Variables) -> dict[str, list[Job]]:
    """The jobs of a workflow by name, one for each environment of the matrix; ``known`` fills ``${{ … }}``."""
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: list(_github_jobs(name, job, known)) for name, job in workflow["jobs"].items()}


def _github_jobs(name: str, job: Mapping[str, Any], known: Variables) -> Iterator[Job]:
    for environment in job.get("strategy", {}).get("matrix", {}).get("environment", [""]):
        given = {**known, "matrix.environment": environment, "secrets.VAULT_PASSWORD": f"{environment}-example"}
        stated = _filled(job, given)
        yield Job(f"{name} {environment}".strip(), stated["env"], [_github_step(step) for step in stated["steps"]])


def _github_step(step: Mapping[str, Any]) -> Step:
    unknown = step.keys() - {"name", "run", "uses", "with", "if"}
    if unknown or step.get("if", "always()") != "always()":
        raise ValueError(step)
    return Step(step.get("run", ""), step.get("uses", ""), step.get("with", {}), "if" in step)


def _filled(value: Any, known: Variables) -> Any:
    """A copy with each expression of GitHub's filled in."""
    if isinstance(value, dict):
        return {key: _filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], value) if isinstance(value, str) else value


def gitlab(file: Path, known: Variables) -> dict[str, list[Job]]:
    """The jobs of a GitLab pipeline by name, one for each environment; ``known`` are the platform's variables."""
    stated = yaml.safe_load(file.read_text(encoding="utf-8"))
    names = [name for name in stated if not name.startswith(".") and name not in ("stages", "default")]
    jobs = {name: _extended(stated, name) for name in names}
    return {name: list(_gitlab_jobs(name, jobs, known)) for name in names}


def _gitlab_jobs(name: str, jobs: Mapping[str, Mapping[str, Any]], known: Variables) -> Iterator[Job]:
    job = jobs[name]
    (matrix,) = job.get("parallel", {"matrix": [{}]})["matrix"]
    for environment in matrix.get("ENVIRONMENT", [job.get("variables", {}).get("ENVIRONMENT", "")]):
        # The vault's password is a variable of the environment that the job names, and of no other.
        secret = {"VAULT_PASSWORD": f"{environment}-example"} if "environment" in job else {}
        given = {**known, **secret, "ENVIRONMENT": environment}
        stated = {key: _expanded(text, given) for key, text in job.get("variables", {}).items()}
        lines = [line for line in (*job.get("before_script", ()), *job["script"]) if line not in LEFT_OUT]
        needed = [need for need in job.get("needs", ()) if "artifacts" in jobs[need]]
        steps = [
            *(Step(action="actions/download-artifact", options=_fetching(need)) for need in needed),
            Step("\n".join(lines)),
            *(_keeping(name, environment, job["artifacts"]) if "artifacts" in job else ()),
        ]
        yield Job(f"{name} {environment}".strip(), {**given, **stated}, steps)


def _fetching(need: str) -> dict[str, Any]:
    """All that the jobs of one name have kept lies where they had it."""
    return {"pattern": f"{need} *", "path": ".", "merge-multiple": True}


def _keeping(name: str, environment: str, artifacts: Mapping[str, Any]) -> Iterator[Step]:
    for path in artifacts["paths"]:
        options = {"name": f"{name} {environment}/{path}", "path": path}
        yield Step(action="actions/upload-artifact", options=options, always=artifacts["when"] == "always")


def _extended(stated: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A job with what it extends: mappings are merged, anything else is replaced."""
    job = stated[name]
    return _merged(_extended(stated, job["extends"]), job) if "extends" in job else job


def _merged(one: Any, other: Any) -> Any:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{key: _merged(one.get(key), value) for key, value in other.items()}}


def _expanded(text: str, known: Variables) -> str:
    return re.sub(r"\$(\w+)", lambda found: known[found[1]], text)
