"""English wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

ENGLISH = Wording(
    subject=r"""
        automatic(?: |-)?(?:reply|response)
        auto(?: |-)?(?:reply|response|matic reply)
        out[ -]of[ -](?:the[ -])?office
        ooo\b
        o\.o\.o
        away from (?:the|my) (?:office|desk)
        on (?:vacation|annual leave|holiday|leave|pto)\b
        (?:vacation|absence) (?:reply|notice|response|message|notification)
        i(?: a|')m (?:away|out|on)\b
        annual leave
        out (?:until|till)\b
    """,
    declared=r"""
        this is an? (?:automatic|automated|auto)[- ]?(?:generated )?(?:reply|response|e-?mail|message|notification)
        (?:automatically|auto)[- ]generated (?:reply|response|e-?mail|message)
        do not reply to this (?:automated|automatic)
        (?:automatic|automated|auto)[- ]?(?:reply|response|responder)\s*[:.!]
        this mailbox is (?:not|no longer) monitored
        this (?:message|e-?mail|reply) (?:was|is|has been) (?:sent |generated )?automatic
    """,
    being=r"""
        i am | i'm | im | i will be | i'll be | am | will be | we are | we're | we will be | our office is
        our offices are | the office is | the office will be | currently | presently
    """,
    away=r"""
        out of (?:the )?(?:office|country|town) | ooo\b | out on\b | out until\b | out from\b
        out through\b | out and\b | on vacation | on holidays? | on (?:\w+ )?leave | on pto\b
        away (?:from|until|on|and|between|through) | away\b(?= *[.,;]) | travell?ing | out sick
        closed (?:from|until|for|through|between) | unavailable (?:from|until|through) | not in the office
        off work | off (?:until|from)
    """,
    usual=r"""
        limited access to
        no access to (?:my )?e-?mail
        intermittent access
        not (?:be )?(?:checking|reading|monitoring)
        not (?:be )?(?:read|forwarded|monitored)\b
        (?:thank you|thanks) for (?:your|contacting|getting in touch|reaching out|e-?mailing|writing)
        (?:respond|reply|get back|answer|attend)[^.?]{0,60}as soon as
        (?:upon|after|on) my return
        (?:if|for)(?: \w+){0,3} (?:urgent|immediate|emergenc)
        for (?:urgent|immediate|emergenc)
        in my absence
        when i (?:return|am back|get back)
        while i(?: a|')m (?:away|out)
        please (?:contact|direct|reach out to|call|e-?mail|refer|get in touch)
        (?:messages?|e-?mails?) will not be forwarded
        delay(?:ed)? (?:in )?respon
        may be delayed
        i will (?:return|be back|be returning)
        i'll be back
        returning (?:to|on)
        no longer (?:with|work)
        has left the company
        has been received
        we have received your
        within \d+ (?:business|working)
    """,
    personal=r"""
        yes | sounds (?:good|great) | let'?s | (?:can|could|would|will|did|do|are) (?:you|we)\b | how much
        what (?:is|are|time|about|do) | interested | no thanks | not interested | (?:call|text|e-?mail|write|send) me
        give me | ping me | your (?:offer|quote|price|proposal|estimate|product|demo)
        works for me | go ahead | happy to | looking forward | schedule | stop (?:e-?mail|contact|writ|send)
        unsubscribe | remove me | sorry for | i was (?:out|away|on) | (?:just|i'm|i am) (?:now )?back\b
        try (?:me|again) | reach me | talk (?:to you|then|next|soon) | chat | catch up
        (?:i'd|would) (?:like|love|prefer) | we should | tell (?:me|him|her) | wrong person
        my (?:husband|wife|boss) | speak | follow up | circle back | quick
    """,
    until=r"""
        until | till | til | through | thru | up to | ending | ends
    """,
    back=r"""
        back | return | returns | returning | resume | resuming | reachable again
        available (?:again|from|on|as of|starting) | in the office (?:again|on|from) | reopen | reopens
        reopening | re-open
    """,
    not_yet=r"""
        not | won't | wont | n't | cannot | never | unable
    """,
    weekdays="monday tuesday wednesday thursday friday saturday sunday",
    tomorrow="tomorrow",
)
