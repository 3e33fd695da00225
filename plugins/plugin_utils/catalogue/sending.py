# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mail servers say of a message on its way: of its sender, recipient, size, content, and of how many there are."""

from __future__ import annotations

from .rule import CONTENT, ENCRYPTING, GREETING, LOGIN, RECIPIENTS, SENDING, Rule

FIRST = (
    Rule(
        "greylisted",
        r"""
        gr[ae]y[- ]?list\w*
        postgrey|milter-greylist|sqlgrey
        gr[ae]ylst
        first (?:time|contact|encounter|attempt|seen|delivery|message|mail) .. (?:sender|try|retry|again|later|delay|triplet|from)
        (?:try|come|retry|resend|send|back) (?:\w+ )?(?:back|again)? ?(?:in|after|at) (?:about |at least )?\d+ ?(?:s|sec\w*|m|min\w*)\b
        (?:not yet|never) .. (?:seen|known|authori[sz]ed) .. (?:before|triplet|deliver)
        triplet
        """,
        SENDING,
        code="(?!5).*",
    ),
    Rule(
        "encoding_unsupported",
        r"""
        smtp ?utf-?8
        internationali[sz]ed
        non-? ?ascii
        unicode
        8-?bit|eight-?bit|binarymime
        (?:character|char|encod\w+|codec)s? .. (?:not|can ?not|invalid|illegal|unsupported)
        can ?not encode|codec can
        (?:invalid|illegal|unsupported|bad) (?:\w+ )?(?:characters?|encoding|charset)
        utf-?8
        eai\b
        """,
        SENDING,
    ),
    Rule(
        "message_too_large",
        r"""
        (?:message|mail|e-?mail|attachment|content|data|body|size|it|file)s?(?: \S+){0,3}? (?:is |are |was )?(?:too (?:large|big|long)|oversi[sz]ed?|larger than)
        (?:message|mail|attachment|content|data|body|header)s?(?:'s)? (?:file )?(?:size|length) .. (?:exceed\w*|limit\w*|over|too|larger|maximum|bigger|beyond|not)
        (?:exceed\w*|over|larger than|bigger than|beyond|above|greater than) .. (?:size|length|(?:mega|kilo)?bytes|[mk]i?b)\b
        (?:recip|sender|message|max|org)\w*size\w*
        size (?:limit|restriction|constraint|exceed\w*|too|of (?:this|the|your) (?:message|mail|e-?mail))
        too (?:large|big) (?:a )?(?:message|mail|attachment|for)
        max\w* (?:message |mail |attachment )?size
        (?:message|mail|attachment)\w* (?:size|exceed\w*) .. (?:exceed\w*|size|limit)
        (?:too (?:much|many)) (?:mail )?(?:data|bytes)
        (?:line|header)s? .. (?:too large|size limit)
        """,
        SENDING,
        code="(?!4[25]1).*",
    ),
)

SENDER = (
    Rule(
        "send_as_denied",
        r"""
        \w*sendasdenied
        (?:not|no) .. send[ -]?(?:as|on[ -]behalf)\b
        send[ -](?:as|on behalf) .. (?:{denied}|permission|right)
        not (?:be )?owned by
        must own .. (?:sender|from|address)
        not one of your (?:\w+ )?addresses
        relaying disallowed as
        {sender}(?: \w+){0,3}? (?:must|should|has to) (?:be .. )?(?:match|equal|same|correspond|belong)\w* .. {login}
        (?:must|should) (?:be .. )?(?:match|equal|same|correspond|belong)\w* .. {login}
        {sender}\b.{0,60}?(?:not|mis) ?(?:be )?(?:match|same|equal|correspond|belong|agree|identical)\w* .. {login}
        {login}\b.{0,60}?(?:not|mis) ?(?:match|own|correspond|belong)\w* .. {sender}
        {login} .. not {allowed} (?:to )?(?:send|use|for|submit) .. (?:as|from|behalf|{sender}|@)
        not {allowed} to (?:send|use|submit|relay)(?: \w+){0,4}? (?:as|from|on behalf|(?:this|that|the|other|your|another|different) (?:\w+ )?(?:{sender}|address|e-?mail|domain))\b
        (?:can|may|could) ?not (?:send|use)(?: \w+){0,4}? (?:as|from|on behalf of) (?!this (?:ip|server|host|client))
        {sender} (?:address )?(?:\S+ )?(?:is |was )?not {allowed} (?:for|by|to) .. {login}
        {sender} address (?:\S+ )?(?:is |was )?not {allowed}$
        (?:spoof\w*|impersonat\w*|forged?|forgery) .. (?:{sender}|user|account|local|identity)
        {sender} .. (?:spoof\w*|forged|impersonat\w*)
        (?:local )?{sender} .. (?:without|requires?) .. auth\w* as
        not (?:a )?(?:valid|registered|configured) (?:alias|identity) (?:of|for)
        """,
        (*LOGIN, *SENDING),
        permanent=True,
    ),
    Rule(
        "from_header_invalid",
        r"""
        mandatory from
        (?:from:? (?:header|field|line)|header from|5322[.]?from|'from'|\"from\"|from:)(?:[ :]+(?:address|header|field|line|domain))?\b.{0,40}?(?:missing|invalid|malformed|empty|not (?:be )?(?:valid|found|present|specified|parse)|bad|incorrect|illegal|syntax|required|multiple|duplicate|more than one|absent|blank|must|not (?:have|contain))
        (?:missing|invalid|no|multiple|malformed|empty|bad|without|duplicate|illegal|lack\w*|incorrect|two or more|unparsable)(?: \w+| or| and|,){0,5}? '?\"?from\"?'?:?(?: \w+)? ?(?:header|field|line|address|:)
        (?:missing|no|without|valid address in|address(?:es)? in)(?: \w+| '?\"?from\"?'?:?| or| and| the){0,3} '?\"?from\"?'?:? ?(?:header|field)
        (?:missing|invalid|no|multiple|malformed|empty) (?:\w+ )?(?:sender|originator) (?:header|field)
        (?:sender|from) (?:and .. )?headers? .. (?:missing|invalid|malformed|required)
        """,
        SENDING,
    ),
    Rule(
        "auth_required",
        r"""
        turn on smtp auth\w*
        not logged[- ]in
        (?:smtp )?auth\w*(?: \w+){0,4}? (?:is |are )?{required}(?! by)
        auth\w* .. (?:first|before|prior)
        requires? (?:\w+ ){0,3}?(?:auth\w*|log ?in|login)
        {must} (?:\w+ ){0,4}?(?:auth\w*|log ?in|login|sign ?in)
        (?:not|never|un) ?(?:been )?(?:yet )?authenticated(?! by| for)
        unauthenticated (?:mail|e-?mail|user|client|sender|connection|relay|session)s?
        (?:client|user|session|you|sender) .. not .. auth\w*$
        (?:send|use|issue|try) (?:the )?auth\w* (?:command )?(?:first|before)
        anonymous (?:mail|users?|access|connection|e-?mail|relay|client|sender)
        (?:without|no) (?:prior |smtp |valid |proper )?(?:auth\w*|log-?in)
        (?:pop|imap)3?[ -](?:before|prior)
        (?:check|get) .. (?:new )?mail (?:first|before)
        must .. (?:username|user name|credentials)
        (?:username|credentials|login) .. {required}
        """,
        (*ENCRYPTING, *SENDING),
        code="(?!454).*",
        enhanced=r"(?!5\.7\.(?:9|26)$).*",
    ),
)

RELAY = (
    Rule(
        "relay_denied",
        r"""
        (?:invalid|bad|no) credentials for relay
        smtp relay service
        relay\w*(?: \w+){0,4}? (?:is |was |are )?{denied}
        (?:{denied}|not|unable|can ?not|refus\w+|deny|denies|prohibits?|will not|no|never|disallow\w*)(?: \w+){0,3}? (?:open |third[- ]party |mail )?relay\w*
        relay (?:access|attempt|mail|restriction|not)
        not (?:a |an |our |your )*(?:open |public |mail )?relay
        rcpt ?hosts
        (?:domain|host) (?:is |was )?not in my list
        not one of our (?:customers|domains|clients)
        (?:recipient|domain|address|user|host|destination) (?:\S+ )?(?:is |are )?not (?:\w+ )?(?:local|hosted|handled|served|managed)(?: here| by| on|$|[.;,])
        not (?:a )?local (?:domain|host|address|recipient|user)
        non-?(?:accepted|local) (?:domain|recipient|user)
        we do not (?:accept|handle|process) .. (?:that|this|the) domain
        gateway .. not .. (?:accept|relay)
        """,
        (*GREETING, *SENDING),
        permanent=True,
    ),
    Rule(
        "relay_denied",
        r"""
        client host rejected: access denied
        (?:client|host|ip) .. not {allowed} to (?:relay|send|use|connect)
        """,
        SENDING,
        permanent=True,
    ),
)

LIMITS = (
    Rule("quota_exceeded", r"(?:daily|monthly|24[- ]hour) (?:\w+ ){0,2}?(?:quota|limit|allowance)", SENDING),
    Rule(
        "rate_limited",
        r"""
        (?:sender|user|account|client|tenant|connection|recipient|you|mail|message)s?(?: \S+){0,3}? throttl\w*
        throttl\w*
        rate[- ]?(?:limit\w*|control\w*|exceed\w*|based|restrict\w*)
        (?:sending|send|message|submission|receiv\w+|maximum|connection|delivery|e-?mail|mail) rate\b
        unusual(?:ly high)? (?:rate|volume|amount|number)
        unexpected volume
        at a rate
        {many} (?:\w+ ){0,3}?(?:messages?|mails?|e-?mails?|recipients?|connections?|concurrent|sessions?|smtp|requests?|rcpts?|deliver\w+|channels?|senders?|envelopes?|hits|commands|transactions|addresses|simultaneous|parallel|of connections)\b
        (?:messages?|mails?|e-?mails?|recipients?|connections?|sessions?|requests?|volume|rcpts?)(?: \S+){0,4}? (?:limit\w*|limitation|threshold|cap)\b
        too (?:quickly|fast|frequent\w*|often)
        (?:per|this|in an|every|each|within (?:an?|one)) (?:hour|minute|second)
        concurren\w+|simultaneous
        receive limit|limit (?:exceeded|reached)|exceeded? (?:the |your |its |our )?(?:\w+ ){0,3}?limits?
        (?:hourly|minute)\b
        slow(?:ing)? down
        deferred due to (?!dns|dmarc|spf)|temporarily deferred|(?:excessive|high) volume
        {many} .. (?:rate|limit|quota|threshold)
        (?:reduce|lower) .. (?:rate|volume|number|sending)
        maximum (?:number )?of (?:\w+ )?(?:messages|recipients|connections)
        policyd|quota .. (?:messages|emails) per
        """,
        (*GREETING, *SENDING),
    ),
)

QUOTA = (
    Rule(
        # A mailbox that its owner no longer reads stays full.
        "quota_exceeded",
        r"""
        out of storage .. inactive
        """,
        SENDING,
        permanent=True,
    ),
    Rule(
        "quota_exceeded",
        r"""
        {mailbox}\b.{0,60}?(?:(?:is |are |was )?full\b|over[ -]?quota|quota|exceed\w* .. (?:storage|space|limit|disk)|out of (?:\w+ )?(?:storage|space)|no (?:more )?(?:\w+ )?space|overdrawn|no room)
        over[ -]?quota
        quota ?(?:\w+ )?(?:exceed\w*|full|reached|violation|limit|over\w*|used)
        (?:exceed\w*|over|out of|beyond|reached|above|no|insufficient|violat\w*) .. quota
        (?:daily|monthly|24[- ]hour|weekly|per[- ]day|credit|sending|free plan|plan|trial)s? (?:\w+ ){0,3}?(?:quota|limit|cap|exceeded|exhausted|allowance)
        (?:quota|limit|allowance) .. (?:per|a|the|this|for (?:the|this)|each|today) ?(?:day|month|24|week)
        (?:messages|e-?mails|mails|recipients) (?:\S+ )?(?:per|a|each) (?:day|month|24)
        insufficient (?:disk |mailbox |mail ?box )?(?:storage|space)(?! (?:on )?(?:the )?system)
        (?:not )?enough (?:\w+ )?(?:credits?|space|storage)
        (?:no|out of|insufficient|exhausted) .. credits?
        mail ?box ?(?:is )?full
        (?:full|filled) (?:mail ?box|inbox)
        exceeded .. (?:storage|space)
        storage (?:allocation|allotment|limit|quota)
        5\.2\.2\b.*full
        """,
        SENDING,
    ),
)

AUTHENTICITY = (
    Rule(
        "sender_reputation_blocked",
        r"""
        spf\b|spf=|sender policy framework
        dkim|dmarc|arc (?:fail|valid)
        ptr\b|reverse[- ]?(?:dns|lookup|name|mapping|ip|record|host)|rdns
        can ?not find your (?:reverse )?host ?name
        """,
        (*GREETING, *SENDING),
    ),
)

REPUTATION = (
    Rule(
        "sender_reputation_blocked",
        r"""
        forward[- ]confirm\w*|fcrdns|no (?:valid )?(?:reverse|rdns|ptr)
        (?:ip|host|client|helo|ehlo) .. not (?:resolve|match)\w* .. (?:ip|host|address|name|dns)
        {list}(?:\.\w|\b)
        blocked (?:using|by|at|due to|because|for) .. (?:list\w*|spam|abuse|reputation|\.(?:org|net|com))
        reputation|senderscore
        (?:is |are |was |been |currently |being )(?:\w+ )?(?:black)?listed
        listed (?:in|by|on|at|as)|listing in
        block[- ]?list\w*|black[- ]?list\w*|block list
        (?:user |spam )?complaints?
        (?:your |the |this |sending |client |source |connecting |ip )(?:ip|network|host|server|mta)(?: address| range| \S+)?(?: is| was| has been| you)? (?:\w+ ){0,3}?(?:blocked|banned|blacklisted|denied|rejected|refused|suspicious|not {allowed}|untrusted|poor|bad|unauthenticated)
        (?:blocked|banned|rejected|refus\w+|denied|den(?:y|ies)) .. (?:your |the |this |from )?(?:ip\b|ip address|network|client host|connection from|range)
        ip(?: address)? .. not {allowed} to send
        client host .. (?:blocked|rejected|denied|refused|banned)
        (?:sent|mail|message|connection|connect\w*)s? from (?:\S+ )?(?:dynamic|residential|dial-?up|generic|suspicious|blocked|bad|this host|your (?:ip|host|server|network))
        dynamic(?:ally)? .. (?:ip|address|range|pool|allocated)|(?:residential|dial-?up) (?:ip|address|range|line|host)
        unauthenticated e-?mail .. (?:accepted|domain)
        (?:sender|domain|e-?mail|message|it)(?: \S+){0,4}? (?:is |was )?(?:not|un|failed) ?(?:pass )?(?:authenticat\w+|authentication checks)
        fail\w* (?:\w+ )?(?:sender )?authentication (?:check|polic)\w*
        spam abuse detected|bad outbound sender|outbound spam|tenant has exceeded|(?:traffic|mail) not accepted from this ip
        (?:part of|on) .. (?:network|our) .. (?:block|list)
        (?:suspected|known|potential) (?:spammer|spam source|zombie|bot)|spammer|botnet|open proxy|compromised|(?:infected|zombie) (?:host|machine|pc)
        abus(?:e|ive) .. (?:from|ip|your|detected)|history of abuse
        (?:bad|banned|blocked|banned|denied|rejected|untrusted) (?:sending )?(?:ip|host|sender ip|network|country)\b
        """,
        (*GREETING, *SENDING),
    ),
)

RECIPIENT_REFUSAL = (
    # Exchange Online hides with these words that the recipient does not exist (Directory-Based Edge Blocking).
    Rule("recipient_unknown", r"recipient address(?:es)? rejected ?: access denied", enhanced=r"5\.4\.1"),
    Rule(
        "recipient_rejected",
        r"""
        sender (?:was )?not authenticated (?:by|for)
        not authenticated to (?:send|post)
        (?:restricted|limited) to (?:authenticated|internal|members|authori[sz]ed|certain)
        only (?:accepts?|receives?|takes?|allows?) (?:messages?|mail|e-?mails?)? ?from
        resolver\.rst\.(?!\w*size)
        (?:null|nul) ?mx|\"?null mx\"?
        (?:does|do|will|can|is|are|currently)(?: can)? not (?:able to |currently |be able to )?(?:accept|receiv|tak|allow)\w* (?:any |new |e-?|incoming |inbound )*(?:messages?|mail|e-?mails?)
        not accepting (?:any |new |incoming )*(?:messages?|mail|e-?mails?)
        reserved by rfc|reserved (?:top|tld|domain)
        not a valid rfc|(?:not|in) ?valid (?:rfc\S* )?(?:recipient )?address syntax
        (?:bad|invalid|malformed|illegal) (?:recipient|destination|mailbox) (?:address )?(?:syntax|format|name)
        (?:recipient|rcpt to)(?: address)? (?:syntax|format)|syntax .. (?:recipient|forward-path|rcpt)
        suspected .. recipient|recipient .. (?:suppress\w*|unsubscribe\w*|bounce\w*)|suppress\w*
        (?:dlp|distribution list|group|members?|moderat\w+|allowed[- ]?senders?) .. (?:not|only|restrict\w*|allow\w*|reject\w*)
        not (?:a )?(?:member|{allowed} to (?:send|post)) .. (?:list|group|recipient|mailbox|this address)
        not in .. (?:allowed|whitelist|safe)\w*
        no valid recipients
        (?:recipient|user|mailbox|owner) .. (?:refuses|not (?:wish|want)|declines|chosen|blocked you|rejects (?:mail|messages|your))
        recipient has .. block\w*
        """,
        SENDING,
    ),
    Rule(
        "recipient_rejected",
        r"""
        {mailbox}\b(?: \S+)?.{0,50}?(?:is |was |has |been |currently |temporarily |not |an? |not )+{disabled}
        {disabled} (?:\w+ )?{mailbox}
        """,
        SENDING,
        code="(?!4).*",
    ),
)

SENDER_REFUSAL = (
    Rule(
        "sender_rejected",
        r"""
        sandbox
        (?:e-?mail|identit\w+|address|domain|sender|from|account)\b.{0,50}?(?:not|un) ?(?:been |yet )*(?:verified|confirmed|validated|activated|registered)
        verified (?:sender|domain|address|identity|sending)
        verify (?:your |the )?(?:account|e-?mail|domain|sender)
        (?:activate|validate|confirm) (?:your|the) (?:\w+ )?(?:account|sender|domain|address)
        unverified|unregistered (?:sender|domain|address)
        identit(?:y|ies) failed
        {sender}\b.{0,30}?domain .. not
        domain(?: of)? .. not {allowed}
        not {allowed} to perform
        sender signature|signature not (?:found|confirmed)|sending domain
        """,
        SENDING,
        permanent=True,
    ),
    Rule(
        "sender_rejected",
        r"""
        (?:bad|invalid|malformed|illegal|unqualified|syntax|improper|wrong|incorrect|unknown|unacceptable|fake|unroutable|unresolvable|blocked|denied)(?: \S+){0,3}? (?:sender|return[- ]path|reverse-path|mail from|from address|originator)
        (?:sender|mail from|return[- ]path|from address|envelope from|originator|reverse-path)(?:'s)?\b.{0,50}?(?:syntax|verify fail\w*|verification|domain|rejected|{denied}|invalid|{unknown}|refused|blocked|must (?:exist|resolve|be)|not (?:resolve|exist|accept|have)\w*|denied|reject\w*|bad|unroutable|fail\w*)
        sender address
        domain of .. (?:sender|@)
        (?:sender )?call(?:out|back)|sender verif\w+
        return address
        (?:your|sending|sender|from) (?:e-?mail )?(?:domain|address) .. (?:reject\w*|{denied}|invalid|not|{unknown}|block\w*)
        mail from\b.{0,20}?(?:command )?(?:failed|reject\w*|denied|refused)$
        helo/?ehlo .. sender
        """,
        SENDING,
    ),
)

SPAM = (
    Rule(
        "content_rejected_spam",
        r"""
        spam\w*
        virus|malware|malicious|infect\w*|trojan|worm|ransom
        phish\w*|scam|fraud\w*
        unsolicited|bulk (?:mail|e-?mail|message)|junk
        (?:message|mail|e-?mail|content|body|subject|header|attachment|file|url|link)s? .. (?:filter\w*|blocked|contains?|prohibit\w*|forbidden|suspicious|objectionable|inappropriate|dangerous|banned|blacklist\w*|disallow\w*|offensive|unwanted|dirty)
        (?:content|attachment|file (?:type|extension)|url|link)s? .. (?:reject\w*|{denied}|not accept\w*|restrict\w*|polic\w*)
        (?:prohibited|banned|forbidden|blocked|illegal|dangerous|executable|restricted|suspicious) (?:\w+ )?(?:content|attachment|file|extension|url|link|word)s?
        (?:policy|security|local policy|administrative) (?:\w+ )?(?:reasons?|violation|reject\w*|issue|restriction)
        (?:security|local|site|message|content|corporate|e-?mail|mail|delivery|company|usage) polic(?:y|ies)
        {denied} (?:due to|by|for|because of|as per|under) .. polic\w*
        polic(?:y|ies) .. (?:violat\w*|{denied}|prohibit\w*)
        (?:violat\w+|against) .. polic\w*
        (?:message|mail|e-?mail|transaction|delivery|content)s?(?: \S+)?(?: has been| was| is| have been)? (?:\w+ )?(?:reject\w*|refused|not accept\w*|denied|discarded|bounced|quarantin\w*|declin\w+|blocked)
        (?:reject\w*|refus\w*|denied) .. (?:message|content|mail content|body)
        (?:high|bad|exceed\w*|total|low) .. score|score .. (?:threshold|high|exceed\w*|too)
        (?:content|message) .. (?:filter\w*|scan\w*|reject\w*|unacceptable)
        (?:dt|mi|hl):[a-z0-9]{3}\b
        listed url|(?:uri|url)bl|surbl
        blackmail|pornograph\w*|profan\w*
        """,
        CONTENT,
        code="(?!4).*",
    ),
    Rule(
        "content_rejected_spam",
        r"""
        spam\w* (?:content|message|detected|mail|score)
        (?:identified|classified|considered|flagged|detected|marked) .. (?:spam|junk|phish\w*|bulk)
        virus|malware|phish\w*
        (?:message|e-?mail|mail) .. (?:spam|junk|unsolicited)
        content (?:reject\w*|filter\w*)
        """,
        SENDING,
    ),
)

UNKNOWN_RECIPIENT = (
    Rule(
        "recipient_unknown",
        r"""
        {mailbox}\b.{0,60}?{unknown}
        (?:unknown|no such|invalid|non-? ?existent|bad|undeliverable|unrout[e]?able|unrecogni[sz]ed|no) (?:\w+ ){0,2}?{mailbox}
        user (?:@ )?unknown
        not (?:our|a|any) (?:customer|user|mailbox|valid|account|known|registered)
        does not have .. account
        mail ?box unavailable
        {mailbox}\b.{0,30}?(?:unavailable|has moved|moved|not local|rejected|not (?:on|in|at) (?:this|our|the))
        resolver\.adr\.\w+
        (?:domain|host)(?: name)? .. (?:{unknown}|not (?:be )?(?:found|resolve\w*)|does not exist)
        no (?:mx|a|dns) (?:record|host)s?
        (?:name service|dns) error
        (?:unknown|invalid|bad|non-?existent) (?:domain|host|destination)
        no one (?:here )?by that name|nobody by|no person
        can ?not (?:find|verify|locate|deliver to) .. (?:user|recipient|mailbox|address|account)
        not (?:find|found|locate|exist|listed|recogni[sz]e)\w* .. {mailbox}
        (?:address|recipient|user) (?:not in|lookup|verification)
        access denied
        """,
        RECIPIENTS,
        code="(?!4).*",
    ),
    Rule(
        "recipient_unknown",
        r"""
        (?:{mailbox}|domain)\b.{0,60}?{unknown}
        (?:unknown|no such|invalid|non-? ?existent|bad|unrout[e]?able) (?:\w+ ){0,2}?(?:{mailbox}|domain|host)
        unverified (?:address|recipient)
        (?:recipient|domain)\b.{0,60}?not found
        """,
        RECIPIENTS,
        code="4..",
    ),
    Rule(
        "recipient_rejected",
        r"""
        policy rejection
        recipient(?: address)?(?: \S+)? (?:is |was |has been )?(?:{denied})
        {mailbox} .. {denied}
        not {allowed} .. (?:recipient|to this|mailbox|to send to)
        """,
        RECIPIENTS,
        permanent=True,
    ),
)

PROTOCOL = (
    Rule(
        "protocol_error",
        r"""
        pipelin\w*
        protocol (?:violation|error|synchroni[sz]ation)|synchroni[sz]ation error|improper use of
        (?:syntax|parameter|argument|command)s?\b.{0,30}?(?:error|invalid|not (?:recogni[sz]ed|implemented|understood|allowed|valid|supported|known|accepted)|{unknown}|unexpected|out of|missing|illegal|unimplemented|unrecogni[sz]ed|rejected|bad)
        (?:bad|invalid|unknown|unrecogni[sz]ed|unimplemented|unsupported|unexpected|illegal|incorrect|wrong|out[- ]of) (?:\w+ ){0,2}?(?:command|sequence|syntax|order|argument|parameter|helo|ehlo|response|reply|greeting)s?
        (?:need|send|issue|expect\w*|say|use|no|missing|polite|without|must) (?:\w+ ){0,3}?(?:mail|rcpt|helo|ehlo|hello)\b
        (?:helo|ehlo)(?:/(?:ehlo|helo))?(?: command| name| argument| domain| hostname)?\b.{0,40}?(?:reject\w*|invalid|bad|required|must|fully|syntax|need|refus\w*|not|first|denied|literal|raw|forged|own)
        \((?:helo|ehlo)\)
        nested mail|already (?:specified|given|started)|sender already
        (?:bare|stray|lone) (?:lf|cr|newline|line ?feed|<)
        line (?:is )?too long|lines? length
        loop\w*|hop ?count|too many hops
        refused our helo
        (?:malformed|unexpected|unparsable|invalid|bad) (?:server )?(?:reply|response|line|answer|greeting|status)
        mime|(?:message|header)s? .. (?:malformed|format|rfc ?\d+|missing|invalid|duplicate)|rfc ?\d{4}
        not (?:a )?(?:smtp|mail) server|does not speak
        """,
    ),
)

BAD_MOMENT = (
    Rule(
        "server_disconnected",
        r"""
        too many errors
        (?:idle|inactiv\w+) .. (?:timeout|too long|clos\w+)
        (?:closing|terminat\w+|dropp\w+) (?:the |this |your )?(?:connection|channel|link|session)$
        """,
        (*GREETING, *SENDING),
        code="4..",
    ),
    Rule(
        "server_busy_or_unavailable",
        r"""
        temporar\w*
        try .. (?:later|again)|try later|retry|(?:come|call) back
        (?:service|server|system|host|resource|queue|database|backend|ldap)s? .. (?:unavailable|busy|error|problem|fail\w*|down|full|overload\w*|maintenance|not (?:available|accepting|ready|active|running)|offline|shut\w*|unreachable|exhaust\w*|shortage)
        (?:internal|local|system|server|lookup|queue|write|database|configuration|processing|unexpected|technical|resource\w*) (?:\w+ )?(?:error|problem|failure|fault|issue|difficult\w+|exception)
        (?:not|un) ?available
        (?:too|very) busy|overload\w*|load (?:average|is)|high load|heavily loaded
        (?:insufficient|no|low|out of|not enough) (?:system )?(?:resources?|memory|storage|disk|space|swap|file)
        maintenance|shutting down|restart\w*|starting up|not ready
        (?:unable|failed|can ?not|could not) to? ?(?:process|complete|accept|handle|connect|deliver|open|write|verify|contact|create|queue|store)
        greeting .. fail|deferr?\w*|delay\w*
        """,
    ),
)

WORDS = (
    *FIRST,
    *AUTHENTICITY,
    *SENDER,
    *RECIPIENT_REFUSAL[:2],
    *LIMITS,
    *QUOTA,
    *REPUTATION,
    *RELAY,
    *SENDER_REFUSAL,
    *RECIPIENT_REFUSAL[2:],
    *SPAM,
    *PROTOCOL,
)
GENERAL = (*UNKNOWN_RECIPIENT, *BAD_MOMENT)
