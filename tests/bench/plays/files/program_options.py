# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read or write the SMTP group of programOption, as JSON; for the play with stock modules.

Usage: program_options.py read|write DATABASE
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing

READ = "SELECT optionName, optionValue FROM programOption WHERE optionGroup = 'SMTP'"
WRITE = "UPDATE programOption SET optionValue = ? WHERE optionGroup = 'SMTP' AND optionName = ?"

_program, verb, database = sys.argv
with closing(sqlite3.connect(database)) as connection:
    if verb == "read":
        print(json.dumps(dict(connection.execute(READ).fetchall())))
    else:
        with connection:
            connection.executemany(WRITE, [(value, name) for name, value in json.load(sys.stdin).items()])
