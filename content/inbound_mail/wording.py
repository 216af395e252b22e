"""How automatic replies are worded, language by language. Patterns are for `folded` text: small letters, no accents."""

import re
import unicodedata
from typing import NamedTuple


class Wording(NamedTuple):
    """One language's patterns."""

    subject: str
    """How the subject of an automatic reply begins."""
    declared: str
    """It says so itself."""
    absent: str
    """Its writer is away, now or from now on; never what is past."""
    usual: str
    """What such letters go on to say. Several of them, or one beside an absence, make an automatic reply."""
    personal: str
    """What only a person says who has read our message."""
    until: str
    """Before the last day of an absence."""
    back: str
    """Near the first day back."""
    not_yet: str
    """Turns an `until` into a day of return: "not back until Monday"."""
    weekdays: str
    """Monday to Sunday."""
    tomorrow: str


ENGLISH = Wording(
    subject=r"automatic(?: |-)?(?:reply|response)|auto(?: |-)?(?:reply|response|matic reply)|out[ -]of[ -](?:the[ -])?office"
    r"|ooo\b|o\.o\.o|away from (?:the|my) (?:office|desk)|on (?:vacation|annual leave|holiday|leave|pto)\b"
    r"|(?:vacation|absence) (?:reply|notice|response|message|notification)|i(?: a|')m (?:away|out|on)\b|annual leave",
    declared=r"this is an? (?:automatic|automated|auto)[- ]?(?:generated )?(?:reply|response|e-?mail|message|notification)"
    r"|(?:automatically|auto)[- ]generated (?:reply|response|e-?mail|message)|do not reply to this (?:automated|automatic)"
    r"|(?:automatic|automated|auto)[- ]?(?:reply|response|responder)\s*[:.!]|this mailbox is (?:not|no longer) monitored"
    r"|this (?:message|e-?mail|reply) (?:was|is|has been) (?:sent |generated )?automatic",
    absent=r"\b(?:i am|i'm|im|i will be|i'll be|am|will be|we are|we're|we will be|our office is|our offices are"
    r"|the office is|the office will be|(?:he|she|they) (?:is|are|will be)|currently|presently)\s+(?:\w+ ){0,3}?"
    r"(?:out of (?:the )?(?:office|country|town)|ooo\b|out on\b|out until\b|out from\b|out through\b|out and\b|on vacation"
    r"|on holidays?|on (?:\w+ )?leave|on pto\b|away (?:from|until|on|and|between|through)|away\b(?= *[.,;])|travell?ing"
    r"|out sick|closed (?:from|until|for|through|between)|unavailable (?:from|until|through)|not in the office|off work"
    r"|off (?:until|from))|^(?:\W*(?:out of (?:the )?office|ooo|on vacation|on (?:annual )?leave|away) (?:until|from|through|till))",
    usual=r"limited access to|no access to (?:my )?e-?mail|intermittent access|not (?:be )?(?:checking|reading|monitoring)"
    r"|(?:thank you|thanks) for (?:your|contacting|getting in touch|reaching out|e-?mailing|writing)"
    r"|(?:respond|reply|get back|answer|attend|return your)[^.?]{0,60}"
    r"(?:upon my return|on my return|when i (?:return|am back|get back)|as soon as (?:possible|i (?:return|am back|can)))"
    r"|(?:upon|after|on) my return|(?:if|for) (?:(?:this|it) is |your (?:matter|request|message) is |anything |you need |you "
    r"(?:have|require) |all )?(?:an? )?(?:urgent|immediate|emergenc)|in my absence|while i(?: a|')m (?:away|out)"
    r"|please (?:contact|direct|reach out to|call|e-?mail|refer|get in touch)|(?:messages?|e-?mails?) will not be forwarded"
    r"|delay(?:ed)? (?:in )?respon|may be delayed|i will (?:return|be back|be returning)|i'll be back|returning (?:to|on)"
    r"|no longer (?:with|work)|has left the company|has been received|we have received your|within \d+ (?:business|working)",
    personal=r"\b(?:yes|sounds (?:good|great)|let'?s|(?:can|could|would|will|did|do|are) (?:you|we)\b|how much|what (?:is|are"
    r"|time|about|do)|interested|no thanks|not interested|call me|text me|send me|give me|ping me|your (?:offer|quote|price"
    r"|proposal|estimate|product|demo)|works for me|go ahead|happy to|looking forward|schedule|stop (?:e-?mail|contact|writ"
    r"|send)|unsubscribe|remove me|sorry for|i was (?:out|away|on)|(?:just|i'm|i am) (?:now )?back\b|try (?:me|again)"
    r"|reach me|talk (?:to you|then|next|soon)|chat|catch up|i'd (?:like|love|prefer)|we should|tell (?:me|him|her)|wrong"
    r" person|my (?:husband|wife|boss|colleague)|speak|follow up|circle back|quick)\b",
    until=r"\b(?:until|till|til|through|thru|up to|to|ending|ends)",
    back=r"\b(?:back|return|returns|returning|resume|resuming|reachable again|available (?:again|from|on|as of|starting)"
    r"|in the office (?:again|on|from)|reopen|reopens|reopening|re-open)\b",
    not_yet=r"\b(?:not|won't|wont|n't|cannot|never|unable)\b",
    weekdays="monday tuesday wednesday thursday friday saturday sunday",
    tomorrow="tomorrow",
)
GERMAN = Wording(
    subject=r"automatische (?:antwort|ruckantwort|abwesenheit)|abwesenheit|abwesend|(?:ich bin |bin )?(?:im urlaub|nicht im (?:haus|buro))"
    r"|out of office|urlaub(?:s(?:notiz|meldung|vertretung))?\b|autoantwort|automatische e-?mail|nicht im buro",
    declared=r"(?:dies(?:e nachricht)?|das|hierbei) (?:ist|handelt es sich um) eine(?:r)? automati|automatisch (?:erzeugt|generiert|erstellt"
    r"|versand|verschickt)|automatische (?:antwort|abwesenheit)|abwesenheits(?:notiz|meldung|assistent)",
    absent=r"\b(?:ich bin|bin ich|ich bin|bin|sind wir|wir sind|ich befinde mich|befinde ich mich|ist|werde ich|unser buro ist)\s"
    r"(?:[\w.:,-]+ ){0,9}?(?:nicht (?:im|in der|am|an meinem|erreichbar)|im (?:\w+)?urlaub|in (?:elternzeit|mutterschutz|urlaub)"
    r"|abwesend|ausser haus|auf (?:dienst|geschafts)?reisen?|auf (?:dienst|geschafts)reise|krank|geschlossen|nicht da\b|unterwegs)"
    r"|^\W*(?:abwesend|im urlaub|nicht im buro|ausser haus) (?:bis|vom|von|ab)|derzeit nicht (?:im buro|erreichbar)",
    usual=r"(?:vielen |herzlichen |besten )?dank fur (?:ihre|deine|eure) (?:nachricht|e-?mail|mail|anfrage)|ihre (?:e-?mail|nachricht|mail) wird"
    r"|nicht weitergeleitet|(?:in|bei) dringenden? (?:fall|angelegenheit)|in meiner abwesenheit|meine vertretung|vertritt mich"
    r"|(?:wenden|kontaktieren|schreiben) sie (?:sich )?(?:bitte |sich )|(?:nach|bei) meiner ruckkehr|so (?:schnell|bald) (?:wie|als) moglich"
    r"|keinen? zugriff|nur (?:eingeschrankt|unregelmassig|sporadisch)|e-?mails? (?:werden|wird) (?:nicht|in dieser)"
    r"|wieder (?:erreichbar|fur sie|im (?:buro|haus)|da\b|personlich)|werde (?:ich )?(?:ihre|mich|deine)|nicht gelesen",
    personal=r"\b(?:ja|gerne|klingt gut|konnen (?:sie|wir)|konntest?|konnten|kein interesse|interessiert|rufen? (?:sie )?mich|melden? (?:sie|dich)"
    r"|was kostet|wie viel|wieviel|ihr(?:e)? angebot|schicken|senden sie|wann|abmelden|loschen|war (?:ich )?(?:im|letzte|bis)|passt|termin"
    r"|lass(?:en)? (?:uns|sie)|ich war|wieder zuruck aus|bin (?:jetzt |gerade )?zuruck|telefonieren|sprechen|falsche|nein)\b",
    until=r"\b(?:bis(?: einschliesslich| inkl(?:usive|\.)?)?(?: zum| einschliesslich| inkl(?:usive|\.)?)?)",
    back=r"\b(?:zuruck|wieder|ruckkehr|zuruckkehren|erreichbar ab)\b",
    not_yet=r"\b(?:nicht vor|erst)\b",
    weekdays="montag dienstag mittwoch donnerstag freitag samstag sonntag",
    tomorrow="morgen",
)
SPANISH = Wording(
    subject=r"respuesta automatica|(?:estoy )?fuera de (?:la )?oficina|ausente|ausencia|de vacaciones|autorespuesta|auto-?respuesta"
    r"|estoy (?:de vacaciones|ausente)|mensaje automatico",
    declared=r"(?:est[ea] es una?|esto es una?) (?:respuesta|mensaje|correo) (?:automatic|generad)|(?:respuesta|mensaje|correo) automatic[oa]"
    r"|(?:generad|enviad)[oa] (?:de forma )?automatica",
    absent=r"\b(?:estoy|estare|me encuentro|me encontrare|estamos|estaremos|se encuentra|esta|permanecere|actualmente)\s(?:\w+,? ){0,6}?"
    r"(?:fuera (?:de (?:la |mi )?oficina|del|hasta|por|de mi)|de vacaciones|ausente|de baja|de permiso|de viaje|con permiso|de licencia"
    r"|cerrad[oa]s?)|^\W*(?:fuera de (?:la )?oficina|de vacaciones|ausente) (?:hasta|del|desde)",
    usual=r"gracias por (?:su|tu|vuestro|contactar|escribir|ponerse|comunicarse)|acceso (?:limitado|restringido)|sin acceso"
    r"|(?:para|en caso de|si es|cualquier|asuntos?|temas?)[^.?]{0,30}urgen|en mi ausencia|durante (?:mi ausencia|este periodo|estos dias)"
    r"|(?:por favor|favor de|puede|pueden)[,]? (?:\w+ )?(?:contact|escrib|dirigir|dirija|comunic|llam)|a mi (?:regreso|vuelta|retorno)"
    r"|(?:le|te|les) (?:respondere|contestare|atendere)|respondere (?:a )?(?:su|tu)|lo antes posible|en cuanto (?:regrese|vuelva|pueda)"
    r"|no (?:podre|tendre acceso|estare revisando|revisare)|(?:regreso|vuelvo|volvere|regresare|retorno) ",
    personal=r"\b(?:si,|claro|me interesa|no me interesa|podemos|puedes|podria|podrias|llamame|llameme|cuanto|cuando|enviame|mandame|su oferta|tu oferta"
    r"|hablamos|hablar|agenda|de acuerdo|perfecto|estuve|estaba|ya (?:estoy|he vuelto|volvi)|baja de (?:la|su|tu) lista|no me escriban"
    r"|presupuesto|precio|quiero|prefiero|escribeme|equivocad[oa])\b",
    until=r"\b(?:hasta|al|a|hasta el dia)",
    back=r"\b(?:regreso|regresare|regresando|vuelvo|volvere|vuelta|retorno|retornare|reincorpor\w*|de nuevo|nuevamente|disponible (?:a partir|desde|el)"
    r"|incorporo|incorporare)\b",
    not_yet=r"\bno\b",
    weekdays="lunes martes miercoles jueves viernes sabado domingo",
    tomorrow="manana",
)
FRENCH = Wording(
    subject=r"reponse automatique|absence|absent(?:e)?\b|(?:je suis )?en conges?|message d'absence|hors (?:du )?bureau|reponse auto\b|en vacances"
    r"|automatische|message automatique",
    declared=r"(?:ceci est|il s'agit d')\s?une? (?:reponse|message|courriel|mail) automatique|(?:reponse|message) automatique|(?:envoye|genere)e? automatiquement",
    absent=r"\b(?:je suis|je serai|suis|serai|nous sommes|nous serons|est|actuellement|notre bureau est)\s(?:\w+,? ){0,5}?(?:absente?s?\b|en (?:conges?|vacances|arret"
    r"|deplacement|formation)|hors du bureau|ferme|indisponible (?:jusqu|du|a partir)|en conge)|^\W*(?:absente?|en conges?) (?:jusqu|du)",
    usual=r"merci (?:de|pour) votre (?:message|mail|e-?mail|courriel)|acces (?:limite|restreint|tres limite)|en cas d'urgence|pour toute (?:urgence|demande)"
    r"|en mon absence|pendant mon absence|durant (?:mon absence|cette periode)|(?:veuillez|vous pouvez|merci de) (?:\w+ )?(?:contact|vous adresser|joindre|ecrire)"
    r"|a mon retour|des mon retour|dans les (?:meilleurs|plus brefs) delais|je (?:vous )?(?:repondrai|traiterai|ne manquerai|prendrai)"
    r"|(?:de retour|serai de nouveau|reviens|reviendrai)|ne (?:sera|seront) pas (?:lus?|transfere|transmis|consulte)|si (?:votre )?(?:demande|message)? ?(?:est )?urgent",
    personal=r"\b(?:oui|ca m'interesse|pas interesse|interessee?|pouvez-vous|pouvons-nous|peut-on|pourriez|appelez[- ]moi|rappelez[- ]moi|combien|quand|votre (?:offre|devis|tarif)"
    r"|envoyez[- ]moi|d'accord|parfait|j'etais|je rentre|vient de|desinscri\w*|discuter|parler|prefere|rendez-vous|on se|voyons|mauvaise)\b",
    until=r"\b(?:jusqu'au|jusqu'a|jusque|au)",
    back=r"\b(?:retour|reviens|reviendrai|rentre|rentrerai|reprends|reprendrai|de nouveau|a nouveau|reouvr\w*|disponible (?:a partir|des))\b",
    not_yet=r"\b(?:pas|avant)\b",
    weekdays="lundi mardi mercredi jeudi vendredi samedi dimanche",
    tomorrow="demain",
)
PORTUGUESE = Wording(
    subject=r"resposta automatica|(?:estou )?fora do escritorio|ausencia|ausente|de ferias|em ferias|estou (?:de|em) ferias|mensagem automatica|aviso de ausencia",
    declared=r"est[ae] (?:e uma|e um) (?:resposta|mensagem|e-?mail) automatic|(?:resposta|mensagem) automatica|(?:gerad|enviad)[ao] automatica",
    absent=r"\b(?:estou|estarei|encontro-me|estamos|estaremos|me encontro|esta|atualmente)\s(?:\w+,? ){0,6}?(?:fora (?:do escritorio|da empresa|ate|do pais|de)"
    r"|(?:de|em|no periodo de|em gozo de) ferias|ausente|de licenca|em licenca|em viagem|fechad[oa]s?|de folga)|^\W*(?:fora do escritorio|de ferias|ausente) (?:ate|de)",
    usual=r"obrigad[oa] (?:pel[oa]|por) (?:seu|sua|seu e-?mail|contat|contact|mensagem|e-?mail|escrever)|agradeco (?:o |a )?(?:seu|sua|contat|contact|mensagem)|acesso (?:limitado|restrito)|sem acesso"
    r"|(?:em caso de|para|caso|se for|assuntos?|casos?)[^.?]{0,30}urg|na minha ausencia|durante (?:a minha ausencia|minha ausencia|este periodo|esse periodo)"
    r"|(?:por favor|favor|queira|pode)[,]? (?:\w+ )?(?:contat|contact|entr|escrev|procur|lig)|no meu (?:retorno|regresso)|quando (?:retornar|voltar|regressar)|assim que (?:possivel|retornar|voltar|regressar)"
    r"|(?:retorno|regresso|volto|voltarei|retornarei|regressarei) |responderei|o mais breve",
    personal=r"\b(?:sim,|claro|tenho interesse|nao tenho interesse|podemos|pode me|voce pode|ligue|me liga|quanto|quando (?:podemos|voce|e)|me envie|sua proposta|seu orcamento|combinado|perfeito"
    r"|estive|estava|ja voltei|falar|conversar|conversamos|agendar|preco|quero|prefiro|remov\w+|descadastr\w*|pessoa errada)\b",
    until=r"\b(?:ate(?: ao| o)?|a|ao|ate o dia)",
    back=r"\b(?:retorno|retornarei|retornando|regresso|regressarei|volto|voltarei|volta|de novo|novamente|disponivel (?:a partir|desde|em|no))\b",
    not_yet=r"\bnao\b",
    weekdays="segunda terca quarta quinta sexta sabado domingo",
    tomorrow="amanha",
)
WORDINGS = (ENGLISH, GERMAN, SPANISH, FRENCH, PORTUGUESE)

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-", "\xa0": " "})


def folded(text: str) -> str:
    """Small letters without accents, plain apostrophes and dashes; lines joined, paragraphs kept apart by `¶`."""
    paragraphs = re.sub(r"\s*\n\s*\n\s*", " ¶ ", text.translate(_APOSTROPHES))
    plain = unicodedata.normalize("NFKD", " ".join(paragraphs.split()).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))
