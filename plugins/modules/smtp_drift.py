#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_drift
short_description: Compare the SMTP settings of a WeEstimate instance with what is declared
version_added: 0.3.0
description:
  - Tells which SMTP program options of one WeEstimate instance differ from the declared ones, and as far as the journal
    knows, since when and by whom. It also tells what else a report on the instance needs, such as the age of its
    password and how its last test mails fared.
  - It changes nothing. Options that are not declared are not compared.
  - With O(into) the whole finding is kept in a file, from which M(weestimate.mail.smtp_report) makes a report on many
    instances; the playbook C(weestimate.mail.drift) does both.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
  - weestimate.mail.instance.examined
attributes:
  check_mode:
    support: full
    details: It never changes anything, and keeps its finding in check mode too.
  diff_mode:
    support: N/A
    details: It never changes anything.
  idempotent:
    support: full
options:
  settings:
    description: What is declared, as in O(weestimate.mail.smtp_settings#module:settings).
    type: dict
    suboptions:
      smtp_mail_enabled:
        description: SMTP Mail Enabled.
        type: bool
      smtp_address:
        description: SMTP Address.
        type: str
      smtp_port:
        description: SMTP Port.
        type: int
      use_ssl:
        description: Use SSL.
        type: bool
      smtp_user:
        description: SMTP User.
        type: str
      smtp_password:
        description: SMTP Password. It is compared, and never shown.
        type: str
      enable_smtp_send_as:
        description: Enable SMTP Send As.
        type: bool
      smtp_connect_as:
        description: SMTP Connect As.
        type: str
      send_smtp_to_self:
        description: Send SMTP to Self.
        type: bool
      use_smtp_email:
        description: Use SMTP Email.
        type: bool
      include_mpoc_recipient:
        description: Include MPOC as a Recipient When Sending a QP.
        type: bool
  update_password:
    description:
      - As in O(weestimate.mail.smtp_settings#module:update_password). A password that would not be written is not
        compared either.
    type: str
    choices: [always, on_create, never]
    default: always
  create_missing:
    description:
      - As in O(weestimate.mail.smtp_settings#module:create_missing). Without it a declared option that has no row is a
        failure, because the layout does not match then; with it, the option differs.
    type: bool
    default: false
  profile:
    description: The name of the profile that O(settings) come from, for the report.
    type: str
  instance:
    description: What the instance is called in the report. The default is the inventory's name of the host.
    type: str
  environment:
    description:
      - Which environment it belongs to. The default is the first of the host's groups by name, other than
        V(weestimate), V(all) and V(ungrouped).
    type: str
  fail_on_drift:
    description: Whether M(weestimate.mail.smtp_report) is to count drift of this instance as a failure of the run.
    type: bool
    default: true
  password_max_age:
    description: For how many days a password may be in force, by the journal. Without it there is no limit.
    type: int
  password_overdue:
    description: Whether M(weestimate.mail.smtp_report) is to count an older password as a failure of the run.
    type: str
    choices: [warn, fail]
    default: warn
  failure:
    description:
      - The result of a task that failed. Then nothing is compared, and the finding is that the instance could not be
        examined; what has been found before in the same run stays part of it.
      - O(store) is not needed then.
    type: dict
  into:
    description:
      - A folder on the controller that takes the whole finding, as a file that only its owner may read.
      - A relative path lies among Ansible's temporary files of this run, which are removed when it ends.
    type: path
seealso:
  - module: weestimate.mail.smtp_report
  - module: weestimate.mail.smtp_settings
"""

EXAMPLES = r"""
- name: Compare an instance with what it shall hold
  weestimate.mail.smtp_drift:
    store: "{{ weestimate_store }}"
    settings:
      smtp_address: smtp.office365.com
      smtp_port: 587
      use_ssl: true
  register: compared

- name: Fail on drift
  ansible.builtin.assert:
    that: compared.state == 'in_sync'

- name: Keep findings for a report
  block:
    - name: Compare
      weestimate.mail.smtp_drift:
        store: "{{ weestimate_store }}"
        settings: "{{ declared_settings }}"
        into: findings
  rescue:
    - name: Note that this instance could not be examined
      weestimate.mail.smtp_drift:
        failure: "{{ ansible_failed_result }}"
        into: findings
"""

RETURN = r"""
state:
  description:
    - V(in_sync); V(drifted); V(window_open), somebody holds a document window on the instance, so that a difference is
      no drift; V(window_expired), such a window has outlived its time and still has to be closed; V(failed), with
      O(failure).
  returned: success
  type: str
  sample: drifted
options:
  description:
    - The options that differ, each with its C(name), its C(label) in WeEstimate, the C(expected) and the C(actual)
      value. Of a password V((set\)), V((blank\)) and V((changed\)) tell whether there is one, and whether it differs.
    - >-
      C(how) it came about: V(hand_edit), it is not as the journal's newest entry on it left it; V(older_run), it is as
      that entry left it, so what is declared has changed since; V(before_journal), no entry has touched it;
      V(never_recorded), there is no entry at all.
    - C(since) is the time of that entry; a hand edit was made after it. C(by) and C(run) are those of an V(older_run).
  returned: success
  type: list
  elements: dict
  sample:
    - name: smtp_port
      label: SMTP Port
      expected: 587
      actual: 25
      how: hand_edit
      since: '2026-11-20T08:15:00+00:00'
      by: null
      run: null
window:
  description: The document window on the instance; null when there is none.
  returned: success
  type: dict
  sample:
    holder: alice@controller
    run: ''
    reason: Quotes for the trade fair
    opened_at: '2026-11-22T08:00:00+00:00'
    until: '2026-11-22T09:00:00+00:00'
    phase: open
    expired: false
password:
  description: When the password was set, by the journal, how many days ago that is, and whether that is too long.
  returned: success
  type: dict
  sample:
    changed_at: '2026-08-20T08:15:00+00:00'
    age_days: 93
    max_age_days: 90
    overdue: true
    fails: false
failure:
  description: With O(failure), what is reported of it; otherwise null.
  returned: success
  type: dict
  sample:
    error_code: store_unreachable
    msg: sql01.example.com does not answer.
    remedy: Check store.host and the firewall.
    unreachable: false
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: table_missing
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: State layout.table as it is.
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_DRIFT
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import seal


def main() -> None:
    """Look at the instance on the target; the action plugin of the same name judges what is seen."""
    module = AnsibleModule(argument_spec=SMTP_DRIFT, supports_check_mode=True)
    try:
        module.exit_json(changed=False, seen=seal(commands.smtp_drift(module.params)))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
