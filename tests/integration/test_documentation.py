# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation, as ansible-doc renders it from the installed collection, is true of what it documents."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from desk import INFO, SETTINGS, Desk, ask, sqlite
from harness import CHECKOUT, Ansible

from ansible_collections.weestimate.mail.plugins.module_utils import arguments
from ansible_collections.weestimate.mail.plugins.module_utils.errors import CODES
from ansible_collections.weestimate.mail.plugins.module_utils.journal import DEFAULT_TABLE
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout
from ansible_collections.weestimate.mail.plugins.module_utils.options import OPTIONS

NAMES = sorted(f"weestimate.mail.{file.stem}" for file in (CHECKOUT / "plugins/modules").glob("*.py"))
ROLES = sorted(f"weestimate.mail.{folder.name}" for folder in (CHECKOUT / "roles").iterdir())

#: The argument specs that are more than an action's own.
SPECS = {
    SETTINGS: arguments.SMTP_SETTINGS,
    INFO: arguments.SMTP_SETTINGS_INFO,
    "weestimate.mail.smtp_window": arguments.SMTP_WINDOW,
}

Doc = Mapping[str, Any]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Mapping[str, Doc]:
    """Each module's documentation, its doc fragments included, by the module's full name."""
    ansible = Ansible(tmp_path_factory.mktemp("docs"), collections_path)
    done = ansible.program("ansible-doc", "--json", *NAMES)
    return json.loads(done.stdout[done.stdout.index("{") :])


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_is_rendered(docs: Mapping[str, Doc], name: str) -> None:
    assert set(docs[name]) >= {"doc", "examples", "return"}
    assert set(docs[name]["doc"]["attributes"]) >= {"check_mode", "diff_mode", "idempotent", "platform"}


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_tasks_with_full_names(docs: Mapping[str, Doc], name: str) -> None:
    tasks = yaml.safe_load(docs[name]["examples"])
    assert any(name in task for task in tasks)
    assert all(task.get("name") for task in tasks)
    assert not [word for task in tasks for word in task if word.startswith("smtp_")]


@pytest.mark.parametrize("name", SPECS)
def test_documented_options_are_those_of_the_argument_spec(docs: Mapping[str, Doc], name: str) -> None:
    assert _of_docs(docs[name]["doc"]["options"]) == _of_spec(SPECS[name])


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(SPECS)))
def test_documented_options_are_those_of_the_action(docs: Mapping[str, Doc], name: str) -> None:
    action = importlib.import_module(f"ansible_collections.weestimate.mail.plugins.action.{name.rpartition('.')[2]}")
    assert _of_docs(docs[name]["doc"]["options"]) == _of_spec(action.ActionModule.SPEC)


_ASPECTS = ("type", "default", "choices", "required", "elements")


def _of_docs(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _aspects(option, _of_docs(option.get("suboptions") or {})) for name, option in options.items()}


def _of_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _aspects(rule, _of_spec(rule.get("options") or {})) for name, rule in spec.items()}


def _aspects(option: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """What documentation and argument spec must agree upon."""
    stated = {aspect: option[aspect] for aspect in _ASPECTS if option.get(aspect) not in (None, False)}
    return {**stated, "options": below}


def test_the_defaults_in_the_text_are_those_of_the_code(docs: Mapping[str, Doc]) -> None:
    options = docs[SETTINGS]["doc"]["options"]
    layout, default = options["layout"]["suboptions"], Layout()
    texts = {
        default.table: layout["table"]["suboptions"]["name"],
        default.group_column: layout["columns"]["suboptions"]["group"],
        default.key_column: layout["columns"]["suboptions"]["key"],
        default.value_column: layout["columns"]["suboptions"]["value"],
        default.group: layout["group"],
        default.true_word: layout["booleans"]["suboptions"]["true"],
        default.false_word: layout["booleans"]["suboptions"]["false"],
        **{option.label: layout["keys"]["suboptions"][option.name] for option in OPTIONS},
    }
    for word, option in texts.items():
        assert f"C({word})" in "".join(option["description"])
    assert options["journal"]["suboptions"]["table"]["default"] == DEFAULT_TABLE
    for option in OPTIONS:
        text = "".join(options["settings"]["suboptions"][option.name]["description"])
        assert text.startswith(option.label), option.name


@pytest.mark.parametrize("name", SPECS)
def test_samples_have_the_types_and_names_that_are_documented(docs: Mapping[str, Doc], name: str) -> None:
    kinds: dict[str, Callable[[Any], bool]] = {
        "list": lambda sample: isinstance(sample, list),
        "dict": lambda sample: isinstance(sample, dict),
        "bool": lambda sample: isinstance(sample, bool),
        "int": lambda sample: isinstance(sample, int),
        "str": lambda sample: isinstance(sample, str),
    }
    known = {option.name for option in OPTIONS}
    for key, value in docs[name]["return"].items():
        below = value.get("contains") or {}
        for part, described in {key: value, **below}.items():
            if "sample" in described:
                assert kinds[described["type"]](described["sample"]), part
        if key in ("settings", "changed_options", "missing_options", "edited_since"):
            assert known.issuperset(value["sample"]), key
        if key == "error_code":
            assert value["sample"] in CODES


@pytest.mark.parametrize("name", ROLES)
def test_the_role_is_documented(ansible: Ansible, name: str) -> None:
    done = ansible.program("ansible-doc", "--type", "role", "--json", name)
    shown = json.loads(done.stdout[done.stdout.index("{") :])[name]["entry_points"]["main"]["options"]
    folder = CHECKOUT / "roles" / name.rpartition(".")[2]
    declared = yaml.safe_load((folder / "meta/argument_specs.yml").read_text("utf-8"))
    defaults = yaml.safe_load((folder / "defaults/main.yml").read_text("utf-8"))
    options = {point: entry["options"] for point, entry in declared["argument_specs"].items()}
    assert set(shown) == set(options["main"])
    assert set(defaults) <= set().union(*options.values())
    # The other entry points state their defaults where they use them.
    for point in {"main", "drift"} & options.keys():
        stated = {key: option["default"] for key, option in options[point].items() if "default" in option}
        assert {key: defaults.get(key) for key in stated} == stated


@pytest.mark.parametrize("name", SPECS)
def test_the_examples_run(docs: Mapping[str, Doc], ansible: Ansible, tmp_path: Path, name: str) -> None:
    """Each on an instance of its own, with an earlier change, so that there is something to go back to."""
    desk, variables = Desk(tmp_path / "desk"), {"vault_database_password": "d", "vault_mailbox_password": "m"}
    examples = yaml.safe_load(docs[name]["examples"])
    tasks = {}
    for number, example in enumerate(examples):
        path = desk.instance(str(number), {}, OTHER_LAYOUT if "layout" in example.get(name, {}) else "")
        task = {key: value for key, value in example.items() if key != "name"}
        if name in task:
            stated = {key: value for key, value in task[name].items() if key == "layout"}
            before = {"store": sqlite(path), "settings": {"send_smtp_to_self": True}, **stated}
            tasks[f"before {number}"] = {SETTINGS: before}
            task[name] = {**task[name], "store": sqlite(path)}
        tasks[example["name"]] = {**task, "vars": variables}
    answers = ask(ansible, tasks)
    failed = {task: answer["msg"] for task, answer in answers.items() if answer["status"] != "ok"}
    assert failed == {}
    for example in examples:
        answer = answers[example["name"]]
        promised = docs[name]["return"] if name in example else {}
        always = {key for key, value in promised.items() if value["returned"].startswith("success")}
        always -= {key for key in ("advice",) if example.get(name, {}).get("state")}
        assert always <= set(answer)


#: The table as the example about layouts describes it.
OTHER_LAYOUT = """
    ALTER TABLE programOption RENAME COLUMN optionGroup TO Category;
    ALTER TABLE programOption RENAME COLUMN optionName TO Code;
    ALTER TABLE programOption RENAME COLUMN optionValue TO Setting;
"""
