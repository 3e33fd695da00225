# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret that can be recognised in whatever shape it leaks."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote


class Canary(str):
    """A password with everything that escaping changes, around a word that no escaping touches."""

    __slots__ = ()

    @classmethod
    def named(cls, word: str) -> Canary:
        """A canary for one role; ``word`` is plain ASCII."""
        return cls(f"ü'{word}\"\\ {{{{ {word} }}}}; €")

    def traces_in(self, text: str) -> list[str]:
        """The shapes in which the secret, or its unmistakable word, is in a text."""
        word = self[2 : self.index('"')]
        shapes = {
            "as it is": str(self),
            "its word": word,
            "repr": repr(str(self))[1:-1],
            "ascii": ascii(str(self))[1:-1],
            "JSON": json.dumps(self)[1:-1],
            "SQL": self.replace("'", "''"),
            "URL": quote(self),
            "base64": base64.b64encode(self.encode()).decode().rstrip("=")[:-1],
            "hexadecimal": self.encode().hex(),
        }
        return [shape for shape, form in shapes.items() if form.lower() in text.lower()]
