# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of plugins/action/smtp_mailboxes.py, which does all of the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_mailboxes
short_description: Sort WeEstimate instances by the mailbox that they send with
version_added: 0.3.0
description:
  - Tells which instances share a mailbox, what went wrong at which of them, and which of them holds which password. The
    role uses it to change the password of a mailbox on all of its instances or on none.
  - A mailbox is a login at a mail server, SMTP User and SMTP Address as stored, without regard to case.
  - It speaks to nobody and knows no password. Run it with C(run_once).
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  check_mode:
    support: full
    details: It never changes anything.
  diff_mode:
    support: N/A
    details: It never changes anything.
  idempotent:
    support: full
options:
  instances:
    description:
      - What is known of each instance, by its name.
      - The keys are C(user) and C(address), as stored; C(declared), the login by the inventory; C(misstep), a mapping
        whose C(said) tells what went wrong; C(holds), which is V(old), V(new) or V(unknown); and C(works), a boolean.
      - Without C(user), the instance could not be read. It then counts to the mailboxes of the login in C(declared), or
        without that to all of them. A blank C(user) counts to none.
    type: dict
    required: true
  gone:
    description: The instances that have left the run, because they failed or cannot be reached.
    type: list
    elements: str
    default: []
seealso:
  - module: weestimate.mail.smtp_settings
"""

EXAMPLES = r"""
- name: See which instances share a mailbox
  weestimate.mail.smtp_mailboxes:
    instances:
      app1:
        user: notifications@example.com
        address: smtp.office365.com
        holds: new
        works: true
      app2:
        user: Notifications@example.com
        address: smtp.office365.com
        holds: old
        misstep:
          said: The file is locked by somebody else.
  run_once: true
  register: sorted
"""

RETURN = r"""
mailboxes:
  description:
    - Each mailbox with its C(instances), those that could not be read among them.
    - C(faulty) maps an instance to what went wrong there, C(holding) says who holds which password, and C(speaker) is
      the first instance that is still there, to do what is done once for a mailbox.
  returned: success
  type: dict
  sample:
    notifications@example.com at smtp.office365.com:
      instances:
        - {instance: app1, holds: new, works: true, wrong: ''}
        - {instance: app2, holds: old, works: null, wrong: The file is locked by somebody else.}
      speaker: app1
      faulty:
        app2: The file is locked by somebody else.
      holding: Now app1 holds the new password, which works; app2 holds the former password.
mailbox_of:
  description: The mailbox of each instance that has a login.
  returned: success
  type: dict
  sample:
    app1: notifications@example.com at smtp.office365.com
    app2: notifications@example.com at smtp.office365.com
"""
