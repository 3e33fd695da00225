# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is quoted of a program tells what is wrong, and no secret."""

from __future__ import annotations

import pytest
from canary import Canary

from ansible_collections.weestimate.mail.plugins.module_utils.relay.execution import Outcome
from ansible_collections.weestimate.mail.plugins.module_utils.relay.quoting import Quoter

PUBLIC = b"relayhost = [smtp.example.com]:587\n"
SECRET = b"""# Logins
[smtp.example.com]:587   notifications@example.com:pass:word with blanks
client_secret = c4nary~Q.8_-x
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
"""


def quoted(output: str) -> str:
    outcome = Outcome(("program",), "ended with status 1", output.encode())
    return "\n".join(Quoter([SECRET], [PUBLIC]).lines(outcome))


@pytest.mark.parametrize(
    "secret",
    [
        "[smtp.example.com]:587   notifications@example.com:pass:word with blanks",
        "notifications@example.com:pass:word",
        "pass:word with blanks",
        "blanks",
        "client_secret = c4nary~Q.8_-x",
        "c4nary~Q.8_-x",
        "C4NARY~Q.8_-X",
        "c4nary",
        "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF",
        "DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF",
    ],
)
def test_a_line_and_any_part_of_it_is_masked(secret: str) -> None:
    said = quoted(f"fatal: file /etc/x, line 3: bad «{secret}» here")
    assert said.startswith("fatal: file /etc/x, line 3: bad «")
    assert said.endswith("» here")
    assert secret.lower() not in said.lower()


def test_a_secret_is_masked_in_whatever_shape_a_program_repeats_it() -> None:
    canary = Canary.named("zebra4711")
    for shape in (canary, repr(str(canary)), canary.replace("'", "''"), f'"{canary}"'):
        outcome = Outcome(("program",), "ended with status 1", f"bad login {shape}!".encode())
        said = "".join(Quoter([f"smtp.example.com user:{canary}".encode()], [PUBLIC]).lines(outcome))
        assert "zebra" not in said
        assert canary.traces_in(said) == []


def test_what_is_public_stays_readable() -> None:
    assert quoted("cannot reach smtp.example.com port 587") == "cannot reach smtp.example.com port 587"


def test_the_end_of_what_was_said_is_quoted() -> None:
    lines = quoted("\n\n".join(f"line {number}" for number in range(100))).splitlines()
    assert (len(lines), lines[0], lines[-1]) == (20, "line 80", "line 99")
    assert len(quoted("x" * 5000)) == 2000


def test_a_secret_is_masked_before_it_can_be_cut_in_two() -> None:
    assert "nary" not in quoted("c4nary~Q.8_-x" + "y" * 1997)


def test_what_would_harm_a_terminal_is_left_out() -> None:
    assert quoted("\x1b[31mred\x07") == "[31mred"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (b"", "postfix -c '/etc/my postfix' check ended with status 1."),
        (b"one\ntwo.\n", "postfix -c '/etc/my postfix' check ended with status 1: one / two."),
    ],
)
def test_a_failure_is_a_sentence(output: bytes, sentence: str) -> None:
    outcome = Outcome(("postfix", "-c", "/etc/my postfix", "check"), "ended with status 1", output)
    assert Quoter([], []).sentence(outcome) == sentence
