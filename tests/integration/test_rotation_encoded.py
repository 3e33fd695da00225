# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation of passwords that are stored encoded, from the controller and on the target."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import info
from harness import Run, Unsafe
from mailboxes import NEW, OLD, Mailboxes, failing, opened, password

pytestmark = pytest.mark.slow

TEST = "weestimate.mail.smtp_test"
DECODE = ["sh", "-c", "sed 's/.*://' | base64 -d"]
SALTED = ["sh", "-c", "echo $(head -c 9 /dev/urandom | base64):$(base64 -w0)"]
ENCODINGS: dict[str, dict[str, Any]] = {
    "command": {"encoding": "command", "encode": ["base64", "-w0"], "decode": DECODE},
    "opaque": {"encoding": "opaque", "encode": SALTED, "decode": DECODE},
    "blind": {"encoding": "opaque", "encode": SALTED},
    "broken": {"encoding": "command", "encode": ["sh", "-c", "echo no key >&2; exit 3"]},
}
HOSTS = {
    "command_one": ("command", "controller"),
    "opaque_one": ("opaque", "controller"),
    "opaque_there": ("opaque", "target"),
    "blind_one": ("blind", "controller"),
    "broken_one": ("broken", "controller"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[Mailboxes]:
    with opened(tmp_path_factory.mktemp("site"), collections_path, [*HOSTS, "back"]) as site:
        for host in HOSTS:
            site.share(host, [host], password=f"x:{encoded(OLD)}")
            site.valid(host, NEW)
        yield site


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decoded(site: Mailboxes, host: str) -> str:
    (stored,) = site.stored(host)
    return base64.b64decode(stored.rpartition(":")[2]).decode()


def variables() -> dict[str, dict[str, Any]]:
    return {
        host: {
            **password(Unsafe(NEW), layout={"password": ENCODINGS[name]}, run_on=place),
        }
        for host, (name, place) in HOSTS.items()
    }


@pytest.fixture(scope="module")
def first(site: Mailboxes) -> Run:
    return site.rotate(variables(), "-vvvv", "--diff", ANSIBLE_DISPLAY_ARGS_TO_STDOUT="True")


@pytest.mark.parametrize("host", HOSTS)
def test_each_way_to_write_a_password_is_written_or_refused(site: Mailboxes, first: Run, host: str) -> None:
    name, _place = HOSTS[host]
    failure = first.failures.get(host, {})
    if name == "broken":
        assert (failure.get("error_code"), decoded(site, host)) == ("encoder_failed", OLD), first.output
        assert "no key" in failure["msg"]
    else:
        assert not failure, first.output
        assert decoded(site, host) == NEW
        assert site.entries(host) == [("change", "confirmed")]
        assert site.arrived(host) == 1


def test_no_form_of_a_password_is_shown(first: Run) -> None:
    for text in (first.output, str(first.results)):
        assert [form for form in ("c4nary", encoded(OLD), encoded(NEW)) if form in text] == []


@pytest.mark.usefixtures("first")
def test_the_same_password_once_more_changes_nothing(site: Mailboxes) -> None:
    hosts = {host: each for host, each in variables().items() if host != "broken_one"}
    before = {host: site.fleet.database(host).read_bytes() for host in hosts}
    again = site.rotate(hosts)
    assert again.succeeded, again.output
    assert again.changed == set()
    assert {host: site.fleet.database(host).read_bytes() for host in hosts} == before
    assert {host: site.fleet.recycled(host) for host in hosts} == dict.fromkeys(hosts, 1)


@pytest.mark.usefixtures("first")
def test_a_hand_edit_of_an_opaque_password_shows(site: Mailboxes) -> None:
    host = "opaque_one"
    site.edit(host, SMTP_Password=f"y:{encoded(NEW)}")
    task = info(site.fleet.database(host), layout={"password": ENCODINGS["opaque"]})
    play = {"name": "Look", "hosts": host, "gather_facts": False, "tasks": [{"name": "Look", **task}]}
    (looked,) = site.fleet.play([play], {host: {}}).of("weestimate.mail.smtp_settings_info")
    assert looked.result["edited_since"] == ["smtp_password"]
    again = site.rotate({host: variables()[host]})
    assert (host, "Write the new password") in again.changed, again.output


def test_going_back_writes_what_was_stored(site: Mailboxes) -> None:
    """What nobody can decode is recycled as well, but not tested."""
    site.valid("back", OLD, NEW)
    stored = f"salt:{encoded(OLD)}"
    hosts = {"back_one": "opaque", "back_blind": "blind"}
    site.share("back", list(hosts), password=stored)
    run = site.rotate(
        {
            host: {**password(Unsafe(NEW), layout={"password": ENCODINGS[name]}), **failing(1)}
            for host, name in hosts.items()
        }
    )
    assert {host: failure["error_code"] for host, failure in run.failures.items()} == dict.fromkeys(
        hosts, "rolled_back"
    ), run.output
    assert site.stored(*hosts) == [stored, stored]
    assert {host: site.arrived(host) for host in hosts} == {"back_one": 1, "back_blind": 0}
    assert {host: site.fleet.recycled(host) for host in hosts} == dict.fromkeys(hosts, 2)
