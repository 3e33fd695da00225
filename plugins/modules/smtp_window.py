#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_window
short_description: Hold a window in which a WeEstimate instance has other SMTP settings
version_added: 0.3.0
description:
  - WeEstimate has one set of SMTP settings. Where approval mail and customer documents need different ones, the vendor
    recommends to switch, to send the documents, and to switch back. This does so without anybody forgetting the last
    step.
  - Opening a window switches the settings and locks the instance in the journal, in one transaction. While it is in
    force, M(weestimate.mail.smtp_settings) and a second window are refused with the code C(window_open), and told who
    holds it, why and until when.
  - When its deadline is over, the next M(weestimate.mail.smtp_settings) task on the instance, from anywhere, puts the
    former settings back before it does anything else.
  - The approval server has to be recycled after O(state=opened) and after O(state=restored). The role
    P(weestimate.mail.weestimate_smtp#role) does all of it, with the entry points C(run_window), C(open_window) and
    C(close_window).
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
  - weestimate.mail.instance
  - weestimate.mail.conversation.probe
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Opening a window twice is refused, unless O(window_id) says that it is the same one.
options:
  state:
    description:
      - V(opened) switches to O(settings) and locks the instance. A window whose deadline is over is closed first.
      - V(restored) puts the former settings back, the password included. The instance stays marked as C(closing) until
        it is V(closed), so that a run that dies in between leaves the recycle and the test to the next one.
      - V(closed) unlocks it. That is for when the approval server has been recycled, and mail was seen to work.
      - V(restored) and V(closed) change nothing where there is no window.
    type: str
    required: true
    choices: [opened, restored, closed]
  settings:
    description:
      - The settings for the window, with O(state=opened), as in
        O(weestimate.mail.smtp_settings#module:settings). Options that are not named stay as they are.
    type: dict
    suboptions:
      smtp_mail_enabled:
        description: SMTP Mail Enabled, the master switch for all mail of WeEstimate.
        type: bool
      smtp_address:
        description: SMTP Address, the host name or IP address of the mail server.
        type: str
      smtp_port:
        description: SMTP Port.
        type: int
      use_ssl:
        description: Use SSL.
        type: bool
      smtp_user:
        description: SMTP User. V('') for a relay that does not ask for a login.
        type: str
      smtp_password:
        description: SMTP Password. It appears in no result, difference, warning or error.
        type: str
      enable_smtp_send_as:
        description: Enable SMTP Send As. Off, a document comes from its author.
        type: bool
      smtp_connect_as:
        description: SMTP Connect As, the From address with Send As.
        type: str
      send_smtp_to_self:
        description: Send SMTP to Self.
        type: bool
      use_smtp_email:
        description: Use SMTP Email. When off, a document opens in Outlook instead of being sent.
        type: bool
      include_mpoc_recipient:
        description: Include MPOC as a Recipient When Sending a QP.
        type: bool
  reason:
    description: What the window is for, for whoever meets it. Required with O(state=opened).
    type: str
  minutes:
    description: For how long the window is in force, at most a day.
    type: int
    default: 60
  window_id:
    description:
      - Which window is meant. With O(state=opened) the name of the new one, by which a repeated task recognises its
        own; the default is a random one. A name that was never used before is needed.
      - With V(restored) and V(closed), a window of another name is left alone; the default is any.
    type: str
  overwrite_edits:
    description:
      - Whether to put the former settings back even where somebody has edited, within the window, what it had switched.
        Otherwise that is refused with C(concurrent_change).
      - A later change that the journal records is never taken back. The window then ends with the settings as they are.
    type: bool
    default: false
  update_password:
    description: When the password is written, as in O(weestimate.mail.smtp_settings#module:update_password).
    type: str
    default: always
    choices: [always, on_create, never]
  create_missing:
    description: Add the row of an option that the table does not have, instead of refusing.
    type: bool
    default: false
  profile:
    description: A label for the journal and for the window, usually the profile that the settings come from.
    type: str
  changed_by:
    description: Who holds the window. The default is C(user@host) of the controller.
    type: str
  run:
    description: Which run holds it, for example the address of a pipeline's job.
    type: str
seealso:
  - module: weestimate.mail.smtp_settings
  - module: weestimate.mail.smtp_test
"""

EXAMPLES = r"""
- name: Let documents come from their authors for an hour
  weestimate.mail.smtp_window:
    store: "{{ weestimate_store }}"
    state: opened
    settings:
      enable_smtp_send_as: false
    reason: Quotes of the October campaign
    run: "{{ lookup('ansible.builtin.env', 'CI_JOB_URL') }}"

- name: Go back to the settings for approval mail
  weestimate.mail.smtp_window:
    store: "{{ weestimate_store }}"
    state: restored

- name: Unlock the instance, once the approval server is recycled and a test mail has arrived
  weestimate.mail.smtp_window:
    store: "{{ weestimate_store }}"
    state: closed
"""

RETURN = r"""
window:
  description:
    - The window that was opened, restored or closed, or would be in check mode; null if there is none.
    - Times are UTC. C(expired) says whether its deadline is over.
  returned: success, and failure with RV(error_code=window_open)
  type: dict
  sample: &window
    id: 5f0c6f1e2d4b4a7c9e8f7a6b5c4d3e2f
    holder: alice@deploy.example.com
    run: https://ci.example.com/jobs/4711
    reason: Quotes of the October campaign
    document_profile: documents
    opened_at: '2026-11-22T08:15:00+00:00'
    until: '2026-11-22T09:15:00+00:00'
    phase: open
    expired: false
window_closed:
  description: The window whose deadline was over, and which was restored before this one was opened.
  returned: if there was one, on success
  type: dict
  sample: *window
changed_options:
  description: The options that were switched, or would be in check mode, sorted.
  returned: success
  type: list
  elements: str
  sample: [enable_smtp_send_as]
settings:
  description: The settings that the instance holds, or would hold, by canonical name, with the password masked.
  returned: success
  type: dict
  sample:
    smtp_mail_enabled: true
    smtp_address: smtp.office365.com
    smtp_port: 587
    use_ssl: true
    smtp_user: notifications@example.com
    smtp_password: (set)
    enable_smtp_send_as: false
recycle_required:
  description: Whether the approval server has to be recycled.
  returned: success
  type: bool
  sample: true
journal_id:
  description: The number of the entry in the journal; null when nothing was recorded.
  returned: success
  type: int
  sample: 7
advice:
  description: What the vendor recommends and these settings do not follow; each is a warning too.
  returned: success, with O(state=opened)
  type: list
  elements: dict
  sample:
    - advice: office365_without_send_as
      path: enable_smtp_send_as
      rule: Office 365 without Send As
      reason: >-
        Without Send As each mail is from the acting user; Office 365 refuses a From that SMTP User has no rights on,
        and approval mail fails.
      remedy: >-
        Set enable_smtp_send_as to true and smtp_connect_as to the mailbox, or give SMTP User Send As rights on every
        user of WeEstimate.
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: window_open
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: "Wait until then, or close it: weestimate.mail.document_window with weestimate_smtp_window_action=close."
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_WINDOW
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError


def main() -> None:
    """Work on the target; the action plugin of the same name has validated what would result."""
    module = AnsibleModule(argument_spec=SMTP_WINDOW, supports_check_mode=True)
    try:
        module.exit_json(**commands.smtp_window(module.params, check_mode=module.check_mode, approve=lambda _plan: {}))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
