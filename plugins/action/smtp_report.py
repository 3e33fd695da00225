# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_report: put what was found about all instances together, write it down, and say what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.environment import environment_of
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import (
    document,
    findings,
    html,
    junit,
    markdown,
    relay,
    verdict,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.files import PUBLIC, write_whole
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.finding import Subject, no_answer


class _Format(NamedTuple):
    """A file of the report: its name, and what makes its text of a document."""

    name: str
    render: Callable[[Mapping[str, Any]], Iterable[str]]


_FORMATS = {
    "json": _Format("drift.json", document.pieces),
    "junit": _Format("drift.xml", junit.render),
    "markdown": _Format("drift.md", markdown.render),
    "html": _Format("drift.html", html.render),
}

_SPEC: dict[str, dict[str, Any]] = {
    "findings": {"type": "path"},
    "source": {"type": "list", "elements": "path"},
    "expected": {"type": "list", "elements": "str", "default": []},
    "expected_relays": {"type": "list", "elements": "str", "default": []},
    "dest": {"type": "path", "default": "drift"},
    "formats": {"type": "list", "elements": "str", "choices": list(_FORMATS), "default": list(_FORMATS)},
    "fail_on_drift": {"type": "bool", "default": True},
    "run": {"type": "str"},
}


class ActionModule(FrontDesk):
    """Writes the report on a fleet."""

    SPEC = _SPEC
    _requires_connection = False

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        report = _document(arguments, task_vars.get("groups", {}))
        folder = Path(arguments["dest"]).absolute()
        files = {name: folder / _FORMATS[name].name for name in arguments["formats"]}
        for name, file in files.items():
            write_whole(file, _FORMATS[name].render(report), PUBLIC)
        return {
            "changed": False,
            "verdict": report["verdict"],
            "counts": report["counts"],
            "table": verdict.table(report),
            "files": {name: str(file) for name, file in files.items()},
            "fault": verdict.fault(
                report["instances"], report.get("relays", ()), drift_counts=arguments["fail_on_drift"]
            ),
        }


def _document(arguments: Mapping[str, Any], groups: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    if bool(arguments["findings"]) == bool(arguments["source"]):
        choice = schema.Violation("findings", "One of two sources is chosen", "Set findings or source, and not both.")
        raise schema.schema_invalid([choice], "The arguments")
    if arguments["source"]:
        return document.read(arguments["source"], now)
    known = list(findings.take(arguments["findings"]))
    heard = {kind: {each[kind] for each in known if kind in each} for kind in ("instance", "relay")}
    silences = [
        *_silences(set(arguments["expected"]) - heard["instance"], groups, _of_instance, now),
        *_silences(set(arguments["expected_relays"]) - heard["relay"], groups, _of_relay, now),
    ]
    return document.put_together([*known, *silences], arguments["run"] or "", now)


def _silences(
    names: Iterable[str],
    groups: Mapping[str, Iterable[str]],
    finding: Callable[[str, str, datetime], dict[str, Any]],
    now: datetime,
) -> Iterator[dict[str, Any]]:
    """The findings on what was to be examined, and of which nothing was heard."""
    members = {group: frozenset(hosts) for group, hosts in sorted(groups.items())} if names else {}
    for name in names:
        mine = [group for group, hosts in members.items() if name in hosts]
        yield finding(name, environment_of(None, mine), now)


def _of_instance(name: str, environment: str, now: datetime) -> dict[str, Any]:
    return no_answer(Subject(name, environment), now)


def _of_relay(name: str, environment: str, now: datetime) -> dict[str, Any]:
    return relay.no_answer(relay.Subject(name, environment), now)
