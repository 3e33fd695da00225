# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that encode a password: what they get, what of their answer counts, and what is told when they fail."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from canary import Canary

from ansible_collections.weestimate.mail.plugins.module_utils import encoder
from ansible_collections.weestimate.mail.plugins.module_utils.encoder import Encoding
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError

SECRET = Canary.named("c4nary")
BASE64 = Encoding("command", ("base64", "-w0"), ("base64", "-d"))


def sh(script: str) -> Encoding:
    return Encoding("command", ("sh", "-c", script), ("sh", "-c", script))


def failure(encoding: Encoding, *, decoding: bool = False) -> MailSettingsError:
    with pytest.raises(MailSettingsError) as caught:
        encoding.from_store(SECRET) if decoding else encoding.to_store(SECRET)
    assert caught.value.code == "encoder_failed"
    told = f"{caught.value.result()} {caught.value!r}"
    assert SECRET.traces_in(told) == []
    return caught.value


def test_a_password_is_encoded_and_decoded() -> None:
    assert BASE64.to_store("pässword") == "cMOkc3N3b3Jk"
    assert BASE64.from_store("cMOkc3N3b3Jk") == "pässword"


def test_the_program_gets_exactly_the_password() -> None:
    """No line break is added, and none of its own is lost but one."""
    assert sh("od -An -tx1 -v | tr -d ' \n'").to_store("a\nb") == "610a62"


@pytest.mark.parametrize(
    ("printed", "stored"), [(r"x\n", "x"), (r"x\r\n", "x"), (r"x\n\n", "x\n"), ("x ", "x "), (r"\nx", "\nx")]
)
def test_one_line_break_at_the_end_is_cut(printed: str, stored: str) -> None:
    assert sh(f"cat > /dev/null; printf '{printed}'").to_store("any") == stored


@pytest.mark.parametrize("encoding", [Encoding(), BASE64, Encoding("opaque", ("false",), ("false",))])
def test_a_blank_password_is_a_blank_cell(encoding: Encoding) -> None:
    assert (encoding.to_store(""), encoding.from_store("")) == ("", "")


def test_a_plain_password_needs_no_program() -> None:
    assert (Encoding().to_store(SECRET), Encoding().from_store(SECRET)) == (SECRET, SECRET)


def test_what_cannot_be_decoded_is_said_to_be_unreadable() -> None:
    with pytest.raises(MailSettingsError) as caught:
        Encoding("opaque", ("true",)).from_store("stored")
    assert caught.value.code == "password_unreadable"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        (Encoding("command", ("/nowhere/encode",)), "layout.password.encode cannot be started (FileNotFoundError)"),
        (Encoding("command", ("/",)), "cannot be started (PermissionError)"),
        (Encoding("command", ("a\0b",)), "cannot be started (ValueError)"),
        (sh("cat >/dev/null; echo 'no   key' >&2; exit 3"), "ended with status 3: no key. "),
        (sh("exit 4"), "ended with status 4. "),
        (sh("kill -9 $$"), "ended with status -9. "),
        (sh("cat >/dev/null"), "printed nothing"),
        (sh("cat >/dev/null; echo"), "printed nothing"),
        (sh(r"cat >/dev/null; printf '\377'"), "printed something that is not UTF-8"),
    ],
)
def test_a_program_that_fails_is_told_of(encoding: Encoding, said: str) -> None:
    assert said in failure(encoding).message


@pytest.mark.parametrize("filter_", ["cat", "base64 -w0", "tr A-Z a-z"])
def test_what_it_complains_of_is_not_quoted_where_it_tells_the_secret(filter_: str) -> None:
    assert "ended with status 1. " in failure(sh(f"echo 'cannot encode:' >&2; {filter_} >&2; exit 1")).message


def test_what_a_decoder_complains_of_is_never_quoted() -> None:
    """It may tell the password, which is not known here."""
    assert "ended with status 1. " in failure(sh("echo 'it was hunter2' >&2; exit 1"), decoding=True).message


def test_a_program_that_hangs_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoder, "TIMEOUT", 0.5)
    mark = tmp_path / "still-there"
    began = time.monotonic()
    assert "has not ended after 0.5 seconds" in failure(sh(f"(sleep 3; touch '{mark}') & sleep 60")).message
    assert time.monotonic() - began < 3
    time.sleep(max(0.0, began + 4 - time.monotonic()))
    assert not mark.exists()


def test_the_secret_is_in_neither_arguments_nor_environment() -> None:
    """The program looks at itself, and at its parent's arguments."""
    script = "import os, sys; sys.stdin.read(); print(open('/proc/self/cmdline').read(), os.environ)"
    seen = Encoding("command", (sys.executable, "-c", script)).to_store(SECRET)
    assert "sys.stdin" in seen
    assert SECRET.traces_in(seen) == []


def test_an_encoding_is_stated_as_it_was_given() -> None:
    stated = {"encoding": "opaque", "encode": ["encode", "-x"], "decode": ["decode"]}
    assert Encoding.from_arguments(stated).as_arguments() == stated
    assert Encoding.from_arguments(None).as_arguments() == {"encoding": "plain"}
