# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put pip into an empty virtual environment, from the interpreter's own copy and the configured package registry.

``ansible-test sanity`` makes such environments and fills them with a script that it downloads from a site of the
Ansible project, unless a script of that name lies in its cache. ``make sanity`` lays this one there, so that the checks
need the package registry and nothing else. It takes the arguments of the original: requirements such as ``pip==25.2``,
among options that do not matter here.
"""

from __future__ import annotations

import subprocess
import sys

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([*PIP, "install", *(word for word in sys.argv[1:] if "==" in word)], check=True)
