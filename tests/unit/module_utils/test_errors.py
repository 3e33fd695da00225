# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every failure has a code that is used, a sentence about what happened and one about what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.errors import CODES, MailSettingsError

COLLECTION = Path(__file__).resolve().parents[3]
PYTHON = [path for path in sorted((COLLECTION / "plugins").rglob("*.py")) if path.name != "errors.py"]
YAML = sorted((COLLECTION / "roles").rglob("*.yml"))


def raised_directly() -> Iterator[tuple[str, ast.Call]]:
    """Every call that makes an error, with the place of it."""
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MailSettingsError":
                yield f"{path.relative_to(COLLECTION)}:{node.lineno}", node


def last_words(node: ast.expr) -> str:
    """The literal end of a text, or nothing where it ends with a variable."""
    while isinstance(node, ast.JoinedStr):
        node = node.values[-1]
    return str(node.value) if isinstance(node, ast.Constant) else ""


CALLS = dict(raised_directly())


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_used(code: str) -> None:
    quoted = re.compile(rf"""["']{code}["']|error_code: {code}\b""")

    assert any(quoted.search(path.read_text(encoding="utf-8")) for path in PYTHON + YAML)


def test_no_other_code_can_be_used() -> None:
    with pytest.raises(ValueError, match="no_such_code"):
        raise MailSettingsError("no_such_code", "It happened.", "Undo it.")


@pytest.mark.parametrize("place", CALLS)
def test_the_code_of_a_call_is_known(place: str) -> None:
    code = CALLS[place].args[0]

    assert not isinstance(code, ast.Constant) or code.value in CODES


@pytest.mark.parametrize("place", CALLS)
def test_message_and_remedy_end_with_a_full_stop(place: str) -> None:
    _code, message, remedy = CALLS[place].args

    # A text that is a variable is judged where it is raised for real, by the tests of its module.
    for text in (message, remedy):
        assert last_words(text).rstrip("\n") == "" or last_words(text).rstrip("\n").endswith("."), place


@pytest.mark.parametrize("table", ["sqlite", "mssql"])
def test_the_tables_of_database_failures_are_worded_alike(table: str) -> None:
    module = __import__(
        f"ansible_collections.weestimate.mail.plugins.module_utils.stores.{table}", fromlist=["_FAILURES"]
    )

    for _words, code, what, remedy in module._FAILURES:
        assert code in CODES
        assert not what.endswith(".")
        assert remedy.endswith(".")


def test_an_error_becomes_a_failed_result() -> None:
    error = MailSettingsError("lock_timeout", "It is locked.", "Wait.", options=["smtp_port"])

    assert error.result() == {
        "failed": True,
        "msg": "It is locked. Wait.",
        "error_code": "lock_timeout",
        "remedy": "Wait.",
        "options": ["smtp_port"],
    }
    assert str(error) == "It is locked."


def test_details_cannot_hide_the_failure() -> None:
    error = MailSettingsError("lock_timeout", "It is locked.", "Wait.", failed=False, msg="fine", error_code="none")

    assert error.result() == MailSettingsError("lock_timeout", "It is locked.", "Wait.").result()
