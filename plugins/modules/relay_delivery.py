#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_delivery
short_description: Tell what became of a mail that the relay has taken
version_added: 0.4.0
description:
  - Follows one mail through the log and the queue of Postfix on the relay, until it was delivered, deferred or
    returned, or until the time is over.
  - A relay takes a mail before anybody knows whether the upstream will. A test that ends with the relay's acceptance
    proves half of the way; this is the other half.
  - A mail that was not delivered does not fail the task. The result tells why not, who can mend it, and how.
  - It runs on the relay, as root, and reads the system's journal.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  action:
    details: The mail is followed on the inventory host, which is the relay; the diagnosis is made on the controller.
    support: partial
  check_mode:
    support: full
    details: It never changes anything.
  diff_mode:
    support: N/A
    details: It never changes anything.
  idempotent:
    support: full
  platform:
    platforms: Debian 12 and 13
options:
  queue_id:
    description:
      - The ID that the relay gave to the mail. The answer with which it took the mail will do, since that ends with
        the ID, as in C(2.0.0 Ok, queued as 4F3B2A18E013).
    type: str
    required: true
  timeout:
    description: Seconds to wait for the first attempt of delivery to each recipient.
    type: int
    default: 60
  log_minutes:
    description: How far back the log is read. What is still in the queue is known, however old it is.
    type: int
    default: 10
  upstream:
    description:
      - The host name of the upstream that the mail takes, for the diagnosis. Behind the OAuth proxy, the log of the
        relay names the proxy only.
    type: str
seealso:
  - module: weestimate.mail.smtp_test
"""

EXAMPLES = r"""
- name: Send a test mail to the relay, from the relay itself
  weestimate.mail.smtp_test:
    run_on: target
    settings:
      smtp_mail_enabled: true
      smtp_address: 127.0.0.1
      smtp_port: 25
    acting_user: dana@contoso.com
    to: [pat@contoso.com]
  register: taken

- name: Follow it to the upstream
  weestimate.mail.relay_delivery:
    queue_id: "{{ (taken.stages | selectattr('name', 'eq', 'accepted') | first).detail }}"
  register: followed
  become: true

- name: Say what is wrong
  ansible.builtin.assert:
    that: followed.ok
    fail_msg: "{{ followed.diagnosis.summary | default('') }}"
"""

RETURN = r"""
ok:
  description: Whether the upstream has taken the mail for each recipient.
  returned: success
  type: bool
  sample: false
queue_id:
  description: The ID of the mail.
  returned: success
  type: str
  sample: 4F3B2A18E013
status:
  description:
    - V(sent), V(deferred) (it failed and will be tried again), V(bounced) (it was returned to its sender), V(expired)
      (it was returned after the longest time in the queue), V(queued) (nothing was tried yet), or V(unknown) (neither
      the queue nor the log, as far back as it was read, knows of it).
    - Where recipients fared differently, it is the worst of it.
  returned: success
  type: str
  sample: deferred
dsn:
  description: The status code of RFC 3463; null where it is not known.
  returned: success
  type: str
  sample: 4.7.139
relay:
  description: Where the mail was handed to, as Postfix names it; null where it is not known.
  returned: success
  type: str
  sample: smtp.office365.com[198.51.100.25]:587
reason:
  description: What was said of it; null where nothing was.
  returned: success
  type: str
  sample: >-
    SASL authentication failed; server smtp.office365.com[198.51.100.25] said: 535 5.7.139 Authentication unsuccessful,
    basic authentication is disabled.
seconds:
  description: From the acceptance of the mail to the last attempt.
  returned: success
  type: float
  sample: 1.4
recipients:
  description: The last attempt for each recipient.
  returned: success
  type: list
  elements: dict
  contains:
    recipient:
      description: The address.
      type: str
      sample: pat@contoso.com
    status:
      description: V(sent), V(deferred) or V(bounced).
      type: str
      sample: sent
    dsn:
      description: As in RV(dsn).
      type: str
      sample: 2.0.0
    relay:
      description: As in RV(relay).
      type: str
      sample: smtp.office365.com[198.51.100.25]:587
    reason:
      description: As in RV(reason).
      type: str
      sample: 250 2.0.0 OK
    seconds:
      description: As in RV(seconds).
      type: float
      sample: 0.7
diagnosis:
  description: Why the mail was not delivered, as with M(weestimate.mail.smtp_test); null where it was.
  returned: success
  type: dict
  sample:
    cause: auth_basic_auth_retired
    owner: mail administrator
    summary: Microsoft 365 no longer accepts a login with a password.
    remedy:
      - In weestimate_relay_upstreams, give the upstream an auth of the kind oauth_client_credentials.
    permanent: true
    evidence: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled.
    confidence: high
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: relay_unwell
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: Check that this host is the relay, that Postfix runs on it, and that the task runs as root (become).
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_DELIVERY
from ansible_collections.weestimate.mail.plugins.module_utils.relay.delivery import follow


def main() -> None:
    """Follow the mail on the relay; the action plugin of the same name adds the diagnosis."""
    module = AnsibleModule(argument_spec=RELAY_DELIVERY, supports_check_mode=True)
    try:
        module.exit_json(**follow(module.params))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
