"""What a mail server's words say: is the mailbox gone, may it take the next message, or is it about us?

One reading for the answers of an SMTP session, for delivery reports, and for what vendors quote of either. Enhanced
codes (RFC 3463) are judged with their words: servers give 5.1.1 to whom they have listed, and 5.7.1 to nobody.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

_LONGEST = 4_000
"""Characters that are read; a reply of SMTP has 512 a line, and few lines."""


class Meaning(Enum):
    """What a refusal is about."""

    GONE = auto()
    """No such mailbox, or no such domain: it will never take a message."""
    LATER = auto()
    """The mailbox or its server did not take this one: full, inactive, out of reach, given up after a time."""
    RATE = auto()
    """Too much at once, or too early."""
    MESSAGE = auto()
    """This message: its content or size, or a policy that names nothing of ours."""
    RELAYING = auto()
    """The server does not take mail for that domain, from us at least."""
    SENDER = auto()
    """It speaks of us: a listed IP address, SPF, DKIM, DMARC, reverse DNS, a refused sender, a suspended account."""
    UNSAID = auto()
    """It says nothing that is known."""


@dataclass(frozen=True)
class Verdict:
    """A reply as it is understood."""

    meaning: Meaning
    code: str
    """The enhanced code that counts, `5.0.0` of a bare reply code, empty without any."""


def judge(words: str, status: str = "") -> Verdict:
    """Understand a reply by its words, and by its code where these say nothing.

    `status` is the enhanced code that is stated beside the words. Where both have one, that of the words counts: it is
    what the receiver said, the other what somebody on the way made of it. What ends in a failure of class 4 was given
    up: nobody is gone by it.
    """
    said = _plain(words)
    code = _code(said, status)
    meaning = _by_words(said, code)
    if meaning is Meaning.UNSAID:
        meaning = _BY_CODE.get(code[1:]) or _by_subject(code)
    # But a domain that does not exist is gone, whoever calls that temporary.
    if code.startswith("4") and meaning in (Meaning.GONE, Meaning.UNSAID) and "nxdomain" not in said:
        meaning = Meaning.LATER
    return Verdict(meaning, code)


# --- codes -------------------------------------------------------------------------------------------------------

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.])([45])[0-7]\d(?![\d.]*\d)")

_BY_CODE = {
    **dict.fromkeys((".1.1", ".1.2", ".1.3", ".1.6", ".1.10", ".2.1"), Meaning.GONE),
    **dict.fromkeys((".1.4", ".2.2", ".3.2", ".4.5", ".5.3"), Meaning.LATER),
    **dict.fromkeys((".2.3", ".2.4"), Meaning.MESSAGE),
    # The sender's address or system; DKIM, SPF, reverse DNS and both together (RFC 7372); no MX of ours (RFC 7505).
    **dict.fromkeys((".1.7", ".1.8", *(f".7.{point}" for point in range(20, 28))), Meaning.SENDER),
    # Exchange: daily limit, sending as somebody else, unknown client, blocked or banned senders and addresses, DMARC,
    # unauthenticated senders, limits of the tenant, unregistered domains.
    **dict.fromkeys((".4.5", ".2.252", ".7.57", ".7.60", ".7.64"), Meaning.SENDER),
    **dict.fromkeys((f".7.{point}" for point in (*range(501, 513), 515, 705, 708, 750)), Meaning.SENDER),
    **dict.fromkeys((f".7.{point}" for point in range(606, 650)), Meaning.SENDER),
}
"""What a code says by itself, without its class. RFC 3463 but where said otherwise.

X.1.1 no such mailbox, X.1.2 no such system, X.1.3 no address at all, X.1.6 moved, X.1.10 takes no mail (RFC 7505),
X.2.1 disabled: for good, where no word tells why.
"""


def _code(said: str, status: str) -> str:
    """The code that counts: the words' where they have a telling one."""
    stated = _ENHANCED.search(status)
    quoted = [found for found in _ENHANCED.finditer(said) if found[1] != "2"]
    told = next((found for found in quoted if (found[2], found[3]) != ("0", "0")), None)
    if told is not None:
        return told[0]
    bare = _REPLY.search(said)
    if stated is not None and (stated[2], stated[3]) != ("0", "0"):
        # A bare reply code contradicts a stated one only by its class.
        return f"{bare[1] if bare and stated[1] != '2' else stated[1]}.{stated[2]}.{stated[3]}"
    found = next(iter(quoted), None)
    if found is not None:
        return found[0]
    if bare is not None:
        return f"{bare[1]}.0.0"
    return stated[0] if stated is not None else ""


def _by_subject(code: str) -> Meaning:
    """What the middle number says where the last one is unknown."""
    match _ENHANCED.fullmatch(code):
        case re.Match() as found if found[2] == "4":
            return Meaning.LATER
        case re.Match() as found if found[2] in ("3", "5", "6", "7"):
            return Meaning.MESSAGE
    return Meaning.UNSAID


# --- words -------------------------------------------------------------------------------------------------------

_NAMES = re.compile(
    r"<[^<>\s]*>|[^\s:(<]{1,100}@[^\s:,;()<>]++"
    r"|(?<![\w.-])(?:[a-z0-9_-]++\.)++[a-z]{2,}\b(?!/)"
)
"""Addresses and host names: `spf@example.com` and `mx.spamfilter.example.com` say nothing."""
_LISTS = re.compile(
    r"spamhaus|spamcop|barracudacentral|sorbs|abuseat|mailspike|surriel|uceprotect|invaluement|senderscore|senderbase"
    r"|spamrats|backscatterer|nixspam|truncate|cloudmark|proofpoint|trendmicro|mail-abuse"
)
"""Names of those who keep lists of senders: these say something."""
_ADVICE = re.compile(
    r"\b(?:check|verify|correct|double-check)\w*\b[^.]{0,90}?\b(?:try|resend|send|retry)\w*\b[^.]{0,40}"
)
"""What to do about it: "check the address and try again"."""
_GAP = r"[^.;!?]{0,50}?"


def _plain(words: str) -> str:
    """Small letters, one line, without addresses and host names."""
    text = " ".join(unicodedata.normalize("NFKC", words[:_LONGEST]).replace("’", "'").split())
    # Before capitals go: "full.Please" is no name.
    text = _NAMES.sub(lambda name: " ".join(_LISTS.findall(name[0])) or "…", text).casefold()
    # `550-5.2.1 first line 550-5.2.1 second line`: each line repeats the code (RFC 2034 4).
    text = re.sub(r"\b([45]\d\d)[- ](?=[45]\.\d)", r"\1 ", text)
    text = re.sub(r"(?<=\S )[45]\d\d (?:[45]\.\d{1,3}\.\d{1,3} )?(?=[a-z])", "", text) if text[:3].isdigit() else text
    return _ADVICE.sub("", text)


def _pattern(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(forms))


_WHO = (
    r"(?:user ?(?:name|id)?|recipients?|mail ?box|inbox|account|address(?:ee)?|person|alias|local[- ]part|e-?mail|rcpt"
    r"|to|customer|destination|employee|forwarding)"
)
_NOT_THERE = (
    r"(?:unknown|not known"
    r"|(?:not|n't) (?:be )?found|not exist\w*|doesn'?t exist|no longer (?:exist|valid|available|active"
    r"|in use"
    r"|on|with|employed|work|accept|associated|here)\w*|not (?:currently )?(?:listed|recogni[sz]ed|registered|defined)"
    r"|(?:is ?n'?t|is not|not) (?:a )?(?:valid|known|local|registered|hosted)|invalid|un(?:recogni[sz]ed|defined"
    r"|route?able)"
    r"|non-?exist\w*|not our|ambiguous or unknown|has (?:moved|left)|n'existe|couldn'?t be found)"
)
_OURS_OWN = r"(?:your|sender'?s?|sending|client|connecting|source|originating|remote|this|from)"

_BY_RECIPIENT = _pattern(
    rf"\b(?:blocked|rejected|refused|denied|listed) by (?:the |an? )?(?:{_WHO}|owner)\b",
    r"(?:recipient|user|owner)'?s? (?:personal )?(?:black|block|deny|ignore|junk|reject)",
    r"(?:recipient|user|mailbox|group|owner)\b[^.;]{0,30}(?:only accepts?|accepts? (?:mail|messages) only"
    r"|restrict\w*|not accept(?:ing)? (?:e?-?mails?|messages) from)",
    r"\b(?:url|uri|link|web ?site|domain in (?:the )?(?:body|message)|body|content"
    r"|attachment)s?\b[^.;]{0,60}(?:(?:black|block)[- ]?list|listed)",
    r"surbl|uribl|resolver\.rst|forgroup",
)
"""One recipient's own list, or our links: it stays with this message."""

_SENDER = _pattern(
    # Lists of addresses and of domains.
    r"(?:black|block|deny)[- ]?list|\bd?n?s?rbl\b|\brbls?\b|dns-?bl|" + _LISTS.pattern,
    r"(?:poor|bad|low|no|negative|your|sender|ip|domain|mail server)\b[^.;]{0,25}\breputation"
    r"|reputation[^.;]{0,40}\b(?:low|poor|bad|of your|block)",
    rf"{_OURS_OWN} (?:ip|host|server|network|mail ?server|mta|address|domain)\b{_GAP}\b(?:block|bann|ban\b|refus"
    rf"|reject|den(?:y|ied)|not (?:be )?(?:allowed|accepted|permitted|authori)|suspicious|spam|listed|prohibit)",
    r"(?<!recipient )(?<!email )(?<!destination )\b(?:ip|ips|ip[- ]?address(?:es)?|netblock|subnet"
    r"|asn)\b[^.;]{0,40}\b(?:block|bann|refus|reject|den(?:y|ied)|(?<!not )listed|not (?:allowed|permitted|authori))",
    r"(?:bann?ed|blocked|suspected|bad|spam|rejected|unauthori[sz]ed)\b[^.;]{0,15}\b(?:ip\b|ips\b|sending ip"
    r"|sender\b|client\b)",
    r"client (?:host )?(?:…|\[[^\]]*\])? ?(?:was |is |host )?(?:blocked|rejected|refused|denied)",
    r"blocked using|(?:is|are|was|been) (?:currently )?listed (?:at|in|on|by)",
    r"unsolicited (?:e?-?mail|messages?)\b[^.;]{0,40}(?:from|originat)|user complaints|complaints? (?:rate|about)",
    r"messages? from \S+[^.;]{0,60}(?:weren'?t|were not|was not|not accepted|blocked|deferred)",
    r"(?:connections?|mail|messages?) from (?:your|this|…|\[|\d)[^.;]{0,60}(?:block|refus|reject|den(?:y|ied)"
    r"|not (?:accept|allow|permit))",
    r"bad dns|no smtp service|too many (?:invalid|unknown|bad|nonexistent) (?:recipients|users|addresses)",
    r"\b(?:your|the) (?:host|domain|server|organi[sz]ation|system|site)\b[^.;]{0,30}\b(?:black|bann|block|not trusted)",
    # What proves a sender.
    r"\bspf\b|sender policy|sender id|\bdkim\b|domainkeys|\bdmarc\b|\barc\b[^.;]{0,20}fail|unauthenticated",
    r"(?:not|n'?t|fail\w*|without|requires?|pass) (?:\w+ ){0,4}authenticat(?!ion mech)\w*|authentication (?:checks?"
    r"|required|results?|failed|failure|is required)",
    # What a server is called.
    r"\bptr\b|reverse[- ]?(?:dns|lookup|host|ip|name|map|record|resol)|\br-?dns\b|fcrdns|\b[he]h?elo\b|rdns",
    r"(?:cannot|can'?t|could not|unable to|not) (?:find|resolve|verify) (?:your|the client|client|sender)|(?:dynamic"
    r"|residential|generic|consumer|dial-?up)\b[^.;]{0,25}\b(?:ip|host|address|range|line|name|rdns)",
    # Who sends.
    rf"(?:sender|senders?'|from|return[- ]path|mail ?from|envelope[- ]from|originator"
    rf"|reply-to)\b(?: (?:e?-?mail )?(?:address|domain|id|host|user|name))*\W{_GAP}\b(?:reject|refus|den(?:y|ied)"
    rf"|block|bann|unknown|invalid|bad|not (?:be )?(?:allowed|accepted|authori[sz]ed|permitted|verif|exist|found"
    rf"|valid|resolv)|unauthori[sz]ed|does ?n[o']t|verif\w+ fail|fail|mismatch|misformatted|spoof|disabled|suspended"
    rf"|frequency)",
    r"(?:rejected|invalid|bad|unverified|refused|denied|unknown|unresolvable|forged|spoofed|illegal"
    r"|disallowed) (?:mail )?(?:sender|return[- ]path|from\b|envelope from|originator)",
    r"(?:could not|unable to|can ?not|failed to) (?:complete )?(?:verify|verification|validate"
    r"|sender verify)[^.;]{0,30}(?:sender|from|return)|sender[- ](?:verify|callout|verification)",
    r"domain of (?:the )?sender|sender'?s? domain|(?:does not|doesn'?t|do not) (?:have permission|own)|send[- ]?as\b"
    r"|sendas",
    r"not (?:allowed|authori[sz]ed|permitted|entitled) to (?:send|use|submit)|(?:e-?mail|from) address(?:es)? (?:is"
    r"|are) not verified|identit(?:y|ies) failed the check|not a verified|unregistered domain",
    # Our account where we hand over.
    r"(?:your|sending|sender'?s?|smtp|this) (?:account|service|access|tenant|subscription"
    r"|plan)\b[^.;]{0,50}(?:suspend|disabl|block|terminat|paus|lock|limit|exceed|restrict|review|bann|not active)",
    r"(?:sending|outbound|outgoing|daily user|hourly|monthly)\b[^.;]{0,30}(?:quota|limit|paused|suspended"
    r"|credits)[^.;]{0,30}|(?:quota|limit)s? (?:for|of) sending|exceeded (?:your|the) (?:max\w* )?(?:sending|daily"
    r"|hourly)|maximum credits|not enough credits",
    r"access denied, (?:bad|banned|spam|traffic|sending)|bad outbound|(?:outbound"
    r"|likely) spam(?:mer)?\b[^.;]{0,20}(?:detected|sender)",
    # In other languages.
    r"(?:absender|expéditeur|remitente|remetente|mittente|afzender|отправител\w*|nadawc\w+|发件人|发信人"
    r"|送信者)[^.;。]{0,40}(?:abgelehnt|gesperrt|abgewiesen|nicht (?:zugelassen|erlaubt|existier)|refus|bloqu|rejet"
    r"|rechazad|rejeitad|rifiutat|bloccat|respint|geweigerd|geblokkeerd|отклон|заблокир|не существует|odrzucon"
    r"|zablokowan|被拒|拒绝|拒否|不存在)",
    r"(?:ip-?adresse|adresse ip|dirección ip|endereço ip|indirizzo ip|ip-adres|ip-адрес\w*|adres ip|ip地址"
    r"|ipアドレス)[^.;。]{0,60}(?:gesperrt|blockiert|geblockt|sperrliste|schwarze|bloqu|liste noire|lista negra|bloccat"
    r"|blacklist|geblokkeerd|заблокир|черн|zablokowan|czarn|黑名单|封|拒|ブロック)",
    r"rückwärtsauflösung|résolution inverse|dns inverso|обратн\w+ (?:зон|dns)|odwrotn\w+ dns|反向解析|逆引き",
)

_RELAYING = _pattern(
    r"relay(?:ing)?\b[^.;]{0,25}\b(?:denied|not|prohibited|disallowed|refused|rejected)",
    r"(?:denied|not|unable to|cannot|do not|don'?t|no) (?:\w+ ){0,3}relay|relay access denied",
    r"not (?:in|one of) (?:my|our) (?:list of )?(?:allowed )?(?:rcpthosts|relay|domains)|rcpthosts",
)

_SIZE = _pattern(
    r"(?:message|mail|size|attachment|body|nachricht|mensaje|mensagem|messaggio"
    r"|bericht)\b[^.;]{0,30}\b(?<!queue )(?:too (?:large|big|long|heavy)|exceed\w* (?:the |a )?(?:\w+ ){0,3}(?:size"
    r"|limit|length)|size exceeds|zu gro(?:ß|ss)|trop (?:gros|grand|volum)|demasiado grande|muito grande"
    r"|troppo grande|te groot)",
    r"(?:maximum|max\.?|allowed|permitted) (?:message |mail )?size|size (?:limit|exceed)"
    r"|сообщение слишком|邮件(?:过大|太大)",
)

_FULL = _pattern(
    r"(?:mail ?box|mail ?folder|maildir|in ?box|account|user|recipient|storage|disk|directory|mail ?drop|group"
    r"|space)\b[^.;]{0,50}\b(?:full\b|exceed\w*|over ?quota|over (?:its|the|their|allotted|limit)|out of|not enough"
    r"|insufficient|too much mail|reached (?:its|the))",
    r"over[ -]?quota|\bquota\b|(?:exceed\w*|over|beyond)\b[^.;]{0,40}\b(?:quota|storage|allocation|mailbox size"
    r"|space|allocated)",
    r"(?:insufficient|not enough|out of|no|low)\b[^.;]{0,20}\b(?:storage|disk|space|room)"
    r"|mailbox (?:is )?(?:too (?:large|big)|full)|mailfolder is full|too full",
    r"(?:postfach|speicher\w*|mailbox|konto)\b[^.;]{0,40}(?:voll\b|überschritten|erschöpft|kein speicher)|kontingent"
    r"|speicherplatz",
    r"(?:bo[iî]te|messagerie|compte)\b[^.;]{0,40}(?:pleine?|saturée?)|quota dépassé|espace (?:disque )?insuffisant",
    r"(?:buz[oó]n|casilla|cuenta|bandeja)\b[^.;]{0,40}\b(?:llen[oa]|excedid)|sin espacio|cuota",
    r"(?:caixa|conta)\b[^.;]{0,40}\b(?:chei[oa]|lotada|excedid)|sem espaço|cota\b",
    r"(?:casella|account)\b[^.;]{0,40}\b(?:pien[ao]|esaurit)|spazio (?:esaurito|insufficiente)|(?:postvak"
    r"|mailbox)[^.;]{0,25}\bvol\b",
    r"(?:ящик|хранилищ|квот)\w*[^.;]{0,40}(?:переполн|заполн|превыш)|(?:skrzynka|konto)[^.;]{0,30}(?:pełn|przepełni"
    r"|przekroczon)",
    r"(?:邮箱|空间|容量|信箱|配额)[^。;]{0,15}(?:已?满|不足|超|已满)|(?:メールボックス|容量|受信箱)[^。;]{0,20}(?:いっぱい|超過|不足|一杯)|(?:편지함|메일함"
    r"|용량)[^.;]{0,20}(?:초과|가득|부족)",
    r"(?:brevlåda\w*|postkass\w*|postilaatikko|kutus\w*|schránka)[^.;]{0,30}(?:full|fuld|täynnä|dolu|plná)",
)

_RATE = _pattern(
    r"(?:receiving|sent|sending|accepting|received)\b[^.;]{0,25}\b(?:at a rate|too (?:much|many|quickly|fast|often))",
    r"too many (?:messages|connections|e?-?mails?|concurrent|sessions|requests|hops? per|commands|deliver"
    r"|simultaneous|errors)",
    r"rate[- ]?(?:limit|control)|(?:exceed\w*|over)\b[^.;]{0,30}\brate\b|throttl|frequency (?:is )?limited"
    r"|too (?:fast|quickly|frequent)",
    r"(?:message|connection|recipient|hourly|daily)\b[^.;]{0,20}\blimit\b[^.;]{0,20}(?:reach|exceed)|(?:reached"
    r"|exceeded) (?:the|its|their)\b[^.;]{0,20}\blimit",
    r"gr[ea]y-? ?list",
)

_LATER = _pattern(
    # Given up after a time.
    r"retry time|(?:for|within|after|since)\b[^.;]{0,12}\b(?:the )?(?:last |past )?\d+[^.;\d]{0,3}(?:seconds?"
    r"|minutes?|hours?|days?|tagen?|stunden|jours?|heures?|d[ií]as?|horas?|giorni|ore|dagen|дн\w+|час\w*|dni|godzin)",
    r"expired|time ?(?:d[ -]?)?out\b|timeout|(?:queue|for) too long"
    r"|(?:delivery|retry|queue|message)\b[^.;]{0,20}\b(?:life ?time"
    r"|period|ttl|expir)|gave up|maximum (?:time|retries|number of (?:attempts|retries))",
    # Its server is out of reach, or not in order.
    r"(?:unable|failed|could not|cannot|can'?t|impossible|not able) (?:to )?(?:connect|contact|reach|establish|open"
    r"|communicate|complete)",
    r"connection (?:was |has been )?(?:refused|reset|lost|timed|died|dropped|closed|failed|terminated|attempt)"
    r"|lost connection|no route to host|network (?:is )?unreachable",
    r"\b(?:hosts?|servers?|mx|mta|mail exchangers?|systems?)\b[^.;]{0,40}\b(?:down|unreachable|not (?:respond|answer"
    r"|available|reachable|accepting|ready)|didn'?t (?:respond|accept)|unavailable|failing|misconfigured|no answer"
    r"|busy)",
    r"\bloop(?:s|ing|ed|back)?\b|too many hops|hop count|mail for \S+ loops|(?:maximum|max) hop|points? back to",
    r"try (?:again|later|it later)|retry later|again later|please retry|temporar(?:y|ily)|transient|deferred"
    r"|local (?:error|problem|configuration (?:error|problem))|internal (?:server )?error|system (?:error|problem)"
    r"|resources",
    r"(?:name service|name server|lookup)\b[^.;]{0,25}\b(?:error|fail|timeout|servfail"
    r"|problem)(?!.{0,90}(?:not found(?!, try)|not exist))|servfail",
    # Asleep, and perhaps not for ever.
    r"(?:account|mail ?box|user|address|recipient)\b[^.;]{0,60}\b(?:inactiv\w*|not (?:been )?active|suspended"
    r"|de-?activated|locked|frozen|dormant|on hold|expired|unpaid|overdue|not (?:been )?(?:activated|used)"
    r"|in transit|being moved|migrat|busy)",
    r"inactive (?:account|mail ?box|user|recipient)|inactivity|not (?:been )?logged|(?:suspended|locked|dormant"
    r"|blocked) (?:account|mail ?box|user)",
    r"(?:auslieferung|zustellung)[^.;]{0,60}aufgegeben|zeitüberschreitung|expiré|délai|caducad|agotado el tiempo"
    r"|expirou|scadut|verlopen|истек|przekroczon\w+ (?:limit )?czas|超时|タイムアウト|期限",
)

_GONE = _pattern(
    rf"\b(?:unknown|no such|no valid|invalid|bad|illegal|non-?existent|incorrect|wrong|un(?:route?able|deliverable)"
    rf"|unrecogni[sz]ed)(?: or \w+)? (?:local |remote |virtual |destination |mail |target |to |e-?mail |final "
    rf"|{_WHO} )*{_WHO}\b",
    rf"\b{_WHO}\b(?! (?:policy|limit))[^.;!?]{{0,60}}?\b{_NOT_THERE}",
    r"\bno (?:such |valid |local |mail |active |matching |one |e-?mail )*(?:user|mail ?box|person|recipient|account"
    r"|address|alias|addressee|id|name|one)\b",
    r"\bnot (?:located )?here\b|nobody (?:here )?by that name|not a (?:valid|known) (?:user|recipient|mail ?box"
    r"|address)|does(?: not|n'?t) have an? [^.;]{0,30}account|this user doesn'?t have|not our customer",
    r"mail ?box (?:is |currently )?(?:unavailable|not available|disabled|closed|deleted|removed|purged)"
    r"|mail ?box for [^.;]{0,20}unavailable",
    rf"\b{_WHO}\b[^.;!?]{{0,40}}?\b(?:closed|deleted|removed|terminated|cancell?ed|discontinued|disabled|abandoned"
    rf"|unavailable|retired|obsolete)\b",
    r"(?:closed|deleted|disabled|terminated|discontinued) (?:account|mail ?box|user|address)|recip(?:ient)?notfound"
    r"|user_unknown|nosuchuser|unknown_user|550_user|dd (?:this|sorry)",
    r"(?:#|\b)5\.1\.0 address rejected|(?<!sender )address rejected\.?$|address (?:is )?unknown",
    # The domain.
    r"no mail hosts? for|infodomainnonexistent",
    r"(?<!sender )(?<!sender's )(?<!helo )\b(?:domain|host|hostname"
    r"|dns domain)(?: or domain)?(?: name)?s?\b[^.;!?]{0,40}?(?:not (?:be )?(?:found|exist)|does(?: not"
    r"|n'?t) (?:exist|accept|have)|unknown|isn'?t valid|is invalid|non-?existent|couldn'?t be found|no longer"
    r"|has expired|no (?:mx|mail))",
    r"(?:unknown|no such|invalid|non-?existent|unroute?able)(?: mail| e-?mail| recipient)? (?:domain|host)\b"
    r"|nxdomain|null ?mx|does(?: not|n'?t) (?:accept|receive) (?:e-?)?mail|point to non-?existent hosts"
    r"|no mx (?:record|host)|domain name not found",
    # In other languages.
    r"(?:empfänger\w*|benutzer\w*|postfach|adresse|konto|mailadresse|e-mail-adresse|teilnehmer|domain"
    r"|domäne)\b[^.;]{0,60}(?:unbekannt|existiert nicht|nicht (?:gefunden|vorhanden|bekannt|existent|gültig|mehr)"
    r"|ungültig|gibt es nicht|im \S{0,20}verzeichnis|wurde gelöscht)|unbekannter? (?:empfänger|benutzer|adresse|nutzer)"
    r"|kein(?:en)? (?:solche\w*|benutzer|postfach|empfänger|account)",
    r"(?:adresse|destinataire|utilisateur|bo[iî]te|compte|domaine)\b[^.;]{0,60}(?:invalide|inconnue?|inexistante?"
    r"|n'existe (?:pas|plus)|introuvable|n'a pas été trouvé|désactivé|supprimé|erronée)|(?:utilisateur|destinataire"
    r"|adresse) inconnu",
    r"(?:usuario|destinatari[oa]|buz[oó]n|cuenta|direcci[oó]n|dominio|casilla)\b[^.;]{0,60}(?:desconocid[oa]"
    r"|no (?:existe|encontrad[oa]|se (?:encontró|ha encontrado)|es válid[oa])|inv[aá]lid[oa]|inexistente|eliminad[oa])",
    r"(?:usu[aá]rio|destinat[aá]rio|caixa(?: postal| de correio)?|conta|endereço|domínio)\b[^.;]{0,60}(?:desconhecid"
    r"|não (?:existe|encontrad|foi encontrad|é válid)|inv[aá]lid|inexistente|desativad|removid)",
    r"(?:utente|destinatario|casella|indirizzo|account|dominio)\b[^.;]{0,60}(?:sconosciut|inesistente|non (?:esiste"
    r"|trovat|valid|è stato trovato|è valido)|disattivat|eliminat)",
    r"(?:gebruiker|ontvanger|geadresseerde|postbus|postvak|adres|mailbox|domein)\b[^.;]{0,60}(?:onbekend"
    r"|bestaat niet|niet (?:gevonden|bekend)|ongeldig|verwijderd)|onbekende? (?:gebruiker|ontvanger|adres)",
    r"(?:пользовател|получател|адрес|ящик|абонент|домен)\w*[^.;]{0,60}(?:не (?:найден|существует|зарегистр|обнаруж)"
    r"|неизвест|отсутств|удал[её]н|недейств)|(?:неизвестн\w+|нет такого|несуществующ\w+) (?:пользовател|получател"
    r"|адрес|ящик)",
    r"(?:użytkownik|odbiorc|adresat|adres|skrzynk|konto|domen)\w*[^.;]{0,60}(?:nieznan|nie (?:istnieje|znaleziono"
    r"|został)|nieprawidłow|usunięt)|nie ma takiego|nieznany (?:użytkownik|odbiorca|adresat)",
    r"(?:användar|mottagar|adress|brevlåda|modtager|mottaker|bruker|bruger|postkass)\w*[^.;]{0,60}(?:finns (?:inte"
    r"|ej)|okänd|existerar inte|hittades inte|ugyldig|ukendt|ukjent|findes ikke|finnes ikke|ogiltig)"
    r"|okänd (?:mottagare|användare)|(?:ukendt|ukjent) (?:bruger|bruker|modtager|mottaker)",
    r"(?:uživatel|příjemce|adresa|schránka|felhasználó|címzett|utilizator|destinatar|kullanıcı|alıcı|adres\w*|hesap"
    r"|käyttäjä\w*|vastaanottaja\w*)[^.;]{0,60}(?:neexistuje|neznám|nenalezen|nem létezik|ismeretlen|nu există"
    r"|necunoscut|bulunamadı|mevcut değil|geçersiz|yok\b|tuntematon|ei ole olemassa|ei löydy)",
    r"(?:用户|收件人|地址|邮箱|帐号|账号|账户|信箱|帳號|使用者|收信人|邮件地址|域名)[^。;]{0,20}(?:不存在|未找到|无效|無效|找不到|没有找到|已注销|已停用|不正确)"
    r"|找不到[^。;]{0,15}(?:用户|收件人|使用者|信箱)|查无此人|无此用户|无效的?(?:收件人|地址|用户)",
    r"(?:宛先|ユーザー?|アドレス|メールボックス|受信者|アカウント|ドメイン)[^。;]{0,30}(?:存在し|存在いたし|見つかり|不明|ありません|無効|正しくあ)|(?:수신자|사용자|주소|계정"
    r"|메일함)[^.;]{0,30}(?:존재하지|없|찾을 수|잘못|유효하지)",
)

_MESSAGE = _pattern(
    r"\bspam\b|junk|content|virus|malware|phish|polic(?:y|ies)|prohibited|restrict|not (?:allowed|permitted"
    r"|authori[sz]ed)|access denied|block(?:ed|ing)?\b|administrative|security|reject(?:ed|ion)\b|refused|filter"
    r"|header|attachment|forbidden|unacceptable|bulk|suspicious|encod|smtputf8|8bitmime|\bformat\b|syntax error",
)

_BARE_IP_LISTED = re.compile(r"\[[0-9a-f]{1,4}[.:][0-9a-f.:]+\][^.;]{0,40}(?:block|listed|reject|refus|den)")
_ACCESS_DENIED = re.compile(r"recipient address rejected: access denied")


def _by_words(said: str, code: str) -> Meaning:
    """What the words say, the more exact meanings first."""
    if code[1:] == ".4.1" and _ACCESS_DENIED.search(said):
        # How Exchange Online answers for whom its directory does not know.
        return Meaning.GONE
    if code[1:] == ".4.5" and not _SENDER.search(said):
        return Meaning.LATER
    for pattern, meaning in _MEANINGS:
        if pattern.search(said):
            return meaning
    return Meaning.UNSAID


_MEANINGS = (
    (_BY_RECIPIENT, Meaning.MESSAGE),
    (_SENDER, Meaning.SENDER),
    (_BARE_IP_LISTED, Meaning.SENDER),
    (_RELAYING, Meaning.RELAYING),
    (_SIZE, Meaning.MESSAGE),
    (_FULL, Meaning.LATER),
    (_RATE, Meaning.RATE),
    (_LATER, Meaning.LATER),
    (_GONE, Meaning.GONE),
    (_MESSAGE, Meaning.MESSAGE),
)
