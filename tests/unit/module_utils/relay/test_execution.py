# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that end, fail, hang, and leave others behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.relay.execution import run, run_until


def shell(script: str, timeout: float = 20) -> tuple[str, str]:
    """How a script ended, and what it said on both of its outputs."""
    outcome = run(["sh", "-c", script], timeout)
    return outcome.ending, outcome.output.decode()


def test_success_has_no_words() -> None:
    assert shell("echo out; echo err >&2") == ("", "out\nerr\n")


def test_a_program_reads_nothing_and_speaks_plain_english() -> None:
    assert shell("cat; echo $LC_ALL") == ("", "C.UTF-8\n")


def test_programs_of_the_system_are_found_whatever_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["true"], 20).ending == ""


def test_of_a_long_output_the_last_lines_are_kept() -> None:
    ending, output = shell("yes 'a line' | head -n 100000; echo the end; exit 1")
    assert (ending, output[:7], output[-8:]) == ("ended with status 1", "a line\n", "the end\n")
    assert 60_000 < len(output) < 1 << 16


def test_nothing_is_kept_of_a_line_that_was_cut() -> None:
    assert shell("head -c 70000 /dev/zero | tr '\\0' y")[1] == ""


def test_a_daemon_that_a_program_leaves_behind_is_not_waited_for_and_lives_on(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    began = time.monotonic()
    assert shell(f"(sleep 1; echo said later; touch {proof}) & echo started") == ("", "started\n")
    assert time.monotonic() - began < 1
    while not proof.exists():
        assert time.monotonic() - began < 20
        time.sleep(0.05)


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    ending, output = shell(f"echo so far; sleep 30 & echo $! >{tmp_path}/child; wait", timeout=1)
    assert (ending, output) == ("has not ended after 1 seconds", "so far\n")
    assert time.monotonic() - began < 10
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    while child.exists() and ") Z " not in child.read_text():
        assert time.monotonic() - began < 20
        time.sleep(0.05)


@pytest.mark.parametrize("command", [["no-such-program"], [os.devnull], ["a\0b"]])
def test_what_cannot_be_started_is_an_ending_too(command: list[str]) -> None:
    outcome = run(command, 20)
    assert outcome.ending.startswith("cannot be started (")
    assert outcome.missing is (command == ["no-such-program"])


def test_a_program_is_run_again_until_it_succeeds(tmp_path: Path) -> None:
    script = f"echo x >>{tmp_path}/runs; test $(wc -l <{tmp_path}/runs) -eq 3"
    assert run_until(["sh", "-c", script], time.monotonic() + 20).ending == ""
    assert (tmp_path / "runs").read_text() == "x\n" * 3


def test_it_is_run_once_although_the_time_is_over(tmp_path: Path) -> None:
    assert run_until(["sh", "-c", f"touch {tmp_path}/run"], time.monotonic() - 5).ending == ""
    assert (tmp_path / "run").exists()


def test_the_last_failure_is_the_one_that_is_told() -> None:
    assert run_until(["sh", "-c", "exit 7"], time.monotonic() + 1).ending == "ended with status 7"
