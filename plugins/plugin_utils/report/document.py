# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as data: findings put together into the document of ``schemas/drift.schema.json``, or read from one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils.report import relay
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.finding import (
    DRIFTED,
    FAILED,
    IN_SYNC,
    STATES,
    WINDOW_EXPIRED,
)

FORMAT = 1

#: States that are not what is declared, and nobody's intention.
AMISS = (DRIFTED, WINDOW_EXPIRED)

_COLLECTION = Path(__file__).resolve().parents[3]

#: What each reader relies on; the whole shape is in the schema. The relays are there where one was examined.
_PARTS = {"format", "generated_at", "generated_by", "run", "verdict", "counts", "instances"}
RELAYS = "relays"

#: The parts that are lists of findings.
_LISTS = ("instances", RELAYS)


def put_together(findings: Iterable[Mapping[str, Any]], run: str, now: datetime) -> dict[str, Any]:
    """The document on these findings, of instances and of relays, in the order of environment and name."""
    of_relay: dict[bool, list[Mapping[str, Any]]] = {True: [], False: []}
    for finding in sorted(findings, key=_subject):
        of_relay[relay.is_one(finding)].append(finding)
    instances, relays = of_relay[False], of_relay[True]
    counts = Counter(finding["state"] for finding in instances)
    return {
        "format": FORMAT,
        "generated_at": now.isoformat(timespec="seconds"),
        "generated_by": f"weestimate.mail {_version()}",
        "run": run,
        "verdict": _verdict(counts),
        "counts": {state: counts[state] for state in STATES},
        "instances": instances,
        **({RELAYS: relays} if relays else {}),
    }


def read(files: Sequence[str], now: datetime) -> dict[str, Any]:
    """The document of a file, or what several say together: of what is in two of them, the later finding.

    Raises ``report_unusable``.
    """
    documents = [_read(Path(file).expanduser()) for file in files]
    if len(documents) == 1:
        return documents[0]
    newest: dict[tuple[str, str, bool], Mapping[str, Any]] = {}
    for finding in sorted(_findings(documents), key=lambda finding: finding["checked_at"]):
        newest[_subject(finding)] = finding
    runs = dict.fromkeys(document["run"] for document in documents if document["run"])
    return put_together(newest.values(), ", ".join(runs), now)


def pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """The document as JSON, a line for each finding, so that versions of it can be compared and searched."""
    head = {name: value for name, value in document.items() if name not in _LISTS}
    yield json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}")
    for name in _LISTS:
        if name in document:
            yield f',\n  "{name}": ['
            yield from _lines(document[name])
            yield "\n  ]"
    yield "\n}\n"


def _lines(findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    separator = "\n"
    for finding in findings:
        yield f"{separator}    {json.dumps(finding)}"
        separator = ",\n"


def _verdict(counts: Mapping[str, int]) -> str:
    # Of nothing at all, nothing is known.
    if counts[FAILED] or not any(counts.values()):
        return FAILED
    return DRIFTED if any(counts[state] for state in AMISS) else IN_SYNC


def _subject(finding: Mapping[str, Any]) -> tuple[str, str, bool]:
    """What a finding is on; one host may be an instance and a relay."""
    is_relay = relay.is_one(finding)
    return finding["environment"], finding["relay" if is_relay else "instance"], is_relay


def _findings(documents: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        for name in _LISTS:
            yield from document.get(name, ())


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(file, f"cannot be read: {error.strerror or type(error).__name__}") from None
    except ValueError:
        raise _unusable(file, "is not JSON") from None
    if not isinstance(document, dict) or document.keys() - {RELAYS} != _PARTS or document["format"] != FORMAT:
        raise _unusable(file, f"is not a drift report of format {FORMAT}")
    return document


def _unusable(file: Path, why: str) -> MailSettingsError:
    return MailSettingsError(
        "report_unusable", f"{file} {why}.", "Take a file drift.json that weestimate.mail.drift has written."
    )


def _version() -> str:
    """The collection's version: an installed one says it in its manifest, a checkout in what that is made from."""
    manifest = _COLLECTION / "MANIFEST.json"
    if manifest.exists():
        return json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    return yaml.safe_load((_COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))["version"]
