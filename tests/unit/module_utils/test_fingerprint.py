# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fingerprint recognises its password, tells nothing else, and survives whatever somebody wrote in its place."""

from __future__ import annotations

import time

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.fingerprint import fingerprint, matches

KNOWN = fingerprint("correct horse")
METHOD, COST, BLOCK, PARALLEL, SALT, HASH = KNOWN.split(":")


@pytest.mark.parametrize("password", ["", "a", "pa:ss", "Grüße", "\ud800", "\0", "x" * 20_000])
def test_a_password_matches_its_fingerprint(password: str) -> None:
    assert matches(password, fingerprint(password))


@pytest.mark.parametrize("password", ["", "Correct horse", "correct horse ", pytest.param(KNOWN, id="fingerprint")])
def test_another_password_does_not(password: str) -> None:
    assert not matches(password, KNOWN)


def test_two_fingerprints_of_one_password_differ() -> None:
    assert fingerprint("same") != fingerprint("same")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="nothing"),
        pytest.param("", id="blank"),
        pytest.param("correct horse", id="the password itself"),
        pytest.param(f"bcrypt:{COST}:{BLOCK}:{PARALLEL}:{SALT}:{HASH}", id="another method"),
        pytest.param(f"scrypt:{COST}:{BLOCK}:{PARALLEL}:{SALT}", id="a field too few"),
        pytest.param(f"scrypt:many:{BLOCK}:{PARALLEL}:{SALT}:{HASH}", id="a cost in words"),
        pytest.param(f"scrypt:{2**40}:{BLOCK}:{PARALLEL}:{SALT}:{HASH}", id="a cost beyond all memory"),
        pytest.param(f"scrypt:{10**30}:{BLOCK}:{PARALLEL}:{SALT}:{HASH}", id="a cost beyond all integers"),
        pytest.param(f"scrypt:{COST}:0:{PARALLEL}:{SALT}:{HASH}", id="no blocks"),
        pytest.param(f"scrypt:{COST}:{BLOCK}:{PARALLEL}:{SALT}:{HASH[1:]}", id="a hash cut short"),
        pytest.param(f"scrypt:{COST}:{BLOCK}:{PARALLEL}:{SALT}:ümläut", id="a hash that is no base64"),
    ],
)
def test_what_is_no_fingerprint_of_ours_matches_nothing(text: str) -> None:
    assert not matches("correct horse", text)


def test_a_guess_takes_its_time() -> None:
    start = time.process_time()
    matches("guess", KNOWN)

    assert time.process_time() - start > 0.01
