# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema files themselves: valid, complete, and equal to what the code states in its own tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.weestimate.mail.plugins.module_utils.options import OPTIONS
from ansible_collections.weestimate.mail.plugins.module_utils.stores import mssql
from ansible_collections.weestimate.mail.plugins.plugin_utils import facts, schema

FILES = sorted(schema.SCHEMA_DIRECTORY.glob("*.json"))
SCHEMAS = {file.name.partition(".")[0]: json.loads(file.read_bytes()) for file in FILES}
TYPES = {"bool": "boolean", "int": "integer", "str": "string"}
#: What an administrator writes; the rest is judged, not written.
WRITTEN = ("settings", "profile", "store", "layout", "journal", "relay")


def parts(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping in a schema, with its JSON pointer."""
    if isinstance(node, dict):
        yield where, node
        for key, part in node.items():
            yield from parts(part, f"{where}/{key}")
    elif isinstance(node, list):
        for index, part in enumerate(node):
            yield from parts(part, f"{where}/{index}")


EVERY_PART = [(name, where, part) for name, document in SCHEMAS.items() for where, part in parts(document)]
RULES = [(name, where, part) for name, where, part in EVERY_PART if "x-remedy" in part]
ADVICE = [part for name, _where, part in RULES if name == "advice" and "x-advice" in part]
PROPERTIES = [
    (name, f"{where}/{key}", part)
    for name, where, node in EVERY_PART
    if name in WRITTEN and isinstance(node.get("properties"), dict) and "description" in node
    for key, part in node["properties"].items()
    if key != "driver"
]


def resolved(name: str, part: dict[str, Any]) -> dict[str, Any]:
    """A property with what it takes from a definition laid under its own words."""
    file, _hash, pointer = part.get("$ref", "").partition("#")
    node = SCHEMAS[file.partition(".")[0] or name]
    for step in pointer.split("/")[1:]:
        node = node[step]
    return {**node, **part} if pointer else part


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_a_valid_schema_with_an_identity(file):
    document = json.loads(file.read_bytes())
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert document["$id"].endswith(f"/schemas/{file.name}")
    assert document["title"]
    assert document["description"]


def test_the_declared_settings_are_the_catalogue():
    properties = SCHEMAS["settings"]["properties"]
    assert {name: part["type"] for name, part in properties.items()} == {
        option.name: TYPES[option.type] for option in OPTIONS
    }
    assert {name for name, part in properties.items() if part.get("writeOnly")} == {
        option.name for option in OPTIONS if option.secret
    }
    assert all(properties[option.name]["description"].startswith(f"{option.label}: ") for option in OPTIONS)


def test_the_layout_has_a_key_for_each_option():
    assert list(SCHEMAS["layout"]["properties"]["keys"]["properties"]) == [option.name for option in OPTIONS]


def test_the_store_knows_what_the_driver_knows():
    properties = SCHEMAS["store"]["$defs"]["mssql"]["properties"]
    assert properties["authentication"]["enum"] == list(mssql.AUTHENTICATION)
    assert properties["encrypt"]["enum"] == list(mssql.ENCRYPT)


def test_the_derived_facts_are_the_documented_ones():
    assert set(SCHEMAS["facts"]["$defs"]["derived"]["properties"]) == set(facts.FACTS)


@pytest.mark.parametrize(
    ("name", "where", "part"), PROPERTIES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_property_has_a_rule_a_description_and_a_remedy(name, where, part):
    words = resolved(name, part)
    # The key names of the layout are the options, which settings.schema.json describes.
    missing = {"title", "description", "x-remedy"} - words.keys()
    assert missing == ({"description"} if "/keys/" in where else set())


@pytest.mark.parametrize("part", [pytest.param(part, id=f"{name}{where}") for name, where, part in RULES])
def test_a_rule_has_a_title_and_says_what_to_do_in_a_sentence(part):
    assert part["title"]
    assert not part["title"].endswith(".")
    assert part["x-remedy"].endswith(".")


def test_advice_has_a_reason_and_an_identifier_of_its_own():
    identifiers = [part["x-advice"] for part in ADVICE]
    assert len(identifiers) == len(set(identifiers)) == 8
    assert all(part["x-reason"].endswith(".") for part in ADVICE)


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name != "facts"])
def test_host_names_of_providers_are_stated_once(name):
    """Rules refer to the facts; texts for people may name a host."""
    for _where, part in parts(SCHEMAS[name]):
        judging = [part.get(keyword) for keyword in ("const", "enum", "pattern")]
        assert ".com" not in repr(judging)
