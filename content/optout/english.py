"""English: words and phrases that ask for no more messages, and their look-alikes. Notation: grammar.py."""

WHOLE_MESSAGE = (
    # FCC, 47 CFR 64.1200(a)(10), in force since 2025-04-11: words that count per se.
    "stop|quit|end|revoke|opt_out|cancel|unsubscribe|"
    # Twilio's own keywords beyond those.
    "stopall|optout|"
    # Short forms that can mean nothing else when they stand alone.
    "stop_all|cancel_all|remove|opting_out|unsubscribed|"
    "do_not_text|do_not_call|do_not_message|do_not_email|dont_text|dont_message|dont_email"
)
FILLERS = (
    "please|kindly|just|really|seriously|simply|literally|actually|honestly|so|also|ever|already|immediately|asap|ok|"
    "okay|hey|hi|hello|thanks|thank|ugh|dude|man|bro|bruh|buddy|folks|guys|guy|tf|fuckin|fucking|freaking|frickin|"
    "fricking|effing|damn|damned|goddamn|bloody|stupid|dumb|annoying|stinking|asshole|assholes|bitch|bitches|idiot|"
    "idiots|moron|morons|jerk|jerks|scammer|scammers|creep|creeps|motherfucker|motherfuckers|and_thank_you|thank_you|"
    "thank_u|thanks_a_lot|thanks_anyway|for_the_love_of_god|the_fuck|the_hell"
)
SPELLINGS = {
    "stop": "stpo|sotp|tsop|stp|st0p|stopp|sstop|sopt|dtop|stopt",
    "stopall": "stopal|stoppall",
    "unsubscribe": "unsub|unsubs|unscribe|unsubscription|desubscribe",
    "cancel": "cancle|cancell|cansel",
    "please": "pls|plz|plse|pleas|pleae|plase|thx|ty|tks",
    "texting": "texing|texitng|txting|txtng|txtn",
    "message": "messege|mesage|msg",
    "messages": "mesages|messeges|msgs|msges|mssgs",
    "remove": "rmv|rmove|remv|remov|rmove|remve",
    "interested": "intrested|intersted",
    "you": "u|yall",
    "your": "ur|yr",
    "text": "txt",
    "texts": "txts",
    "messaging": "msging",
    "dont": "dnt",
    "no_more": "nomore",
    "want_to": "wanna",
    "going_to": "gonna",
}

WORDS = {
    "PROMOS": "deals|offers|specials|promos|promotions|coupons|ads|adverts|advertising|marketing|newsletter|"
    "newsletters|catalogue|catalogues|catalog|brochures|flyers|surveys|tips|quotes|horoscopes|"
    "appeals|valuations|pitches|campaigns|sequence|cadence|blasts|discounts|vouchers|sales_texts|"
    "sales_emails|text_alerts|alerts|follow_ups|mailings|drip|broadcasts",
    # Asking us to end it.
    "STOP": "stop|quit|cease|discontinue|halt|refrain_from",
    "CONTACTING": "texting|messaging|contacting|calling|emailing|mailing|writing|writing_to|bothering|harassing|"
    "spamming|bugging|pestering|hounding|stalking|pinging|dming|phoning|soliciting|disturbing|annoying|asking|"
    "reaching_out|reaching_out_to|following_up|following_up_with|hitting_up|hitting_me_up|blowing_up|"
    "blowing_me_up|messing_with",
    "SENDING": "sending|receiving|getting|giving",
    "IT": "it|this|that|now|everything|doing_this|doing_that|with_this",
    "TOLD": "told|tell|telling|ask|asked|asking|beg|begging|want|need|like|advise|warned|wish",
    "SAID": "interested|number|thanks|no|nah|sake|means|person|you|me|us|it|need|hiring|selling|house|looking",
    # Asking us not to begin again.
    "NOT": "dont|do_not|never|no_longer|better_not|not_to|must_not|may_not|should_not|shouldnt|cannot",
    "CONTACT": "text|message|contact|call|email|mail|write|write_to|bother|harass|spam|bug|disturb|ping|phone|dm|"
    "solicit|reach_out|reach_out_to|hit_up|follow_up|follow_up_with|reply|reply_to",
    "CONTACTED": "contacted|texted|called|messaged|emailed|bothered|spammed|on_your_list|on_this_list|"
    "on_your_mailing_list|a_part_of_this|part_of_this",
    "WANT": "want|wish|care|need|like",
    "RECEIVE": "get|receive|hear|see|be_getting|be_receiving|keep_getting|keep_receiving",
    # What is to end, and for whom.
    "MESSAGES": "messages|texts|text_messages|emails|mails|calls|phone_calls|sms|spam|notifications|communication|"
    "communications|correspondence|contact|newsletters|solicitations|solicitation|marketing|alerts|reminders|"
    "follow_ups|crap|shit|bullshit|bs|garbage|junk|nonsense",
    "THESE": "the|these|those|this|that|your|all|any|more|any_more|anymore|of|with|further|future|such|other|unwanted|"
    "unsolicited|text|marketing|promotional|sales|spam|automated|follow_up|additional",
    "ME": "me|us|my_phone|my_number|my_cell|my_email|my_inbox|my_line|this_number|this_phone|this_email|this_line|"
    "to_me|to_us|to_this_number|to_my_phone|to_my_number|to_this_phone|here|on_this_number|on_this_phone|"
    "at_this_number|to_my_email|to_this_email",
    # Asking us to forget an address.
    "REMOVE": "remove|delete|take|get|drop|erase|scrub|scratch|strike|pull|cross|wipe|removing|removed|deleting|"
    "taking|unsubscribe|leave",
    "ERASE": "remove|delete|erase|scrub|lose|forget|discard|ditch|trash",
    "GONE": "removed|taken_off|taken|deleted|unsubscribed|opted_out|off",
    "YOUR": "your|this|the|these|any|all|future|further|mailing|email|marketing",
    "MINE": "me|us|my|our|this|that|the",
    "DETAILS": "number|name|email|email_address|address|phone|phone_number|cell|cell_number|info|information|data|"
    "details|contact|contact_info|contact_information|contact_details|record",
    "OFF": "off|off_of|from|out_of|out|of",
    "LIST": "list|lists|database|system|systems|contacts|records|crm|file|files|outreach|campaign|campaigns|mailings|"
    "mailing|subscription|subscriptions|distribution|everything|messages|texts|emails|mails|communications|calls",
    "LEAVE": "unsubscribe|opt_out|be_unsubscribed|be_removed|be_taken_off|be_opted_out|be_deleted",
    "FROMYOU": "from_this|from_these|from_your|from_you|from_all|from_any|from_everything|from_here|from_future|"
    "from_emails|from_texts|from_messages|from_list|from_receiving|"
    "of_this|of_these|of_your|of_all|of_any|of_everything|of_future|of_receiving|of_getting",
    "REVOKE": "revoke|revoking|withdraw|withdrawing|rescind|revoked|withdrew",
    "CONSENT": "consent|permission|authorization",
    # Look-alikes.
    "LATER": "before|until|till|while|during|today|tonight|tomorrow|yet|right_now|this_week|on_weekends|on_sundays|"
    "on_saturdays|on_the_weekend|at_work|at_night|at_home|in_the_morning|after|so_early|so_late|this_early|this_late",
    "PLACE": "by|in|at|over|off|on|for|here|there|when|where|near|next|sign|signs|light|lights|loss|shop|shopping|"
    "payment|if|until|before|short|watch|to|the|a|an",
    "REPLY": "reply|replying|text|texting|send|sending|answer|type|says|write",
    "KEYWORD": "stop|cancel|end|quit|unsubscribe",
    "WONT": "wont|will_not|cant|cannot|doesnt|didnt|dont|do_not|never|not|couldnt|wouldnt|havent",
    "SHOULD": "can|could|will|would|should|must|may|might|has_to|keeps",
    "THEY": "he|she|they|it|who|that|nobody|nothing",
    "READERS": "customers|clients|people|they|users|recipients|subscribers|leads|someone|somebody|who",
    "BUS": "bus|truck|pit|full|non|one|next|last|train|metro|first|quick|rest|short|a|an|the|whistle|door",
}
OPENERS = (
    "i|im|ive|id|ill|you|youre|we|were|he|she|who|whoever|this|that|thats|its|it|not|no|wrong|but|or|if|why|what|how|"
    "and|again|anymore|any_more|any_longer|now|ever|never|forever|lol|from_you|from_your|about|at_all|altogether|"
    "for_good|at_once|in_the_future|everyday|every|all_day|all_the_time|constantly|going_forward|moving_forward|"
    "from_now_on|because|cuz|since|unless|stop|dont|do_not|enough|too|as_well|with_this|for_the|for_gods|"
    "at_this_number|on_this_number|on_this_phone|at_this_phone|sir|maam|lady|leave|lose|remove|take|unsubscribe"
)

_LOOK_ALIKES = """
REPLY [with] KEYWORD to * .. $
REPLY [with] KEYWORD [to] [LEAVE|KEYWORD]
KEYWORD to LEAVE|KEYWORD
^ stopped $
stop|quit worrying|apologizing|apologising|rushing|joking|fussing|teasing
WONT stop|quit $
dont|do_not|cant|cannot|never|no_need_to|not stop|quit|unsubscribe|remove|delete|erase|opt
dont|do_not take|get|drop|pull me|us|my|this
dont|do_not|never want|wish|need|mean|plan|intend|like|ask|asked|wanted [you] to stop|quit|LEAVE|remove
no_need to stop|unsubscribe
NOT|stop|quit call|calling me sir|maam|lady
why|when did you stop|quit
when|where does|do|should|will|can [*] stop
thought you would|had stop|quit
the * to stop
READERS [can|could|to|will|want|wants] [to] LEAVE|stop
THEY WONT|SHOULD stop|quit
my|our|the * WONT|SHOULD stop|quit
i|we WONT|SHOULD stop|quit
ill|id|well stop|quit
BUS stop [shop|shopping]
if you CONTACT ME again LATER
way to stop [the] spam
stop it . cheap|that|so|for_real|no_way|for
stop . thats|this_is|its adorable|hilarious|amazing|funny|so|too|great|cute|crazy
stop . wait|i_made|i_meant|my_mistake|wrong_one
i have|got no_more|no messages|texts|emails
drop my name .
unsubscribed from [your|the|my|a|another] competitor|competitors|rival|netflix|others|they
stop using
unsubscribe link|links|rate|rates|button|buttons in|of|is_a|for
"""
_PLAYFUL = """
stop|quit|unsubscribe lol
omg|lol stop [it] /
"""
_STOP = """
if|and|cause|because you dont|wont|do_not|cant stop|quit /
if|and|cause|because you dont|wont|do_not|cant stop|quit CONTACTING|SENDING
you never|wont|dont|cant|still_wont stop|quit CONTACTING|SENDING
can|could|would|will|wont|cant|couldnt you [not] STOP [IT] /
why|wont|cant|couldnt [dont|wont|cant] you STOP [IT] /
why|wont|cant|couldnt [dont|wont|cant] you STOP CONTACTING|SENDING
you need_to|have_to|must|should|gotta|better|can|may STOP [IT] /
i|ive|we|weve [have] say|said|says|typed|texted|replied|sent|wrote KEYWORD /
TOLD you|your|them|her|him .. to|not_to STOP|leave [IT] /
TOLD you|your|them .. to STOP CONTACTING|SENDING
make it|this|these|them|that [MESSAGES] stop
how to|do [i] stop [this|these] $
^ STOP [IT] /
and|then stop|quit|unsubscribe $
part of stop
been|was asked|told to STOP /
been|was asked|told to STOP CONTACTING|SENDING
SAID stop|unsubscribe|remove|quit [now] $
STOP CONTACTING [and|or] [CONTACTING] [ME] /
STOP CONTACTING and|or CONTACTING|sending
said|sent|texted|replied|typed|wrote stop twice|already|last|yesterday|three_times|before|many|times
"""
_STOP_OTHERS = """
stop|quit CONTACTING you|him|her|them|people|customers|clients
stop|quit sending you|him|her|people|customers|clients
stop|quit calling me|us *
"""
_STOP_AT_TIMES = """
STOP CONTACTING ME LATER
"""
_STOP_MESSAGES = """
STOP CONTACTING ME
STOP CONTACTING my|our|this *
STOP SENDING [ME] [THESE] [THESE] [THESE] MESSAGES
STOP SENDING this|these|those|them|it /
STOP sending [ME] [this|these|that|those|stuff|things|anything|any] /
STOP|end|cancel [THESE] [THESE] [THESE] MESSAGES /
enough|no|stop|off|done with|of THESE [THESE] MESSAGES
knock_it|cut_it off|out
give it|me a_rest
STOP asking [me|us] /
STOP asking me|us|if|whether|for|about
^ STOP SENDING /
STOP SENDING [ME] [*] [*] PROMOS
STOP [the|these|those|your|all] [*] PROMOS /
cancel|end|stop my [*] PROMOS|MESSAGES|newsletter
cancel|end the|your|all [*] PROMOS|MESSAGES
no more [of] [the|these|those|your] [*] PROMOS /
like|want|wish this|that|these|those|it|them [*] to stop|end|cease
end this|it|these now|here
put an end to this|it|these|that|them
make this|it your|the last|final
this|that should|must|has_to be your|the last|final
last|final email|message|text|one i|we want|get|receive|ever|from
not one|another more|single|email|text|message|mail
one more message|text|email|mail and|or i|we
next message|text|email goes
turn|switch|shut off [the|these|those|my|all] [*] PROMOS|MESSAGES
turn|switch|shut the|these|those|my|all [*] PROMOS|MESSAGES off
cease|end|stop all|any [*] contact|contacts|communication|communications
emails|texts|messages|mails are|is unwelcome|unwanted|not_welcome|not_wanted
quit|stop nudging|bumping|pitching|selling|circling
knock off the|these|those|your|all [*] MESSAGES|PROMOS
not send|email|text these|those|this anymore|any_more|again
enough [of] [the|these|those|your] MESSAGES from|now|already|for
"""
_ANOTHER_TIME_OR_WAY = """
NOT CONTACT ME LATER
NOT text|email|message|write [ME] . [just] CONTACT|mail
NOT WANT [THESE] [THESE] MESSAGES . CONTACT|MESSAGES
NOT WANT to be CONTACTED LATER
NOT like [THESE] MESSAGES
no text|texts|email|emails|messages . CONTACT|mail
"""
_CALLS_ONLY = """
no call|calls|phone_calls . CONTACT|mail|texts
NOT call|phone [ME] . CONTACT|mail|send|better
NOT call|phone [me] text|email|message|write
"""
_NOT_AGAIN = """
NOT CONTACT [and|or|nor] [CONTACT] ME /
NOT CONTACT and|or|nor CONTACT ME
NOT contact|bother|harass|spam|bug|disturb|solicit ME
^ NOT contact|bother|disturb|solicit $
NOT CONTACT [and|or|nor] [CONTACT] again|anymore|any_more
do_not call|contact list|registry
NOT send|sending|give [ME] [THESE] [THESE] [THESE] MESSAGES
NOT send|sending ME this|these|those|anything|stuff|nothing|any|more|any_more [else] /
NOT send anything|more|any_more /
NOT WANT|agree|consent to RECEIVE [from] [THESE] [THESE] MESSAGES|this|these|it
NOT WANT to RECEIVE from|anything|any_more
NOT WANT to be CONTACTED
NOT WANT you|anyone|anybody|your_company [to] CONTACTING|CONTACT
NOT WANT [THESE] [THESE] MESSAGES /
NOT use my|this DETAILS /
WANT not|no_longer to be CONTACTED
WANT not|no_longer to RECEIVE
WANT|prefer to no_longer|not RECEIVE|be
rather|prefer not [to] RECEIVE
rather|prefer you didnt|dont|not|did_not|wouldnt CONTACT
no_need to CONTACT ME
^ no|zero|enough|no_more|no_further|without [THESE] [THESE] MESSAGES /
^ no more [CONTACTING] [ME] $
^ no CONTACTING [ME] /
^ no text|call|email|message $
no_more|no_further|no contact|communication|texts|messages|emails|message $
if you CONTACT ME again|anymore|any_more|one
CONTACT ME again|one_more_time and|or
NOT send|sending [ME] [*] [*] [*] [*] PROMOS /
NOT send|sending [ME] any_more|any more|anymore
NOT WANT [to] [RECEIVE] [THESE] [THESE] [*] PROMOS /
NOT CONTACT ME on|at|about|with|for here|this|my|whatsapp|it|offers|promos|deals|anything|marketing
NOT use my|this|it [*] [*] [DETAILS] for this|that|marketing|advertising|again|anymore
NOT CONTACT ME . NOT CONTACT
not hearing from you
NOT keep|have|include me|us [posted|in|on|updated]
no_need to send|keep|sending [ME] [sending] these|any|more|this|them|anymore
neednt|need_not send|keep [ME] these|any|more|this
if i|we get|receive another|one_more|any_more|more of|email|text|message|one
if i|we hear|get [anything] from you again|one_more|once_more|ever
block|blocking|report|reporting you if|unless|the_next
no further follow_ups|contact|communication|contacts|outreach|mailings
NOT follow_up|circle_back|check_in|reach_out further|again|anymore|with
NOT CONTACT or|nor|and CONTACT /
NOT CONTACT NOT CONTACT
why am|are i|we still hearing from
why am|are i|we still getting|receiving these|your|this|texts|emails|messages|mails|them
kill|drop|lose the MESSAGES|PROMOS
"""
_FORGET_ME = """
REMOVE MINE [DETAILS] OFF [of] future|everything|here|there|this /
REMOVE|want me|us|my|this|our|off [*] [DETAILS] OFF [of] YOUR .. LIST
REMOVE|want me|us|my|this|our|off [*] [DETAILS] OFF LIST
REMOVE it|him|her|them|this [*] OFF your .. LIST
be|get GONE [OFF] your|this|the|these|any .. LIST
WANT|get off|out|out_of [of] your|this|the|these .. LIST
REMOVE me|us|my|this [DETAILS] off|out /
WANT to be GONE /
asked|asking to be GONE
have|get my DETAILS GONE
my number . ERASE it|that
^ remove $
^ remove|delete|erase|removing|deleting|drop|unsubscribe me|us [from] /
^ ERASE my|our|this DETAILS /
^ ERASE all [of] my|our DETAILS
^ remove|delete number $
and|or|then ERASE my|this DETAILS /
and|or|then remove|delete|take|unsubscribe me|us [off] /
can|could|would|will you [mind] REMOVE me|us|my|this [DETAILS] /
put|add|place me|us|my_number|this_number on|to|in [a|the|your] [internal] do_not|dnc|no_call|dont
dnc|do_not_call me|us|list|registry
on the do_not|dnc|no_call
REMOVE his|her|their|him|the [*] DETAILS OFF your|this|the|any .. LIST
REMOVE it|them|this OFF whatever|wherever|here|there
REMOVE [me] OFF [the|your|this|whatever|any] list
get|take me|us off /
get|take me|us off this|these|your|whatever|any
exclude|excuse|omit|suppress|blacklist me|us|our|my|this
leave|keep me|us|my_number out of|off
let me|us off|out_of this|the|your|these
right to erasure|object|be_forgotten|be_removed
request for erasure|removal|deletion
^ wipe|burn my|this DETAILS
"""
_LEAVE = """
unsubscribe|opt me|us|my_number|my_email|this_number|this_email|my_phone
opt_out my|this number
^ LEAVE [now] /
LEAVE|unsubscribing|opting_out FROMYOU
LEAVE from|of the .. LIST
WANT|trying|tried|ready|love|prefer|going|choose|have|decided|hoping to LEAVE /
how|where|can|may|could|let [do|can|to] [i|we|me] LEAVE|get_off /
i|ive|we|weve|i_have unsubscribed|opted_out [before|twice|three_times|many_times] /
i|we|im|i_am|were|we_are [hereby] opt_out|opting_out|unsubscribing /
REVOKE .. CONSENT
not|dont|never|didnt|do_not|did_not give|have|gave|given|grant [you] [my|any|the|you] CONSENT
never|didnt|did_not gave|give you|your_company [my|any] CONSENT
not|dont|do_not|no_longer consent
leave|leaving me|us alone|be|out /
leave my * alone
^ go away $
^ back off $
fuck|f|piss|bugger|buzz|eff|sod|fk|fck off
^ get lost
gtfo
get off|out_of my phone|inbox|back|case|life
cease and|or|n desist
^ unsubscribe [now|all|this|from] /
unsubscribe me|us|everyone
"""
_A_PERSON_SHOULD_READ = """
not|no_longer interested /
^ end this|it $
^ NOT CONTACT $
wrong number|person $
fuck you
go to hell
you|youre [are] harassing|spamming|stalking me|us
cancel|end my|our|the|this subscription|membership|service|conversation|services
never signed_up|sign_up|subscribed|opted_in|asked_for_this|agreed
report|reporting|reported|block|blocking|blocked you|this|your
^ enough $
"""

RULES = (
    ("none", _LOOK_ALIKES),
    ("doubtful", _PLAYFUL),
    ("opt_out", _STOP),
    ("none", _STOP_OTHERS),
    ("doubtful", _STOP_AT_TIMES),
    ("opt_out", _STOP_MESSAGES),
    ("doubtful", _ANOTHER_TIME_OR_WAY),
    ("none", _CALLS_ONLY),
    ("opt_out", _NOT_AGAIN),
    ("opt_out", _FORGET_ME),
    ("opt_out", _LEAVE),
    ("doubtful", _A_PERSON_SHOULD_READ),
    ("none", "stop PLACE"),
    ("doubtful", "^ stop *\nstop $"),
)
