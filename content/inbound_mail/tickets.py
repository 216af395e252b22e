"""Letters of ticket systems, phones and gate keepers, and what a person says through such a system."""

import re

from content.inbound_mail.mail import Headers
from content.inbound_mail.wording import folded
from content.inbound_mail.wording.base import phrases

_REGARDED = 3_000
"""Characters; such letters begin with what they are."""
_NUMBER = r"[#:\[( ]*(?:no\.? ?|nr\.? ?|id:? ?)?[a-z]{0,5}-?\d{3,}"

_ACKNOWLEDGES_BY_SUBJECT = re.compile(
    r"\W*"
    + phrases(r"""
        (?:ticket|case|request|inquiry|enquiry|support request|issue|message\
        |e-?mail) (?:has been |was )?(?:received|created|opened|logged|registered|submitted)\b
        (?:new |your )?(?:support )?(?:ticket|case|request|incident\
        |inquiry)\W{0,4}\S{0,20}\W{0,3} (?:has been |was )?(?:received|created|opened|logged|registered)
        we(?: have|'ve)? (?:received|got) your
        (?:thank you|thanks) for (?:contacting|your (?:request|inquiry|message|e-?mail)|reaching out|getting in touch)
        (?:request|ticket) received | incident \w+ (?:has been )?opened | (?:receipt|acknowledge?ment) (?:of|for)
        your (?:request|ticket|case|inquiry|support request)\b.{0,40}\b(?:received|created|opened|logged)
        (?:ihre|deine) (?:anfrage|nachricht|e-?mail)\b.{0,30}\b(?:erhalten|eingegangen)
        (?:eingangsbestatigung|ticket (?:erstellt|eroffnet)|anfrage erhalten)
        (?:nous avons (?:bien )?recu|accuse de reception|votre (?:demande|message)\b.{0,40}\brecu|demande recue\
        |ticket cree)
        (?:hemos recibido|solicitud recibida|acuse de recibo|ticket (?:creado|recibido)|su (?:solicitud\
        |consulta)\b.{0,40}\brecibid)
        (?:recebemos|solicitacao recebida|chamado (?:aberto|criado|recebido)|ticket (?:criado|recebido)|protocolo)
        (?:abbiamo ricevuto|richiesta ricevuta|ticket (?:creato|aperto|ricevuto)|conferma di ricezione)
        (?:wij hebben uw|we hebben je|ontvangstbevestiging|ticket (?:aangemaakt|ontvangen)|verzoek ontvangen\
        |uw (?:verzoek|vraag)\b.{0,30}\bontvangen)
        (?:arende (?:mottaget|skapat|registrerat)|vi har (?:mottagit|modtaget|mottatt)|bekraftelse pa mottag\
        |sag (?:oprettet|modtaget)|sak (?:opprettet|mottatt))
        (?:zgłoszenie (?:przyjęte|otrzymane|zarejestrowane)|otrzymalismy|przyjelismy\
        |potwierdzenie (?:otrzymania|przyjęcia))
        (?:ваш(?:е|а)? (?:обращение|заявка|запрос|письмо)|заявка (?:принята|создана|зарегистрирована)\
        |обращение (?:принято|зарегистрировано)|мы получили)
        (?:已收到您的|我们已收到|工单(?:已创建|已收到)|您的(?:工单|请求)) | (?:お問い?合わせ(?:を|ありがとう)\
        |受付(?:完了|のお知らせ|番号)|【?受付)
    """)
    + r"|.{0,60}\[(?:request|ticket|case) received\]"
)
_ACKNOWLEDGES = re.compile(
    phrases(r"""
        (?:your |a |this |the )?(?:new )?(?:support )?(?:request|ticket|case|inquiry|enquiry|incident|issue\
        |message|e-?mail)\b[^.!?]{0,60}\b(?:has been|was|is) (?:successfully )?(?:received|created|opened\
        |logged|registered|submitted|assigned|being reviewed|queued)
        (?:acknowledge|confirm)\b[^.!?]{0,30}\b(?:received|receipt)
        (?:type|write|reply) your (?:reply|response) above this line | reply above this line
        we(?: have|'ve)? (?:successfully )?received your (?:request|message|e-?mail|inquiry|enquiry|ticket\
        |query|submission)
        (?:ticket|case|reference|request|incident) (?:number|no\.?|id|#)\W{0,3}(?:is )?\W{0,3}[a-z]{0,5}-?\d{3,}
        (?:a |our )?(?:member of our |support |customer )?(?:support )?(?:team|representative|agent\
        |staff)[^.!?]{0,20} will (?:\w+ ){0,3}(?:review|respond|reply|get back|be in touch|contact)
        ihre (?:anfrage|nachricht|e-?mail) (?:ist|wurde)\b[^.!?]{0,60}\b(?:erhalten|eingegangen|registriert\
        |aufgenommen|erstellt)
        (?:vorgangs|ticket)-?nummer
        (?:wir haben ihre (?:anfrage|nachricht|e-?mail))
        votre (?:demande|message|ticket)\b[^.!?]{0,60}\b(?:enregistree?|recue?|prise? en compte|creee?)
        nous avons bien recu votre
        (?:su|tu) (?:solicitud|consulta|mensaje|ticket)\b[^.!?]{0,60}\b(?:recibid|registrad|cread)[oa]
        hemos recibido (?:su|tu) | sua (?:solicitacao|mensagem)\b[^.!?]{0,60}\b(?:recebid|registrad|criad)
        recebemos (?:sua|o seu|a sua)
        la (?:tua|sua|vostra) richiesta\b[^.!?]{0,60}\b(?:ricevuta|registrata|creata|presa in carico)
        abbiamo ricevuto la
        (?:uw|je) (?:verzoek|vraag|bericht|melding|e-?mail)\b[^.!?]{0,60}\b(?:ontvangen|geregistreerd|aangemaakt)
        (?:wij|we) hebben (?:uw|je)\b[^.!?]{0,30}\bontvangen
        (?:ditt|dit) (?:arende|meddelande|henvendelse)\b[^.!?]{0,60}\b(?:mottaget|registrerat|modtaget|oprettet\
        |mottatt)
        twoje zgłoszenie\b[^.!?]{0,60}\b(?:przyjęte|zarejestrowane|otrzymane)
        ваш[еаy]? (?:обращение|заявк\w|запрос)\b[^.!?]{0,60}\b(?:принят|зарегистрирован|получен)\w*
        已收到您的(?:邮件|请求|工单|咨询) | お問い?合わせを(?:受け付け|承り|受領)
    """)
)
_GATE = re.compile(
    phrases(r"""
        (?:please )?(?:confirm|verify)\b[^.!?]{0,60}\b(?:you are (?:a )?(?:human|real|not a (?:robot|spammer))\
        |your (?:e-?mail|message|address)\b[^.!?]{0,40}\b(?:deliver|sender)|sender)
        (?:click|follow|reply)\b[^.!?]{0,80}\b(?:to (?:have|get) your (?:message|e-?mail) delivered\
        |so that your (?:message|e-?mail))
        (?:spam ?arrest|boxbe|mailinblack|sanebox gatekeeper|earthlink spamblocker)
        your (?:message|e-?mail)\b[^.!?]{0,60}\b(?:awaiting (?:verification|confirmation|approval)\
        |is being held|has been held)
        (?:sender|challenge).?(?:verification|response) (?:required|request)
        bitte bestatigen sie\b[^.!?]{0,60}\b(?:absender|zustell)
        veuillez confirmer\b[^.!?]{0,60}\b(?:envoi|expediteur|authentifi)
    """)
)
_RECEIPT = re.compile(
    r"\W*(?:(?:not )?read|gelesen|ungelesen|lu|non lu|leido|no leido|lida|lido|letto|deleted|geloscht)\s?:\s"
)
_PHONE = re.compile(
    r"\W*(?:"
    + phrases(r"""
        \(?auto(?:matic)?[- ]?repl(?:y|ied)\b | auto[- ]?response\b | \(?i am not receiving notifications
        i(?:'m| am) (?:currently )?driving(?: right now| with| and (?:can'?t|will|cannot)|[.,;-])
        (?:sorry,? )?i(?:'m| am) driving\b.{0,60}\b(?:later|auto|safely|when i|get back|arrive)
        (?:this is an )?(?:automated|automatic) (?:text|message|reply|response)
        i(?:'ll| will) (?:see|get) your message when i get where i'm going
        ich fahre gerade | ich bin (?:gerade )?am steuer | je conduis | je suis au volant
        estoy (?:conduciendo|manejando) | estou dirigindo | sto guidando | ik ben aan het rijden
    """)
    + ")"
)
_SYSTEMS = re.compile(
    r"zendesk|freshdesk|freshworks|freshservice|atlassian|jira|service-?now|hubspot|help ?scout|kayako|\botrs\b"
    r"|znuny|zammad|intercom"
    r"|gorgias|osticket|request ?tracker|desk\.com|zoho ?desk|salesforce|groovehq|teamwork|happyfox|front-mail"
    r"|frontapp|uservoice|spiceworks"
    r"|helpspot|supportbee|re:?amaze|dixa|crisp\.help|tidio|liveagent|ladesk|richpanel|kustomer|gladly|manageengine"
    r"|servicedesk",
    re.IGNORECASE,
)
_SYSTEM_HEADERS = (
    "x-mailer",
    "user-agent",
    "message-id",
    "x-auto-response-suppress-by",
    "sender",
    "return-path",
    "reply-to",
)
_TICKET = re.compile(
    rf"\[?(?:ticket|case|request|incident|issue|sr|inc|ref){_NUMBER}|\[#\d{{3,}}\]|type your reply above"
    rf"|reply above this line"
)
_ENOUGH = 2
_SHORTEST = 3
"""Words that a person's answer has at least."""


def acknowledges(subject: str, text: str) -> bool:
    """Whether it says that something was received, that its sender is to prove himself, or that a mail was shown."""
    title, said = folded(subject), folded(text[:_REGARDED])
    if _ACKNOWLEDGES_BY_SUBJECT.match(title) or _RECEIPT.match(title):
        return "?" not in said or bool(_ACKNOWLEDGES.search(said))
    turns = {match[0][:15] for match in _ACKNOWLEDGES.finditer(said)}
    # One such turn is a person's as well: "your message has been received, thanks".
    sure = len(turns) >= _ENOUGH or "above this line" in said or _GATE.search(said)
    return bool(sure) and not _PERSONAL.search(said)


_PERSONAL = re.compile(
    r"\b(?:interested|sounds good|let's|call me|how much|not interested|interesse|could you|can you|would you"
    r"|what is your|pricing)\b"
)
"""Beside these a person speaks."""


def is_phones(text: str) -> bool:
    """Whether a phone answered for its owner: who drives, or is not to be disturbed."""
    return bool(_PHONE.match(folded(text[:_REGARDED])))


def passes_on(headers: Headers, subject: str, text: str) -> bool:
    """Whether a ticket system, which marks everything as automatic, passes on what a person may have written."""
    system = any(_SYSTEMS.search(value) for value in headers.all(*_SYSTEM_HEADERS)) or any(
        headers.has(name) for name in ("x-zendesk-from-account-id", "x-freshdesk-ticket-id", "x-jira-fingerprint")
    )
    system = system or bool(_TICKET.search(folded(subject)) or _TICKET.search(folded(text[:_REGARDED])))
    return system and len(text.split()) >= _SHORTEST and not acknowledges(subject, text)
