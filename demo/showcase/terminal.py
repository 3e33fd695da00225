# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain, calm output: numbered steps, a few sentences, tables. At most WIDTH columns, no colours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, zip_longest

WIDTH = 100
_INDENT = "   "
_GAP = "  "  # between two columns
_numbers = count(1)


def title(text: str) -> None:
    """The head of the whole output."""
    print(f"\n{text}\n{'=' * len(text)}", flush=True)


def step(text: str) -> None:
    """The head of the next numbered step."""
    print(f"\n{next(_numbers)}. {text}", flush=True)


def say(text: str) -> None:
    """A paragraph."""
    print(textwrap.fill(text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT), flush=True)


def points(texts: Iterable[str]) -> None:
    """A list of sentences."""
    for text in texts:
        print(textwrap.fill(text, WIDTH, initial_indent=f"{_INDENT}- ", subsequent_indent=f"{_INDENT}  "), flush=True)


def lines(texts: Iterable[str]) -> None:
    """Lines as they are, such as commands to type, after a blank one."""
    print()
    for text in texts:
        print(f"{_INDENT}{text}".rstrip(), flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows in aligned columns, the last of which wraps; the first leaves out what stands above."""
    cells = [list(head), *_without_repeats(rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    widths[-1] = min(widths[-1], WIDTH - len(_INDENT) - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1))
    cells.insert(1, ["-" * width for width in widths])
    lines(line for row in cells for line in _row(row, widths))


def _without_repeats(rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    above = ""
    for first, *others in rows:
        yield ["" if first == above else first, *others]
        above = first


def _row(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of one row."""
    last = textwrap.wrap(row[-1], widths[-1]) or [""]
    for cells in zip_longest(*([text] for text in row[:-1]), last, fillvalue=""):
        yield _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
