# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the reference: a page of Markdown for each module, filter, callback and role, from what ``ansible-doc`` tells.

    python tests/reference FOLDER

The folder is made anew. Ansible has to find the collection, as in ``make reference``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from antsibull_docs_parser import dom, md, parser
from antsibull_docs_parser.format import LinkProvider
from jinja2 import Environment, FileSystemLoader

COLLECTION = "weestimate.mail"
KINDS = ("module", "filter", "callback", "role")
HERE = Path(__file__).parent


class Row(NamedTuple):
    """One option or return value, with its path, such as ``store.host``."""

    path: str
    spec: Mapping[str, Any]


def main(folder: Path) -> None:
    """Write all pages, and the list of them."""
    shutil.rmtree(folder, ignore_errors=True)  # there may be none yet
    folder.mkdir(parents=True)
    pages = [(name, kind, told) for kind in KINDS for name, told in documentation(kind).items()]
    for name, kind, told in pages:
        (folder / _file(name, kind)).write_text(page(name, kind, told), encoding="utf-8")
    listed = [{"name": name, "kind": kind, "file": _file(name, kind), "told": told} for name, kind, told in pages]
    (folder / "README.md").write_text(_templates("").get_template("list.md.j2").render(pages=listed), encoding="utf-8")


def documentation(kind: str) -> dict[str, Any]:
    """What ``ansible-doc`` tells of each plugin or role of one kind, by its full name; sorted."""
    names = _ansible_doc(kind, "--list", COLLECTION)
    return dict(sorted(_ansible_doc(kind, *names).items())) if names else {}


def page(name: str, kind: str, told: Mapping[str, Any]) -> str:
    """One page."""
    template = _templates(kind, name).get_template("role.md.j2" if kind == "role" else "plugin.md.j2")
    return template.render(name=name, kind=kind, told=told)


def rows(options: Mapping[str, Any] | None, below: str, prefix: str = "") -> Iterator[Row]:
    """Options or return values depth first, those that are required first; ``below`` is the key of nested ones."""
    ordered = sorted((options or {}).items(), key=lambda item: (not item[1].get("required"), item[0]))
    for name, spec in ordered:
        yield Row(prefix + name, spec)
        yield from rows(spec.get(below), below, f"{prefix}{name}.")


def type_of(spec: Mapping[str, Any]) -> str:
    """The type in words, such as ``list of str``."""
    kind = spec.get("type", "str")
    return f"{kind} of {spec['elements']}" if spec.get("elements") else kind


def sample(value: Any) -> str:
    """A sample as YAML, without the mark of its end."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).removesuffix("...\n").rstrip()


class _Links(LinkProvider):
    """Pages of this collection link to each other."""

    def plugin_link(self, plugin: dom.PluginIdentifier) -> str | None:
        """The page of a plugin or role."""
        return _file(plugin.fqcn, plugin.type) if plugin.fqcn.startswith(f"{COLLECTION}.") else None

    def plugin_option_like_link(
        self, plugin: dom.PluginIdentifier, entrypoint: str | None, what: str, name: list[str], current_plugin: bool
    ) -> str | None:
        """The page of the plugin that has the option, unless it is the page at hand."""
        del entrypoint, what, name
        return None if current_plugin else self.plugin_link(plugin)


class _Plain(md.MDFormatter):
    """Markdown that is easy to read as it stands: literals in backquotes, and nothing escaped that needs no escape."""

    def format_code(self, part: dom.CodePart) -> str:
        """C(), I()'s sibling for literals."""
        return f"`{part.text}`"

    def format_option_value(self, part: dom.OptionValuePart) -> str:
        """V()."""
        return f"`{part.value}`"

    def format_env_variable(self, part: dom.EnvVariablePart) -> str:
        """E()."""
        return f"`{part.name}`"

    def format_option_name(self, part: dom.OptionNamePart, url: str | None) -> str:
        """O(), with its value if it has one, and with its plugin if that is another one."""
        return f"`{part.name if part.value is None else f'{part.name}={part.value}'}`{_of(part.plugin, url)}"

    def format_return_value(self, part: dom.ReturnValuePart, url: str | None) -> str:
        """RV(), likewise."""
        return f"`{part.name if part.value is None else f'{part.name}={part.value}'}`{_of(part.plugin, url)}"

    def format_plugin(self, part: dom.PluginPart, url: str | None) -> str:
        """M() and P()."""
        return f"[{part.plugin.fqcn}]({url})" if url else part.plugin.fqcn

    def format_module(self, part: dom.ModulePart, url: str | None) -> str:
        """M() in the older markup."""
        return f"[{part.fqcn}]({url})" if url else part.fqcn

    def format_text(self, part: dom.TextPart) -> str:
        """Ordinary text: what could begin an element of Markdown or HTML is escaped."""
        return _ELEMENT.sub(r"\\\g<0>", part.text)


def _of(plugin: dom.PluginIdentifier | None, url: str | None) -> str:
    """Which plugin an option belongs to; there is an address only where it is another page."""
    return f" of [{plugin.fqcn}]({url})" if plugin and url else ""


_ELEMENT = re.compile(r"[\\*_<`\[\]]")


def _templates(kind: str, name: str = "") -> Environment:
    current = dom.PluginIdentifier(name, kind) if name else None

    def markup(text: str | Sequence[str], between: str = "\n\n", entry: str | None = None) -> str:
        """Ansible's markup as Markdown; several paragraphs have ``between`` between them."""
        context = parser.Context(current_plugin=current, role_entrypoint=entry)
        paragraphs = parser.parse([text] if isinstance(text, str) else list(text or []), context, errors="exception")
        return md.to_md(paragraphs, formatter=_Plain(), link_provider=_Links(), par_sep=between, current_plugin=current)

    def cell(text: str | Sequence[str], entry: str | None = None) -> str:
        """The same for the cell of a table, which is one line and ends at a bar."""
        return " ".join(markup(text, "<br>", entry).replace("|", "\\|").split())

    # What is taken into the pages is escaped by the functions above.
    made = Environment(loader=FileSystemLoader(HERE), trim_blocks=True, lstrip_blocks=True)  # noqa: S701 # no HTML
    made.filters.update(markup=markup, cell=cell, rows=rows, type_of=type_of, sample=sample, literal=_literal)
    return made


def _literal(value: Any) -> str:
    """A value as YAML has it, in backquotes."""
    return f"`{value if isinstance(value, str) and value else json.dumps(value)}`"


def _file(name: str, kind: str) -> str:
    return f"{name.removeprefix(f'{COLLECTION}.')}_{kind}.md"


def _ansible_doc(kind: str, *arguments: str) -> dict[str, Any]:
    program = Path(sys.executable).with_name("ansible-doc")
    # What it has to complain about goes where this program's own complaints go.
    done = subprocess.run(
        [program, "--type", kind, "--json", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
