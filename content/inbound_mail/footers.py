"""Disclaimers and mailing footers: what a company's mail server adds below every mail is no word to us.

A disclaimer speaks of *this message* to whoever is not meant to have it; a mailing footer speaks of *our* mails to
whoever gets them. In an answer to us, "our" is its writer's, never ours. Fifteen languages. Phrases are looked for in
`folded` lines, each by a plain search, so that the time is linear in the text.
"""

import re
from collections.abc import Sequence

from content.inbound_mail.wording.base import folded, phrases

_THIS_MESSAGE = re.compile(
    r"\b"
    + phrases(
        r"""
        (?:this|the|any|your) (?:e-?mail|electronic mail|message|communication|transmission|mail|attachments?)s?\b
        the information (?:contained|in this)
        (?:este|el presente|la presente|dicho) (?:e-?mail|correo|mensaje|comunicacion|mail)
        (?:ce|cet|le present|cette|ces) (?:e-?mail|mail|courriel|message|courrier|communication)s?
        (?:diese[rs]?|die|der inhalt dieser) (?:e-?mail|mail|nachricht|mitteilung) | der inhalt dieser
        (?:este|esta|a presente) (?:e-?mail|mensagem|comunicacao|correio)
        (?:questa|questo|il presente|la presente|le informazioni contenute) ?(?:e-?mail|messaggio|comunicazione|mail)?
        presente messaggio
        (?:dit|deze|de inhoud van dit) (?:e-?mail|bericht|mail|e-mailbericht)
        detta (?:mejl|meddelande|e-postmeddelande|mail) | denne (?:e-?mail|mail|meddelelse|e-post(?:en)?)
        denna (?:e-post|mail)
        tama (?:viesti|sahkoposti) | niniejsza (?:wiadomosc|korespondencja) | ta wiadomosc | tato zprava
        tento e-?mail
        bu (?:e-?posta|mesaj|ileti) | ez az (?:uzenet|e-mail|email) | acest (?:mesaj|e-?mail) | настоящее сообщение
        это (?:сообщение|письмо)
        """
    )
)
_LEGAL = re.compile(
    phrases(
        r"""
        confiden\w+ | privileg\w+ | intended (?:recipient|solely|only|for) | addressee | in error | by mistake
        erroneously | disclos\w+ | unauthori[sz]ed
        notify the sender | inform the sender | contact the sender | advise the sender | let us know immediately
        virus(?:es)?\b | before (?:you )?print\w* | environment
        (?:delete|remove|destroy|erase) (?:it|this|the|all cop) | from your (?:system|computer|inbox|mailbox)
        legally binding | monitor(?:ed|ing)\b | recorded | print(?:ing)? (?:this|it|the)
        destinatari\w+ | por error | notifi\w+ al remitente | avise al remitente | elimin[ea] | destruy\w+
        medio ?ambiente | imprim\w+ | reservad\w+ | proteccion de datos
        destinataire | par erreur | expediteur | detrui\w+ | supprim\w+ | environnement | imprim\w+
        vertraulich\w* | empfanger | irrtum\w* | absender | vernicht\w+ | loschen | umwelt | ausdruck\w* | drucken
        unbefugt\w*
        por engano | por erro | remetente | apague | elimine | ambiente | imprimir | confidenc\w+ | sigilos\w+
        riservat\w* | per errore | mittente | cancell\w+ | distrugg\w+ | ambiente | stampa\w* | confidenzial\w+
        vertrouwelijk\w* | geadresseerde | ten onrechte | per abuis | afzender | verwijder\w* | vernietig\w* | milieu
        print\w* | afdruk\w*
        konfidentiell\w* | fortrolig\w* | mottagar\w* | modtager\w* | mottaker\w* | avsandar\w* | afsender | radera
        slet\w* | miljo\w*
        luottamuksell\w* | vastaanottaj\w* | poufn\w+ | duvern\w+ | adresat\w* | gizli\w* | alici\w* | bizalmas
        cimzett\w* | конфиденциальн\w* | получател\w* | удалит\w* | odstran\w* | usun\w*
        """
    )
)
_PRINTING = re.compile(
    phrases(
        r"""
        (?:stop and )?think (?:twice )?before (?:you )?print\w* | consider the environment before
        do you (?:really )?need to print | save (?:paper|a tree|trees)
        (?:antes de|before) imprim\w+ | avant d'?imprimer | n'imprimez | imprimer ce (?:mail|message|courriel)
        prima di stampare | bevor sie (?:diese|die) .{0,20}(?:ausdrucken|drucken)
        denken sie an die umwelt | pense (?:no|antes) | piense (?:en|antes) | pensez a l'environnement
        denk aan het milieu | voordat u (?:deze|dit) .{0,15}(?:print|afdrukt)
        (?:stop|virus)[- ]free | scanned (?:by|for) | virus[- ]?frei | sin virus | garanti sans virus
        this (?:e-?mail|message) (?:has been|was) (?:checked|scanned)
        """
    )
)
_MAILING = re.compile(
    phrases(
        r"""
        (?:e-?mails?|messages|communications?|newsletters?|updates|mailings|correspondence) from (?:us|our|me or my)
        (?:marketing|offers) from (?:us|our)
        you (?:are receiving|received|get|have received|receive) (?:this|these|our)
        receiving this (?:e-?mail|message|newsletter) because
        our (?:mailing list|newsletter|mailings?|marketing|e-?mails|privacy (?:policy|notice)|subscribers)
        (?:manage|update|change|edit) (?:your )?(?:e-?mail )?(?:preferences|subscription)
        view (?:this (?:e-?mail|message) )?in (?:your |a )?browser | view online | click here to unsubscribe
        unsubscribe (?:link|here|at any time|below) | unsubscribe\s*[|·•] | [|·•]\s*unsubscribe
        you (?:can|may) (?:unsubscribe|opt out) | sent (?:to you )?by .{0,60}unsubscribe
        (?:correos|mensajes|comunicaciones|boletines|informacion) (?:comerciales? )?(?:de nuestra parte|de nosotros)
        (?:correos|mensajes|comunicaciones|boletines) nuestr[oa]s
        nuestr[oa]s? (?:boletin|newsletter|correos|lista de (?:correo|distribucion)|comunicaciones)
        si no desea (?:seguir )?recib\w+ | ha recibido este (?:correo|mensaje) porque | recibe este (?:correo|mensaje)
        (?:courriels|mails|messages|e-mails|communications|offres|informations) de (?:notre|nos) (?:part|societe)
        de notre part | nos (?:newsletters|communications|offres|e-?mails|courriels|messages)
        notre (?:newsletter|liste|infolettre|lettre)
        si vous ne (?:souhaitez|voulez|desirez) plus
        vous (?:pouvez|recevez) (?:vous des|ce (?:mail|message|courriel))
        (?:e-?mails?|nachrichten|informationen|post|newsletter|werbung) von uns
        unser(?:en|em|e[rs]?)? (?:newsletter|verteiler|mailings?|mailingliste|e-?mails)
        wenn sie (?:keine|nicht (?:mehr|langer)) | falls sie (?:keine|nicht (?:mehr|langer))
        sie (?:erhalten|bekommen) diese
        hier (?:abmelden|abbestellen)
        (?:e-?mails|mensagens|comunicacoes|newsletters) (?:nossas|nossos|da nossa)
        noss[oa]s? (?:newsletter|lista|e-?mails|comunicacoes|mensagens|boletim)
        (?:se|caso) nao (?:deseje|quiser|desejar|pretender|queira) (?:mais )?(?:receber|continuar)
        voce (?:esta recebendo|recebeu|recebe) (?:este|esta)
        (?:e-?mail|messaggi|comunicazioni|newsletter|informazioni) da (?:parte nostra|noi)
        nostr[aeio] (?:newsletter|mailing list|comunicazioni|e-?mail|lista|messaggi)
        se non (?:desidera|vuole|vuoi|desideri|desiderate|volete) (?:piu|ricevere)
        (?:riceve|ricevi|ha ricevuto) (?:questa|questo)
        (?:e-?mails?|berichten|nieuwsbrieven|mailings|informatie) van ons
        onze (?:nieuwsbrief|mailinglijst|mailings|e-?mails|berichten)
        (?:wilt|wil|indien) u (?:geen|niet (?:meer|langer)) | als u (?:geen|niet (?:meer|langer))
        u ontvangt (?:deze|dit)
        (?:fran|fra|od|bizden|tolunk|от) (?:oss|os|nas|нас) | avregistrera | avprenumerera | framelding
        afmeld (?:nyhedsbrev|dig) | peruuttaa (?:tilauksen|uutiskirje) | wypisac sie | odhlasit (?:odber|se)
        отписаться от рассылки | dezabona | leiratkoz | abonelikten
        """
    )
)
_INSTRUCTION = re.compile(
    r"(?:^|[.!|¶] )"
    + phrases(
        r"""
        to (?:unsubscribe|opt[- ]?out|stop receiving|be removed|cancel)
        para (?:darse de baja|cancelar|anular|dejar de recibir|descadastrar|deixar de receber)
        pour (?:vous|se|ne plus) | um sich | zum abbestellen
        per (?:cancellarsi|disiscriversi|annullare|non ricevere) | om (?:u|je|uzelf) (?:af|uit)
        """
    )
    + r".{0,120}\b"
    + phrases(
        r"""
        click\w* | here | repl(?:y|ies) | link | clic | aqui | respond\w* | ici | repond\w* | klick\w* | hier
        antwort\w* | clicc\w+ | qui | rispond\w* | klik\w* | antwoord\w* | unsubscribe
        """
    )
)
"""How one may stop *their* mails: an instruction, at the beginning of a sentence."""
_OWN_WISH = re.compile(
    phrases(
        r"""
        \bi (?:want|wish|would|do not|don't|no longer|am) | \bi'(?:d|m|ve) | \bwe (?:want|wish|would|do not|don't)
        \bplease (?:stop (?!and think)|remove|unsubscribe) | \bhow (?:do|can) i | \bquiero | \bdeseo\b | \bqueremos
        \bno quiero | \bje (?:veux|souhaite|ne|voudrais) | \bnous (?:ne|souhaitons)
        \bich (?:mochte|will|wunsche|bitte) | \bwir (?:mochten|wollen) | \bquero\b | \bqueria\b | \bgostaria
        \bvoglio | \bvorrei | \bdesidero\b | \bik (?:wil|wens|zou) | \bwij (?:willen|wensen) | \?\s*$
        """
    )
)
_TO_US = re.compile(
    phrases(
        r"""
        \bfrom your (?:mailing )?(?:list|database|mailings?|newsletter|e-?mails|crm)
        \b(?:remove|take|delete) (?:me|us|my (?:name|number|e-?mail|address|details|data|info))
        \b(?:e-?mail|mail) address from | \bunsubscribe (?:me|us)\b
        \bstop (?:e-?mail|text|send|writ|contact|messag|spamm|call)\w*
        \bde su lista | \bquit[ae]\w*me | \bborr[ae]\w*me | \bdarme de baja | \bden?me de baja | \bde votre liste
        \bretire\w*[- ]moi | \bdesinscri\w+[- ]moi | \bdesabonne\w*[- ]moi | \baus (?:ihrem|eurem|deinem)
        \b(?:mich|uns) (?:bitte )?(?:aus|ab) | \bda sua lista | \bme (?:remov|retir|tir|exclu)\w+
        \bdalla (?:vostra|sua|tua) | \btoglie\w*mi | \bcancella\w*mi | \bvan (?:uw|jullie|je) lijst
        \bhaal (?:me|mij) | \bmeld (?:me|mij) | \bschrijf (?:me|mij)
        """
    )
)
_LEAST_LEGAL = 2
_LOWEST = 40
"""Paragraphs: footers stand among so many last ones."""
_CAPTION = re.compile(
    r"\W*(?:disclaimer|confidentiality notice|legal notice|important notice|aviso legal|haftungsausschluss)\W*"
)


def without_footers(lines: Sequence[str]) -> list[str]:
    """The lines without the paragraphs below the first that are a disclaimer or the writer's own mailing footer.

    What also asks us for something ("take me off your list") stays.
    """
    paragraphs = _paragraphs(lines)
    lowest = max(1, len(paragraphs) - _LOWEST)
    kept = [line for paragraph in paragraphs[:lowest] for line in paragraph]
    for paragraph in paragraphs[lowest:]:
        kept.extend(_without_added_lines(paragraph))
    return kept


def is_footer(text: str) -> bool:
    """Whether this paragraph or line is a disclaimer, or a footer of mailings that its writer's company sends."""
    told = folded(text)
    if _TO_US.search(told) or _OWN_WISH.search(told):
        return False
    if any(pattern.search(told) for pattern in (_PRINTING, _MAILING, _INSTRUCTION)) or _CAPTION.fullmatch(told):
        return True
    legal = {match[0][:6] for match in _LEGAL.finditer(told)}
    return len(legal) + (_THIS_MESSAGE.search(told) is not None) > _LEAST_LEGAL


def _without_added_lines(paragraph: list[str]) -> list[str]:
    """A paragraph goes as a whole, or from the line on that begins to speak of this message."""
    if is_footer(" ".join(paragraph)):
        first = next((number for number, line in enumerate(paragraph) if _begins(line)), 0)
        return paragraph[:first]
    return paragraph


def _begins(line: str) -> bool:
    told = folded(line)
    return any(pattern.search(told) for pattern in (_THIS_MESSAGE, _LEGAL, _MAILING, _PRINTING, _INSTRUCTION)) or bool(
        _CAPTION.fullmatch(told)
    )


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """Runs of lines, each with the empty ones above it."""
    found: list[list[str]] = [[]]
    for line in lines:
        if not line and found[-1] and found[-1][-1]:
            found.append([])
        found[-1].append(line)
    return found
