# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A layout finds the options in a table as it is, reads and writes their values, and refuses what does not fit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programoption import Database

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout, Row, decode_all
from ansible_collections.weestimate.mail.plugins.module_utils.options import BY_NAME, OPTIONS

DEFAULT = Layout()
YES_NO = Layout(true_word="Y", false_word="N")


def refusal(layout: Layout, name: str, stored: Any) -> MailSettingsError:
    with pytest.raises(MailSettingsError) as caught:
        layout.decode(BY_NAME[name], stored)
    assert caught.value.code == "option_undecodable"
    return caught.value


class TestStatedByTheUser:
    @pytest.mark.parametrize("key", ["SMTP Password", "smtp pwd", "MailSecret"])
    def test_a_password_cannot_be_taken_for_an_option_that_is_shown(self, key: str) -> None:
        with pytest.raises(MailSettingsError) as caught:
            Layout.from_arguments({"keys": {"smtp_user": key, "smtp_password": "SMTP User"}})

        assert caught.value.code == "schema_invalid"
        assert caught.value.details["violations"][0]["path"] == "layout.keys.smtp_user"

    def test_nothing_stated_is_the_documented_default(self) -> None:
        assert Layout.from_arguments(None) == Layout.from_arguments({}) == DEFAULT
        assert DEFAULT.as_arguments() == {
            "table": {"name": "programOption"},
            "columns": {"group": "optionGroup", "key": "optionName", "value": "optionValue"},
            "group": "SMTP",
            "keys": {option.name: option.label for option in OPTIONS},
            "booleans": {"true": "TRUE", "false": "FALSE"},
        }

    @pytest.mark.parametrize(
        ("stated", "field", "value"),
        [
            ({"table": {"name": "Settings"}}, "table", "Settings"),
            ({"table": {"schema": "wes"}}, "schema", "wes"),
            ({"columns": {"group": "Category"}}, "group_column", "Category"),
            ({"columns": {"key": "Code"}}, "key_column", "Code"),
            ({"columns": {"value": "Setting"}}, "value_column", "Setting"),
            ({"group": "Mail"}, "group", "Mail"),
            ({"booleans": {"true": "Y"}}, "true_word", "Y"),
            ({"booleans": {"false": "N"}}, "false_word", "N"),
        ],
    )
    def test_one_statement_changes_one_thing(self, stated: dict[str, Any], field: str, value: str) -> None:
        assert Layout.from_arguments(stated) == Layout(**{field: value})

    def test_one_stated_key_leaves_the_others(self) -> None:
        keys = Layout.from_arguments({"keys": {"smtp_port": "Port"}}).keys

        assert keys == {**DEFAULT.keys, "smtp_port": "Port"}

    @pytest.mark.parametrize("part", ["table", "columns", "group", "keys", "booleans"])
    def test_null_is_as_if_it_had_not_been_written(self, part: str) -> None:
        inner = dict.fromkeys(("schema", "name", "group", "key", "value", "smtp_port", "true", "false"))

        assert Layout.from_arguments({part: None}) == DEFAULT
        if part != "group":
            assert Layout.from_arguments({part: inner}) == DEFAULT

    def test_the_engine_has_its_say_on_the_schema(self) -> None:
        assert Layout.from_arguments({}, "dbo").schema == "dbo"
        assert Layout.from_arguments({"table": {"schema": "wes"}}, "dbo").schema == "wes"

    def test_what_it_is_in_arguments_means_the_same_again(self) -> None:
        layout = Layout("s", "t", "g", "k", "v", "Mail", {**DEFAULT.keys, "use_ssl": "TLS"}, "on", "off")

        assert Layout.from_arguments(layout.as_arguments()) == layout

    @pytest.mark.parametrize(
        ("stated", "path"),
        [
            pytest.param({"keys": {"smtp_user": "SMTP Password"}}, "keys", id="a default key twice"),
            pytest.param({"keys": {"use_ssl": "x", "smtp_port": "X "}}, "keys", id="alike but for case"),
            pytest.param({"booleans": {"true": "1", "false": "1"}}, "booleans", id="one word for both"),
            pytest.param({"booleans": {"true": "false"}}, "booleans", id="the default of the other"),
            pytest.param({"booleans": {"false": " "}}, "booleans", id="a blank word"),
        ],
    )
    def test_a_layout_that_cannot_tell_two_things_apart_is_refused(self, stated: dict[str, Any], path: str) -> None:
        with pytest.raises(MailSettingsError) as caught:
            Layout.from_arguments(stated)

        assert caught.value.code == "schema_invalid"
        assert [violation["path"] for violation in caught.value.details["violations"]] == [f"layout.{path}"]


class TestFindingTheRows:
    @pytest.mark.parametrize("key", ["SMTP Port", "smtp port", "SMTP PORT", "SMTP Port   "])
    def test_keys_compare_without_case_and_trailing_blanks(self, key: str) -> None:
        assert DEFAULT.locate([Row(key, "587")]) == {"smtp_port": Row(key, "587")}

    @pytest.mark.parametrize("key", [" SMTP Port", "SMTPPort", "SMTP_Port", "", 7, None, b"SMTP Port"])
    def test_what_is_spelled_otherwise_is_another_option(self, key: Any) -> None:
        assert DEFAULT.locate([Row(key, "587")]) == {}

    @pytest.mark.parametrize("second", ["SMTP Port", "smtp port "])
    def test_two_rows_for_one_option_are_refused(self, second: str) -> None:
        with pytest.raises(MailSettingsError, match="2 rows for smtp_port") as caught:
            DEFAULT.locate([Row("SMTP Port", "587"), Row(second, "25")])

        assert (caught.value.code, caught.value.details) == ("option_duplicate", {"option": "smtp_port"})

    def test_two_rows_for_somebody_elses_option_are_their_affair(self) -> None:
        assert DEFAULT.locate([Row("Theirs", "1"), Row("theirs", "2")]) == {}

    def test_a_missing_option_is_named_together_with_what_is_there(self) -> None:
        error = DEFAULT.missing(["use_ssl", "smtp_port"], [Row("SMTP User", "u"), Row("SMTP Port No", "587")])

        assert (error.code, error.details) == ("option_missing", {"options": ["smtp_port", "use_ssl"]})
        assert "no row for smtp_port ('SMTP Port'), use_ssl ('Use SSL')" in error.message
        assert "'SMTP Port No', 'SMTP User'" in error.message

    def test_an_empty_group_is_said_to_be_empty(self) -> None:
        assert "no row at all" in DEFAULT.missing(["use_ssl"], []).message

    def test_where_no_key_is_known_none_is_shown_because_they_may_be_the_values(self) -> None:
        swapped = [Row("smtp.example.com", "SMTP Address"), Row("hunter2", "SMTP Password")]

        message = DEFAULT.missing(["smtp_address"], swapped).message

        assert "hunter2" not in message
        assert "2 rows" in message


class TestReadingValues:
    @pytest.mark.parametrize("stored", ["TRUE", "true", "True ", " tRuE", "1", "yes", "YES", 1, True])
    def test_true_is_read_in_many_words(self, stored: Any) -> None:
        assert DEFAULT.decode(BY_NAME["use_ssl"], stored) is True

    @pytest.mark.parametrize("stored", ["FALSE", "false", "False ", "0", "no", "No", 0, False])
    def test_false_is_read_in_many_words(self, stored: Any) -> None:
        assert DEFAULT.decode(BY_NAME["use_ssl"], stored) is False

    @pytest.mark.parametrize(("stored", "value"), [("Y", True), ("n", False), ("TRUE", True), ("0", False)])
    def test_stated_words_are_read_besides_the_common_ones(self, stored: str, value: bool) -> None:
        assert YES_NO.decode(BY_NAME["use_ssl"], stored) is value

    def test_stated_words_win_over_the_common_ones(self) -> None:
        inverted = Layout(true_word="0", false_word="-1")

        assert inverted.decode(BY_NAME["use_ssl"], 0) is True
        assert inverted.decode(BY_NAME["use_ssl"], "-1") is False

    @pytest.mark.parametrize(("stored", "value"), [("587", 587), (" 587 ", 587), (587, 587), ("0025", 25)])
    def test_a_port_is_read_from_text_and_number(self, stored: Any, value: int) -> None:
        assert DEFAULT.decode(BY_NAME["smtp_port"], stored) == value

    @pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
    @pytest.mark.parametrize("stored", [None, ""])
    def test_null_and_blank_read_as_blank(self, option: Any, stored: str | None) -> None:
        assert DEFAULT.decode(option, stored) == option.blank

    def test_blanks_are_text_only_where_text_is_meant(self) -> None:
        assert DEFAULT.decode(BY_NAME["smtp_user"], "  ") == "  "
        assert DEFAULT.decode(BY_NAME["smtp_port"], "  ") is None
        assert DEFAULT.decode(BY_NAME["use_ssl"], "  ") is None

    def test_numbers_in_a_text_option_are_text(self) -> None:
        assert DEFAULT.decode(BY_NAME["smtp_password"], 1234) == "1234"

    @pytest.mark.parametrize(
        ("name", "stored"),
        [
            ("use_ssl", "Y"),
            ("use_ssl", "2"),
            ("use_ssl", 1.5),
            ("smtp_port", "587/tcp"),
            ("smtp_port", "-1"),
            ("smtp_port", "+587"),
            ("smtp_port", "58 7"),
            ("smtp_port", "٥٨٧"),
            ("smtp_port", "²"),
            ("smtp_port", 587.5),
            ("smtp_port", b"587"),
            ("smtp_port", "9" * 20_000),
            ("smtp_address", b"smtp.example.com"),
        ],
    )
    def test_what_does_not_fit_the_type_is_refused_by_name(self, name: str, stored: Any) -> None:
        error = refusal(DEFAULT, name, stored)

        assert error.details == {"option": name}
        assert DEFAULT.keys[name] in error.message
        assert len(error.message) < 200

    @pytest.mark.parametrize(
        ("layout", "name"),
        [
            pytest.param(DEFAULT, "smtp_password", id="the password itself"),
            pytest.param(Layout(keys={"smtp_port": "SMTP Pwd"}), "smtp_port", id="a key that sounds like one"),
        ],
    )
    def test_a_value_that_may_be_a_secret_is_not_quoted(self, layout: Layout, name: str) -> None:
        assert "hunter2" not in refusal(layout, name, b"hunter2").message

    def test_all_options_with_a_row_are_read_at_once(self) -> None:
        located = {"smtp_port": Row("SMTP Port", "25"), "use_ssl": Row("Use SSL", None)}

        assert decode_all(DEFAULT, located) == {"smtp_port": 25, "use_ssl": None}


def test_a_row_does_not_show_its_value() -> None:
    assert repr(Row("SMTP Password", "hunter2")) == "Row(key='SMTP Password')"


IDENTIFIERS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30
).filter(lambda name: not name.casefold().startswith("sqlite_"))
HOSTILE = [
    "a'b\"c",
    "[x]]",
    "x; DROP TABLE y--",
    "SELECT",
    "o",
    "ключ",
    "a\r\nb",
    "\0",
    "\\",
    "?",
    ":1",
    "%s",
    "`",
    "\U0001f4e7",
]
TEXTS = st.one_of(
    st.sampled_from([*HOSTILE, "'" * 20_000, "\U0001f4e7\0" * 10_000]),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Layouts of whatever names, with columns, keys and boolean words that can be told apart."""
    names = draw(st.lists(IDENTIFIERS, min_size=3, max_size=3, unique_by=str.casefold))
    keys = draw(
        st.lists(
            TEXTS.filter(str.strip),
            min_size=len(OPTIONS),
            max_size=len(OPTIONS),
            unique_by=lambda k: k.rstrip().casefold(),
        )
    )
    words = draw(st.lists(TEXTS.filter(str.strip), min_size=2, max_size=2, unique_by=lambda w: w.strip().casefold()))
    return Layout(None, draw(IDENTIFIERS), *names, draw(TEXTS), dict(zip(BY_NAME, keys, strict=True)), *words)


CANONICAL = st.fixed_dictionaries(
    {},
    optional={o.name: {"bool": st.booleans(), "int": st.integers(1, 65535), "str": TEXTS}[o.type] for o in OPTIONS},
)


@settings(deadline=None, max_examples=40)
@given(layout=layouts(), before=CANONICAL, after=CANONICAL)
def test_any_value_survives_any_layout_in_a_real_file(
    layout: Layout, before: dict[str, Any], after: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stored = {name: layout.encode(BY_NAME[name], value) for name, value in before.items()}
        database = Database.create(Path(folder, "a?b#c%20.db"), stored, layout)
        others = database.rows()[len(stored) :]
        desired = {"smtp_password": "new", **after}

        first = database.converge(desired, create_missing=True)
        second = database.converge(desired)

        with database.opened() as instance:
            assert instance.read().values == {**before, **desired}
        assert first["changed"] == ({**before, **desired} != before)
        assert not second["changed"]
        assert [row for row in database.rows() if row in others] == others

        if first["changed"]:
            database.converge(state="restored")
            assert [row[1:] for row in database.rows()[: len(stored)]] == [
                (layout.group, layout.keys[name], text, "text") for name, text in stored.items()
            ]
