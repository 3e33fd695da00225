#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_doctor
short_description: Examine a relay, its upstreams, and what waits in its queue
version_added: 0.4.0
description:
  - Tells whether Postfix runs, whether its configuration is still on trial, for how long the relay's own
    certificate is good, and whether logins are judged.
  - For each upstream it tells whether it answers, how it encrypts, for how long its certificate is good, and whether
    the login is accepted. Behind the OAuth proxy that shows whether a token can be had.
  - It tells the days until the client secret or the certificate of the OAuth application ends, the length of the queue,
    the age of its oldest mail, and for each reason that keeps mail the cause, who can mend it, and how.
  - It runs on the relay, as root. The login is read from Postfix's own tables, and never shown.
  - It sends nothing and changes nothing.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  action:
    details: The relay is examined on the inventory host, and judged on the controller.
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
  upstreams:
    description:
      - The upstreams as M(weestimate.mail.relay_plan) returns them in RV(weestimate.mail.relay_plan#module:plan).
        There are none with a sink.
    type: list
    elements: dict
    required: true
  certificate:
    description: The file on the relay with the certificate that instances are shown. It is not looked at without this.
    type: str
  login_socket:
    description: The socket at which Postfix asks Dovecot whether a login is right. It is not looked at without this.
    type: str
  timeout:
    description: Seconds for one whole conversation. Servers delay their answer to a failed login on purpose.
    type: int
    default: 60
  certificate_days:
    description: A certificate of the relay or of an upstream that ends in fewer days than this is a warning.
    type: int
    default: 30
  credential_days:
    description: A client secret, or a certificate of the OAuth application, that ends in fewer days is a warning.
    type: int
    default: 30
  queue_minutes:
    description: When the oldest mail has waited for so many minutes, the queue is a failed point.
    type: int
    default: 60
  fail_when_unwell:
    description: Whether the task fails when a point has failed. Warnings do not count.
    type: bool
    default: true
  environment:
    description: Where the relay belongs, for the report. The default is its first group that says something.
    type: str
  failure:
    description: The result of the task that kept the relay from being examined. It is noted for the report, as it is.
    type: dict
  into:
    description:
      - A folder on the controller in which the finding is kept for M(weestimate.mail.smtp_report).
      - A relative path is one among the temporary files of this run.
    type: path
seealso:
  - module: weestimate.mail.relay_plan
  - module: weestimate.mail.relay_delivery
  - module: weestimate.mail.smtp_report
"""

EXAMPLES = r"""
- name: Plan the relay
  weestimate.mail.relay_plan:
    hostname: relay.contoso.com
    clients: [192.0.2.0/24]
    upstreams:
      outside: {host: mail.contoso.com, port: 25, tls: {mode: starttls}, auth: {kind: none}}
    routes:
      - {default: true, upstream: outside}
  register: planned

- name: Examine it
  weestimate.mail.relay_doctor:
    upstreams: "{{ planned.plan.upstreams }}"
    fail_when_unwell: false
  register: examined
  become: true

- name: Show the table
  ansible.builtin.debug:
    var: examined.table
"""

RETURN = r"""
ok:
  description: Whether no point failed. Warnings do not count.
  returned: when the relay was examined
  type: bool
  sample: false
state:
  description: V(well), V(unwell), or V(failed) where O(failure) is noted.
  returned: when the relay was examined
  type: str
  sample: unwell
findings:
  description: One entry for each point, of Postfix, then of the doors, then of each upstream, then of the queue.
  returned: when the relay was examined
  type: list
  elements: dict
  contains:
    point:
      description: The point; that of an upstream begins with its name.
      type: str
      sample: "exchange: login"
    status:
      description: V(ok), V(warning), V(failed) or V(not_checkable).
      type: str
      sample: failed
    why:
      description: What was found.
      type: str
      sample: "No token was obtained: The client secret has expired."
    remedy:
      description: What to do; empty where nothing has to be done.
      type: str
      sample: Create a new one in Entra, and set it with weestimate.mail.rotate_relay_secret.
table:
  description: The same for people, line by line.
  returned: when the relay was examined
  type: list
  elements: str
  sample:
    - ok            Postfix
    - '              Postfix runs.'
upstreams:
  description: What was found out about each upstream, for a program.
  returned: when the relay was examined
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: exchange
    host:
      description: Its host.
      type: str
      sample: smtp.office365.com
    port:
      description: Its port.
      type: int
      sample: 587
    reachable:
      description: Whether it answers.
      type: bool
      sample: true
    tls:
      description: The encryption and the upstream's certificate, as in M(weestimate.mail.smtp_test); null without TLS.
      type: dict
      sample:
        protocol: TLSv1.3
        expires_in_days: 61
    logged_in:
      description: Whether the login is accepted; null where there is none to try.
      type: bool
      sample: false
    credential:
      description: The credential of the OAuth application, V(secret) or V(certificate), and when it ends; null without.
      type: dict
      sample:
        kind: secret
        expires_at: '2026-11-20'
        days: -2
    diagnosis:
      description: Why a conversation ended early, as in M(weestimate.mail.smtp_test); null where none did.
      type: dict
      sample:
        cause: auth_bad_credentials
        owner: mail administrator
queue:
  description: What waits.
  returned: when the relay was examined
  type: dict
  contains:
    length:
      description: How many mails.
      type: int
      sample: 12
    held:
      description: How many of them were put aside by hand.
      type: int
      sample: 0
    oldest_seconds:
      description: The age of the oldest mail; 0 where none waits.
      type: int
      sample: 5400
    reasons:
      description: Each reason once, with how many recipients wait for it, its words, and its diagnosis.
      type: list
      elements: dict
      sample:
        - count: 12
          reason: "connect to mail.contoso.com[192.0.2.25]:25: Connection refused"
          diagnosis:
            cause: connection_refused
            owner: mail administrator
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: relay_unwell
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: Create a new one in Entra, and set it with weestimate.mail.rotate_relay_secret.
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_DOCTOR
from ansible_collections.weestimate.mail.plugins.module_utils.relay.examination import examine
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import seal


def main() -> None:
    """Find out on the relay what there is to know; the action plugin of the same name judges it."""
    module = AnsibleModule(argument_spec=RELAY_DOCTOR, supports_check_mode=True)
    try:
        module.exit_json(facts=seal(examine(module.params)))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
