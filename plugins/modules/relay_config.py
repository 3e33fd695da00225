#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_config
short_description: Switch the configuration of a relay as one, or leave it as it was
version_added: 0.4.0
description:
  - Brings a set of files into force as one. Programs may refuse them before anything is touched, other programs start
    the relay with them, and if it does not come up, the former files are put back and the relay is started with those.
  - Where all is as declared, it compares, starts no program, and reports no change.
  - What was proven to work can be remembered, and gone back to.
  - A run that is killed, at whatever point, leaves complete files, and a journal. The next run puts back what that one
    had begun, goes on to what is declared, and starts again whatever reads a file that was touched.
  - Files that this module has managed, and that are no longer listed, are removed.
  - A second run on the same relay waits until the first has ended.
  - It runs on the relay, as root.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  action:
    details: The arguments are validated on the controller; the work is done on the inventory host, which is the relay.
    support: partial
  check_mode:
    support: full
    details:
      - The checks are run. What a task before this one would make is no failure, that is the program of a check, and
        the owner or the group of a file.
  diff_mode:
    support: full
    details:
      - Of files that are O(files[].secret), or that others may not read on the relay, it only shows that they change.
  idempotent:
    support: full
  platform:
    platforms: Debian 12 and 13
options:
  state:
    description:
      - V(present) brings O(files) into force.
      - V(proven) remembers what is in force as proven to work, and ends its trial (O(on_trial)). That changes files, so
        give it O(activate) as well, or what runs stays on trial.
      - V(former) brings back into force what was last proven. O(checks) are not run, for it passed them then.
      - With V(proven) and V(former), O(files), O(checks), O(settled) and O(on_trial) are not looked at.
    type: str
    default: present
    choices: [present, proven, former]
  files:
    description: The whole configuration. An empty list is refused with O(state=present).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Where the file is to lie, as an absolute path without C(.) and C(..). Folders that are missing are made, of
            mode C(0755).
          - A symbolic link at this place is replaced by the file. A folder is refused.
        type: str
        required: true
      content:
        description:
          - The content, written as UTF-8, without anything added.
          - It appears in no log, also where it is not secret; the difference shows it if it is not.
        type: str
        required: true
      secret:
        description: Whether the content is a secret. Its mode then must not let anybody but its owner at it.
        type: bool
        default: false
      mode:
        description:
          - The permissions as four octal digits in quotes, such as C('0640').
          - The default is C('0600') for a secret file, and C('0644') for any other.
        type: str
      owner:
        description: The name of the account that owns the file.
        type: str
        default: root
      group:
        description: The name of the group of the file.
        type: str
        default: root
  checks:
    description:
      - Programs with their arguments, run without a shell, that succeed if the configuration can be used.
      - In each argument, C({stage}) stands for a folder below which all O(files) lie under their own paths, with their
        modes and owners. Only root can look into it.
      - They are run if a file differs. If one fails, nothing is changed.
    type: list
    elements: list
    default: []
  activate:
    description: What to do for changed files to take effect, in this order.
    type: list
    elements: dict
    default: []
    suboptions:
      command:
        description: A program with its arguments, run without a shell.
        type: list
        elements: str
        required: true
      paths:
        description:
          - The program is run if a file changes, appears or goes whose path begins with one of these texts, such as
            C(/etc/postfix/) or C(/etc/weestimate-relay/oauth-exchange.).
        type: list
        elements: str
        default: [/]
  settled:
    description:
      - Programs with their arguments, run without a shell, that succeed once the relay is up. They are run after
        O(activate), each until it succeeds or O(timeout) is over.
      - They are remembered with the files, to tell whether the relay is up when these are put back.
    type: list
    elements: list
    default: []
  on_trial:
    description:
      - What files end with, in addition to their content, until O(state=proven). It is no secret.
      - The keys are paths of O(files), the values are texts.
    type: dict
    default: {}
  generation:
    description:
      - The RV(generation) of the task that has changed the relay. If another run has changed it since, V(proven) and
        V(former) are refused with C(concurrent_change), because they would judge the configuration of that run.
      - With V(present), it is not looked at.
    type: int
  timeout:
    description:
      - Seconds that a program may take, that O(settled) may take altogether, and that another run is waited for.
      - A program that takes longer is killed, and has failed.
    type: int
    default: 60
  directory:
    description: Where the module keeps what the next run has to know. It is made, for root only, if it is missing.
    type: str
    default: /var/lib/weestimate-relay
seealso:
  - module: weestimate.mail.relay_delivery
"""

EXAMPLES = r"""
- name: Bring a configuration of Postfix into force
  weestimate.mail.relay_config:
    files:
      - path: /etc/postfix/main.cf
        content: "{{ lookup('ansible.builtin.template', 'main.cf.j2') }}"
      - path: /etc/postfix/relay/sasl_passwd
        content: "{{ lookup('ansible.builtin.template', 'sasl_passwd.j2') }}"
        secret: true
    checks:
      - [postfix, -c, "{stage}/etc/postfix", check]
    activate:
      - command: [systemctl, reload-or-restart, postfix@-.service]
        paths: [/etc/postfix/]
    settled:
      - [systemctl, is-active, --quiet, postfix@-.service]
    on_trial:
      /etc/postfix/main.cf: |
        soft_bounce = yes
  register: relay

- name: Remember that mail got through, and end the trial
  weestimate.mail.relay_config:
    state: proven
    generation: "{{ relay.generation }}"
    activate:
      - command: [systemctl, reload-or-restart, postfix@-.service]
        paths: [/etc/postfix/]
  when: not relay.proven

- name: Go back to what was last proven
  weestimate.mail.relay_config:
    state: former
    activate:
      - command: [systemctl, reload-or-restart, postfix@-.service]
        paths: [/etc/postfix/]

- name: See what would change, without changing it
  weestimate.mail.relay_config:
    files:
      - path: /etc/postfix/main.cf
        content: "{{ lookup('ansible.builtin.template', 'main.cf.j2') }}"
  check_mode: true
  diff: true
"""

RETURN = r"""
changed_files:
  description: The paths of the files that were written or removed, or would be in check mode, sorted.
  returned: success
  type: list
  elements: str
  sample: [/etc/postfix/main.cf, /etc/postfix/relay/sasl_passwd]
activated:
  description: The commands of O(activate) that were run, or would be in check mode.
  returned: success
  type: list
  elements: list
  sample: [[systemctl, reload-or-restart, postfix@-.service]]
generation:
  description:
    - The number of the configuration that is in force. Each switch counts it on, also one to a former configuration.
  returned: success
  type: int
  sample: 17
proven:
  description:
    - Whether what is in force is what was last proven.
    - It is false after a change, and stays so if the run ends before O(state=proven); whoever proves a change should go
      by this, and not by C(changed).
  returned: success
  type: bool
  sample: false
resumed:
  description: Whether a run before this one was interrupted, so that programs were started again for what it touched.
  returned: success
  type: bool
  sample: false
command:
  description: The program that failed, with its arguments.
  returned: failure of a program
  type: list
  elements: str
  sample: [postfix, -c, "{stage}/etc/postfix", check]
output:
  description: The last lines of what it said. What is in secret files is masked.
  returned: failure of a program
  type: list
  elements: str
  sample:
    - "postfix: fatal: /etc/postfix/main.cf, line 12: missing '=' after attribute name: \"smtpd_banner\""
error_code:
  description: The stable code of a failure, as listed in the documentation.
  returned: failure
  type: str
  sample: relay_config_refused
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: Mend what it names, and run again.
violations:
  description: Every rule that is broken, with the place and the remedy.
  returned: failure with RV(error_code=schema_invalid)
  type: list
  elements: dict
  sample:
    - path: files[1].mode
      rule: Nobody but its owner may use a secret file
      remedy: Set it to '0600', or leave it out.
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import RELAY_CONFIG
from ansible_collections.weestimate.mail.plugins.module_utils.relay.configuration import relay_config


def main() -> None:
    """Work on the relay; the action plugin of the same name has validated the arguments and sealed the contents."""
    module = AnsibleModule(argument_spec=RELAY_CONFIG, supports_check_mode=True)
    try:
        module.exit_json(**relay_config(module.params, check_mode=module.check_mode))
    except MailSettingsError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
