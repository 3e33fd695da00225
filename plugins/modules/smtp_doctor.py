# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of plugins/action/smtp_doctor.py, which does all of the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_doctor
short_description: Run the troubleshooting checklist against a WeEstimate instance
version_added: 0.2.0
description:
  - Goes through the vendor's troubleshooting checklist point by point, with the settings that the instance holds.
  - It adds what that page does not ask, namely the days that the mail server's certificate has left, the end of SMTP
    AUTH at Exchange Online, the age of the password, edits by hand, and whether the last change was ever proven.
  - The conversation with the mail server ends with the envelope; nothing is sent and nothing is changed.
  - A point that fails does not fail the task. The playbook C(weestimate.mail.doctor) prints the table and fails.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
  - weestimate.mail.instance
  - weestimate.mail.conversation.once
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
  to:
    description: Recipients whose addresses are checked. Without them, the conversation ends with the login.
    type: list
    elements: str
    default: []
  acting_user:
    description: The mail address of a user of WeEstimate. Without it, the conversation ends with the login.
    type: str
  allowed_recipient_domains:
    description: Domains that O(to) may name. Anything else is refused before the conversation begins.
    type: list
    elements: str
  approval_server:
    description: What the host of the approval server found out about the way to the mail server.
    type: dict
    suboptions:
      host:
        description: The host.
        type: str
      reached:
        description: Whether it reached the mail server; omitted where it was not asked.
        type: bool
      said:
        description: What it said when it did not.
        type: str
  certificate_days:
    description: A certificate that expires in fewer days than this is a warning.
    type: int
    default: 30
  password_days:
    description: A password that is older than this is a warning.
    type: int
    default: 365
seealso:
  - module: weestimate.mail.smtp_test
  - module: weestimate.mail.smtp_settings_info
"""

EXAMPLES = r"""
- name: Examine an instance
  weestimate.mail.smtp_doctor:
    store: "{{ weestimate_store }}"
    to: [deployment-check@example.com]
    acting_user: alice@example.com
  register: examined

- name: Show the table
  ansible.builtin.debug:
    var: examined.table
"""

RETURN = r"""
ok:
  description: Whether no point failed. Warnings do not count.
  returned: success
  type: bool
  sample: false
findings:
  description: One entry for each point of the checklist, in its order.
  returned: success
  type: list
  elements: dict
  contains:
    point:
      description: The point.
      type: str
      sample: Use SSL
    status:
      description: V(ok), V(warning), V(failed) or V(not_checkable).
      type: str
      sample: failed
    why:
      description: What was found.
      type: str
      sample: The mail server's certificate expired.
    remedy:
      description: What to do; empty where nothing has to be done.
      type: str
      sample: Renew the certificate of the mail server.
table:
  description: The same for people, line by line.
  returned: success
  type: list
  elements: str
  sample:
    - ok            SMTP Mail Enabled
    - '              SMTP Mail Enabled is on.'
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: store_unreachable
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: Check host, port or instance, and the firewall between the controller and the server.
"""
