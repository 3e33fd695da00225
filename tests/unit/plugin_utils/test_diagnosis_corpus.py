# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often the diagnosis is right, over replies that were labelled by people; the figures are printed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.causes import CAUSES
from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import Diagnosis, diagnose

OWN = Path(__file__).parent / "data" / "replies.txt"
#: A further corpus lies beside the checkout, or where the environment says.
SHARED = Path(
    os.environ.get("WEESTIMATE_CORPUS")
    or Path(__file__).resolve().parents[4] / "shared" / "corpus" / "smtp_failures_dev.json"
)

WANTED_CAUSES = 0.97
WANTED_RETRIES = 0.95


class Labelled(NamedTuple):
    """A failure with what a person says of it; of ``causes`` any is right."""

    name: str
    diagnosis: Diagnosis
    causes: Sequence[str]
    permanent: bool


def own() -> list[Labelled]:
    """The replies kept here, diagnosed without their codes, which are in the text."""
    lines = OWN.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ", 4) for line in lines if line and not line.startswith("#")]
    return [
        Labelled(text, diagnose(stage, text, provider=provider), causes.split(","), retry == "final")
        for stage, provider, causes, retry, text in rows
    ]


def shared() -> list[Labelled]:
    if not SHARED.is_file():
        pytest.skip(f"the corpus {SHARED.name} is not there; WEESTIMATE_CORPUS names its place")
    return [
        Labelled(
            entry["id"],
            diagnose(entry["stage"], entry["text"], entry["code"], entry["enhanced"], entry["provider"]),
            [entry["cause"], *entry.get("alt_causes", ())],
            entry["permanent"],
        )
        for entry in json.loads(SHARED.read_bytes())
    ]


@pytest.mark.parametrize("corpus", [own, shared])
def test_causes_and_retries_are_right(
    corpus: Callable[[], list[Labelled]], record_property: Callable[[str, str], None]
) -> None:
    entries = corpus()

    wrong = [f"{e.name}: {e.diagnosis.cause}, not {e.causes[0]}" for e in entries if e.diagnosis.cause not in e.causes]
    misjudged = [e.name for e in entries if e.diagnosis.permanent != e.permanent]

    causes, retries = (1 - len(missed) / len(entries) for missed in (wrong, misjudged))
    name = f"diagnosis, {corpus.__name__} corpus of {len(entries)} replies"
    record_property("figure", f"{name}: causes {causes:.1%}, retry judgement {retries:.1%}")
    assert causes >= WANTED_CAUSES, wrong
    assert retries >= WANTED_RETRIES, misjudged


def test_the_corpus_kept_here_has_every_cause() -> None:
    assert {cause for entry in own() for cause in entry.causes} == set(CAUSES)
