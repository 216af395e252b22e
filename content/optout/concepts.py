"""What words mean to the question, in seven languages: `remove`, `borrar` and `löschen` are one concept.

Lines of `words`, without accents: `stem*` stands for every word that begins so, `two_words` for a phrase. What is
learned of one language's wording so holds for the others. A word that says nothing to the question has no concept.
"""

from collections.abc import Sequence

from content.optout.grammar import choices

_WORDS = {
    "NOT": (
        "not|dont|doesnt|didnt|never|no|wont|cannot|cant|nor|without|nothing|none|stopped_wanting|ni|nunca|jamas|sin|"
        "nada|ne|pas|jamais|non|aucun*|rien|sans|nicht|kein|keine|keinen|keinerlei|nie|niemals|nichts|ohne|nein|nao|"
        "nem|nenhum*|sem|mai|senza|nessun*|niente|nulla|niet|geen|nooit|niks|niets|zonder|nee|n|isnt|nt|dnt|zero|"
        "weder|sick_of|tired_of|fed_up|done_with|enough|genug|assez|marre|ras_le_bol|harto|harta|hartos|stufo|stufa|"
        "genoeg|zat|beu|cansei|cansado|cansada|farto|farta|bastante|abbastanza"
    ),
    "MORE": (
        "more|anymore|any_more|longer|again|further|another|future|any_longer|mas|otra_vez|de_nuevo|nuevamente|futur*|"
        "vuelv*|volver|otro|otra|otros|plus|davantage|encore|nouveau|nouveaux|autre|autres|mehr|wieder|weitere*|"
        "kunftig*|"
        "zukunft|weiterhin|erneut|langer|mais|novamente|outra|outro|outras|outros|de_novo|volte*|piu|ancora|"
        "altri|altre|"
        "ulteriori|nuovi|nuove|meer|weer|opnieuw|verder|langer|toekomst|voortaan|verdere|from_now_on"
    ),
    "STOP": (
        "stop|stops|stopp|stopped|stopping|quit|quitting|cease|desist|discontinu*|halt|end|ending|terminat*|"
        "knock_it_off|"
        "cut_it_out|refrain*|pare|paren|pares|parad|parar|deje|dejen|deja|dejes|dejar|dejad|dejenme|dejeme|"
        "dejame|basta|alto|"
        "deten*|cese|cesen|cesar|termine|terminen|arret|arrete*|cesse*|cesser|stopper|stoppez|finissez|stoppen|"
        "stoppt|aufhor*|"
        "aufzuhor*|hor_auf|hort_auf|horen_sie_auf|aufhoren|schluss|beenden|beende|beendet|einstell*|stell*_ein|"
        "einzustellen|"
        "unterlass*|lass*_das|parem|parem_de|chega|cessem|encerr*|interromp*|deixe|deixem|parou|smett*|fermat*|"
        "ferma|fermarsi|"
        "finite*|piantat*|staak*|staken|hou_op|houd_op|houden_op|ophouden|op_te_houden|op_houden|beeindig*|"
        "stopzett*|stop_zett*|smettere|parate"
    ),
    "CANCEL": (
        "cancel|cancels|cancelled|canceled|cancelling|canceling|cancelar|cancele|cancelen|cancela|cancelo|anular|"
        "anule|anulen|annuler|"
        "annulez|annulation|resili*|kundig*|gekundigt|kundigung|stornier*|storno|cancelem|cancelamento|"
        "cancelacion|disdett*|"
        "disdire|annulla|annullare|annullate|annuleer|annuleren|opzegg*|opzeg*|zeg_op|op_te_zeggen|abbestell*|"
        "bestell*_ab|suspend*|deactiv*|desactiv*|disattiv*"
    ),
    "UNSUB": (
        "unsub*|unsuscrib*|opt_out|optout|opting_out|opted_out|opt_me_out|desuscri*|desubscri*|desinscri*|"
        "desapunt*|dar_de_baja|"
        "darme_de_baja|dame_de_baja|denme_de_baja|deme_de_baja|de_baja|baja|la_baja|desabon*|desinscr*|abmeld*|"
        "abzumelden|"
        "austrag*|auszutragen|meld*_ab|melden_ab|ausgetragen|abgemeldet|abmelden|descadastr*|disiscri*|cancellazione|"
        "afmeld*|uitschrijv*|uitschrijf*|schrijf_uit|uit_te_schrijven|uitgeschreven|afgemeld|af_te_melden|"
        "meld_af|uitschrijving|"
        "desassin*|desvincul*|deregister|deregistr*|unregister|sign_off|sign_me_off|unlist|ausschreiben|"
        "widerruf*|widerspr*|herausnehmen|rausnehmen"
    ),
    "REMOVE": (
        "remov*|delet*|erase|erased|erasing|drop|dropped|strike|scrub|scratch|purge|take_off|taken_off|"
        "taking_off|take_out|borr*|elimin*|quiteme|quitenme|"
        "quitame|quitar|quitarme|quiten|saquen*|saqueme|sacame|sacar|sacarme|sacadme|retir*|tachen*|tacheme|"
        "bajenme|supprim*|suppression|enlev*|effac*|radie*|"
        "radier|desinstall*|entfern*|losch*|geloscht|streich*|gestrichen|raus|rausnehm*|herausnehm*|remova*|"
        "remover|remocao|apag*|"
        "exclu*|tire|tirem|tirar|deletar|delete*|rimuov*|rimozione|rimoss*|cancellar*|cancellat*|elimina*|"
        "eliminat*|togli*|tolg*|tolt*|levat*|levami|verwijder*|wis|"
        "wissen|haal|halen|haalt|gehaald|schrap*|verwijdering|leave_off|leave_out|get_off|get_me_off|get_us_off|"
        "take_me_off|take_us_off|off|wipe"
    ),
    "FORGET": (
        "lose_my|lose|forget|olvid*|oubli*|vergess*|vergiss|esquec*|dimentic*|vergeet|vergeten|pierda*|perdez|perdi"
    ),
    "CONTACT": (
        "text|texting|txt|contact|contacting|contacted|message|messaging|email|emailing|mailing|mail|call|"
        "calling|write|writing|bother*|disturb*|spam*|"
        "harass*|pester*|bug|bugging|reach_out|reaching_out|hit_up|hitting_up|following_up|follow_up|ping|"
        "pinging|solicit*|hound*|annoy*|contactar*|"
        "escrib*|escriv*|contact*|llam*|molest*|fastidi*|insist*|textee*|acos*|moleste*|ecri*|appel*|derang*|"
        "harcel*|relanc*|relance|sollicit*|"
        "embet*|importun*|recontact*|spammer|schreib*|anzuschreiben|kontaktier*|kontakt|anruf*|ruf*_an|"
        "anschreib*|belastig*|nerv*|"
        "stor|storen|melden|angeschrieben|kontaktieren|zuspam*|zumull*|escrev*|contat*|contact*|ligar|liguem|"
        "ligue|ligando|ligacoes|incomod*|perturb*|chate*|"
        "importun*|encher|scriv*|contatt*|chiam*|disturb*|telefon*|assill*|importunar*|schrijf*|schrijv*|bel|"
        "bellen|benader*|lastig*|"
        "mailen|mailtjes|appen|app|storen|stoort|lastigvallen|lastig_te_vallen|val_lastig|approach*|reply|ring|phone|dm"
    ),
    "SEND": (
        "send|sending|sent|forward|envi*|mand*|remit*|envoy*|adress*|expedi*|send*|schick*|zusend*|zuschick*|"
        "zugesandt|verschick*|"
        "zukomm*|manda*|mande*|invi*|spedi*|stuur|sturen|stuurt|toestur*|gestuurd|toe_te_sturen|toezend*|"
        "verstur*|mandat*|spedit*"
    ),
    "RECEIVE": (
        "receiv*|get|getting|hear|hearing|gets|see|recib*|saber|ver|recev*|recois|recu|recus|recevoir|erhalt*|"
        "bekomm*|empfang*|krieg*|bezieh*|"
        "receb*|ricev*|sentire|ontvang*|krijg*|horen|hore|ontving|signed_up_for|sentirvi|entendre|ouvir"
    ),
    "WANT": (
        "want|wanted|wants|wish|like|need|rather|prefer|care|wanna|desire|quier*|quisier*|dese*|necesit*|"
        "gustaria|prefier*|prefer*|"
        "veux|veut|voul*|souhait*|desir*|aimerais|besoin|ich_will|mochte|mochten|wunsch*|wollen|wir_wollen|"
        "brauch*|lege_keinen_wert|"
        "wert|verzicht*|quero|quer|queremos|gostari*|desej*|preciso|pretendo|vogli*|vorrei|vorremmo|voglio|"
        "desider*|gradisc*|gradirei|"
        "preferir*|wil|willen|wens*|hoef*|graag|liever|behoefte|zou_willen|prijs|intend|verlang*|dring|erwart*"
    ),
    "MESSAGE": (
        "messages|texts|emails|mails|e_mails|sms|smses|newsletter*|newsletters|spam|promo*|promotion*|marketing|"
        "advert*|ads|communication*|correspondence|"
        "notification*|alerts|offers|msgs|junk|mailings|outreach|updates|campaign*|blasts|follow_ups|"
        "solicitation*|reminders|subscription*|mensaj*|"
        "correos|correo|textos|publicidad|propaganda|ofertas|notificacion*|avisos|boletin*|comunicacion*|"
        "llamadas|comercial*|suscripcion*|messag*|courriel*|mails|"
        "sms|publicit*|pub|pubs|offres|notification*|infolettre*|demarch*|prospect*|sollicitation*|nachricht*|"
        "e_mails|werb*|newsletter*|angebot*|benachrichtig*|"
        "rundmail*|rundbrief*|mailings|anrufe|anfragen|spam_mails|mensag*|torpedos|e_mail|anunci*|notificac*|"
        "comunicac*|messagg*|email|pubblicit*|promozion*|"
        "offert*|comunicazion*|notific*|bericht*|berichten|berichtjes|mails|mailtjes|reclame|aanbiedingen|"
        "nieuwsbrie*|appjes|smsjes|smsen|aanbieding*|"
        "werbung|zuschriften|post|abo|abonnement*|assinatura*|iscrizione|inscription|inscricao|this_stuff|crap|"
        "garbage|bullshit|shit|mist|mull|dreck|basura|porquer*|lixo|spazzatura|rommel|troep|merde"
    ),
    "THESE": (
        "these|those|this|such|all|any|every|everything|anything|it|estos|estas|esto|esta|este|esos|todo|todos|"
        "todas|ningun*|ces|cet|cette|"
        "tous|toutes|toute|tout|cela|ca|diese*|solche*|alle|alles|jegliche*|sowas|jede*|estes|estas|isso|isto|"
        "essas|esses|todos|qualquer|quest*|tutt*|"
        "alcun*|qualsiasi|ciò|deze|dit|die|alle|dergelijke|zulke|elke|enige|sowat"
    ),
    "ME": (
        "me|us|my|our|myself|ourselves|mi|mis|nos|nuestr*|conmigo|moi|mon|ma|mes|nous|notre|nos|m|mich|mir|uns|"
        "meine*|mein|unser*|"
        "minha|meu|meus|minhas|comigo|conosco|nosso*|nossa*|mio|mia|miei|mie|ci|noi|nostr*|mij|mijn|ons|onze|ik|"
        "yo|io|eu|je|ich|"
        "scrivermi|contattarmi|mandarmi|inviarmi|chiamarmi|disturbarmi"
    ),
    "YOU": (
        "you|your|u|yours|ur|ustedes|usted|ustds|uds|ud|tu|tus|su|sus|vous|votre|vos|toi|ihr|ihre*|sie|euch|"
        "euer*|eure*|ihnen|dich|dir|"
        "voces|voce|vc|vcs|seu|sua|seus|suas|voi|vostr*|lei|vi|u|uw|jullie|jou|jij|je_bedrijf|your_company"
    ),
    "LIST": (
        "list|lists|database|crm|records|mailing_list|distribution|contacts|file|files|system|listing|lista|"
        "listas|base|"
        "base_de_datos|registro*|agenda|sistema|liste|listes|fichier*|bases|base_de_donnees|repertoire|listing|"
        "verteiler*|"
        "datenbank|datei|kartei|mailingliste|adressliste|empfangerliste|system|adressbuch|cadastro*|"
        "banco_de_dados|contatos|mailing|elenco|elenchi|"
        "database|rubrica|lista_di_contatti|mailing_list|lijst*|bestand*|mailinglijst|adressenbestand|"
        "verzendlijst|systeem|administratie|robinson"
    ),
    "DATA": (
        "number|phone|address|data|details|info|information|name|inbox|numero|telefono|celular|movil|datos|"
        "direccion|correo_electronico|"
        "telephone|portable|adresse|coordonnees|donnees|nom|nummer|telefonnummer|handynummer|daten|mailadresse|"
        "adresse|postfach|e_mail_adresse|"
        "celular|telefone|endereco|dados|cellulare|indirizzo|dati|casella|nome|telefoonnummer|adres|gegevens|"
        "mailadres|e_mailadres|naam|mobiel|email_address"
    ),
    "CONSENT": (
        "consent|permission|revok*|withdraw*|gdpr|ccpa|tcpa|can_spam|casl|do_not_call|dnc|object|objection|"
        "authoriz*|authoris*|rescind|consentimiento|permiso|"
        "revoc*|rgpd|lopd|lssi|autoriz*|autoris*|consentement|oppos*|cnil|droit|dsgvo|einwillig*|zustimmung|"
        "widerruf*|widersprech*|widerspruch*|uwg|untersag*|"
        "verbiete|verbitte|lgpd|procon|anatel|consentimento|permissao|consenso|oppong*|opposizione|garante|"
        "privacy|avg|toestemming|bezwaar|trek_in|intrekk*|artikel_21|art_21|article_21|legal|derecho*|reclam*|"
        "avocat|anwalt|advogado|avvocato|lawyer|attorney"
    ),
    "ALONE": (
        "alone|peace|go_away|get_lost|fuck_off|piss_off|back_off|buzz_off|en_paz|tranquilo|tranquila|tranquilos|"
        "vete|vayanse|largate|larguense|"
        "tranquille*|la_paix|foutez|fichez|degage*|lachez|lache_moi|in_ruhe|verpiss*|ruhe_lassen|zieh_leine|"
        "em_paz|me_deixe|in_pace|in_ruhe|"
        "lasciat*|lasciami|vaffanculo|met_rust|rot_op|donder_op|sodeju|opzouten|flikker_op|me_erra|me_esquece|some"
    ),
    "ASKED": (
        "asked|told|said|already|twice|third_time|times|last_time|still|keep|keeps|pedi|pedido|dije|dicho|"
        "ya_dije|siguen|sigues|sigue|demande|dit|"
        "deja|toujours|continuez|gebeten|gesagt|bereits|immer_noch|standig|dauernd|mehrfach|ja_pedi|falei|disse|"
        "continuam|chiesto|detto|gia|"
        "continuate|sempre|gevraagd|gezegd|steeds|nog_steeds|alweer|blijven|reported|report|block|blocking|"
        "blocked|reportar*|denunci*|bloque*|signal*|melde|anzeige|bloquei*|segnal*|blokk*|aangifte|klacht|"
        "complain*|stale"
    ),
    "NOINTEREST": (
        "interest|interested|interesa*|interesado|interesada|interesados|interess*|intereses|belangstelling|"
        "geinteresseerd"
    ),
    "WRONG": (
        "wrong|mistaken|equivocad*|equivocas*|equivoco|erreur|trompe*|falsch*|verwahlt|vertan|errad*|engano|"
        "sbagliat*|errato|verkeerd*"
    ),
    "PLEASE": (
        "please|kindly|pls|plz|por_favor|porfa*|favor|svp|stp|s_il_vous_plait|s_il_te_plait|merci_de|veuillez|"
        "priere|bitte|por_gentileza|"
        "gentileza|per_favore|per_cortesia|cortesemente|pregasi|prego|alstublieft|aub|alsjeblieft|gelieve|graag_zou"
    ),
    "NOW": "now|immediately|asap|ya|ahora|inmediatamente|immediatement|maintenant|sofort|jetzt|umgehend|agora|"
    "imediatamente|subito|adesso|ora|immediatamente|nu|direct|onmiddellijk|per_direct|at_once",
    "BUTTON": "button|link|page|boton|enlace|bouton|lien|knopf|botao|pulsante|knop|broken|funktioniert|"
    "fonctionne|funciona|funziona|werkt|doesnt_work",
    "HOW": "how|where|why|when|what|como|donde|por_que|porque|cuando|que_hago|comment|ou|pourquoi|quand|wie|wo|"
    "warum|wann|onde|quando|come|dove|perche|hoe|waar|waarom|wanneer|who|whose|quien|qui|wer|wie_ist|quem|chi|"
    "can_i|can_you|could_you",
    "STAY": (
        "stay|subscribed|back_in|resume|sign_me_up|sign_up|subscribe|resubscribe|start|restart|love|enjoy|"
        "enjoying|helpful|useful|happy|glad|keep_sending|keep_them|quedar*|seguir_recibiendo|"
        "suscribirme|suscribir|apuntarme|gusta|gustan|encanta*|util|utiles|rester|reste|inscrire|reinscri*|"
        "abonner|continuer|aime|adore|utile*|bleib*|anmelden|angemeldet|"
        "wiederanmelden|gefall*|gefallt|hilfreich|nutzlich|ficar|continuar|inscrever|adoro|gosto|adorei|rimanere|"
        "restare|iscriver*|iscritto|piac*|utili|blijf|aanmelden|inschrijven|ingeschreven|leuk|fijn|nuttig|handig"
    ),
    "TIME": (
        "tomorrow|today|tonight|monday|tuesday|wednesday|thursday|friday|saturday|sunday|week|weeks|month|months|"
        "morning|afternoon|evening|noon|later|oclock|minute*|hour|hours|"
        "january|february|march|april|june|july|august|september|october|november|december|spring|summer|autumn|"
        "winter|quarter|year|manana|hoy|lunes|martes|miercoles|jueves|viernes|"
        "sabado|domingo|semana|semanas|mes|meses|tarde|noche|enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
        "septiembre|octubre|noviembre|diciembre|demain|aujourd*|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
        "dimanche|semaine|semaines|mois|matin|apres_midi|soir|midi|janvier|fevrier|mars|avril|juin|juillet|aout|"
        "septembre|octobre|novembre|decembre|rentree|morgen|heute|montag*|dienstag*|mittwoch*|donnerstag*|"
        "freitag*|samstag*|"
        "sonntag*|woche|wochen|monat*|nachmittag|abend|uhr|mittag|januar|februar|marz|juni|juli|oktober|dezember|"
        "quartal|jahr|amanha|hoje|segunda|terca|quarta|quinta|sexta|domingo|"
        "manha|noite|janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro|domani|oggi|"
        "lunedi|martedi|mercoledi|giovedi|venerdi|sabato|domenica|settiman*|mese|mesi|"
        "mattina|pomeriggio|sera|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|anno|"
        "vandaag|maandag*|dinsdag*|woensdag*|donderdag*|vrijdag*|zaterdag*|zondag*|weken|maand|maanden|middag|"
        "avond|januari|februari|maart|mei|augustus|oktober|kwartaal|"
        "vacation|holiday*|vacaciones|vacances|urlaub|ferias|ferie|vakantie|at_noon|pm|am|moment|momento"
    ),
    "THING": (
        "meeting|appointment|order|orders|call_on|invoice|delivery|contract|project|quote|proposal|price|pricing|"
        "demo|account|payment|booking|reservation|invitation|flight|ticket|item|"
        "catering|room|attachment|logo|document|draft|attendee|product|products|service|plan|team|website|card|"
        "cita|reunion|pedido|factura|entrega|contrato|proyecto|presupuesto|precio|"
        "reserva|vuelo|cuenta|pago|documento|oferta|propuesta|llamada_del|visita|rendez_vous|reunion|commande|"
        "facture|livraison|contrat|projet|devis|prix|reservation|compte|paiement|"
        "proposition|produit|termin|termine|besprechung|meeting|bestellung|rechnung|lieferung|vertrag|projekt|"
        "angebot_von|preis|buchung|konto|zahlung|auftrag|reuniao|encomenda|fatura|"
        "contrato|projeto|orcamento|preco|conta|pagamento|proposta|consulta|appuntamento|riunione|ordine|fattura|"
        "consegna|contratto|progetto|preventivo|prezzo|prenotazione|pagamento|"
        "afspraak|vergadering|bestelling|factuur|levering|contract|project|offerte|prijs|boeking|rekening|"
        "betaling|werk|job|work|trabajo|travail|arbeit|trabalho|lavoro|smoking|rain|bus|train|beans|cable"
    ),
    "OTHERS": (
        "him|her|them|they|he|she|his|their|colleague|boss|husband|wife|son|daughter|people|someone|anyone|"
        "customers|clients|users|"
        "ella|ellos|ellas|colega|companero|jefe|marido|mujer|esposa|esposo|hijo|hija|clientes|lui|elle|eux|leur|"
        "collegue|mari|femme|fils|clients|er|ihm|ihn|"
        "kollege*|kollegin|chef|mann|frau|sohn|tochter|kunden|ele|ela|eles|colega|chefe|esposa|filho|clientes|"
        "loro|collega|capo|marito|moglie|figlio|clienti|"
        "hij|hem|haar|hun|collega|baas|man|vrouw|zoon|klanten|competitor|vendor|vendors|supplier|previous|other_company"
    ),
    "YES": (
        "yes|yeah|yep|sure|great|good|perfect|sounds|thanks|thank|ok|okay|awesome|cool|nice|lets|happy_to|si|"
        "claro|perfecto|genial|vale|gracias|bueno|de_acuerdo|oui|"
        "parfait|super|merci|accord|volontiers|bien|ja|gerne|perfekt|danke|prima|klar|gut|einverstanden|sim|"
        "claro|perfeito|otimo|obrigad*|beleza|certo|combinado|certo|"
        "perfetto|grazie|ottimo|volentieri|va_bene|prima|bedankt|goed|dank|akkoord|zeker|top|uitstekend|haha*|lol|jaja*"
    ),
    "BUT": "but|however|though|pero|sino|mais_non|aber|jedoch|porem|mas_nao|ma|pero|maar|echter|except|instead|"
    "sondern|en_cambio|plutot|stattdessen|invece",
}


def _table() -> tuple[dict[str, str], dict[str, str], int]:
    whole: dict[str, str] = {}
    stems: dict[str, str] = {}
    for concept, block in _WORDS.items():
        for word in choices(block):
            table = stems if word.endswith("*") else whole
            table.setdefault(word.rstrip("*"), concept)
    return whole, stems, max(map(len, stems))


_WHOLE, _STEMS, _LONGEST_STEM = _table()
_SHORTEST_STEM = 3
_MOST_WORDS = 4
_CONTENT = 4
"""Letters: a shorter word without a concept is an article, a preposition, …"""
OTHER = "o"
"""A word that says something, and nothing to the question."""


def concept_of(word: str) -> str | None:
    """What one word means; None where it says nothing."""
    if found := _WHOLE.get(word):
        return found
    for end in range(min(len(word), _LONGEST_STEM), _SHORTEST_STEM - 1, -1):
        if found := _STEMS.get(word[:end]):
            return found
    return OTHER if len(word) >= _CONTENT else None


def concepts_of(words: Sequence[str]) -> list[str]:
    """The concepts of a sentence in their order, phrases before words, repetitions once."""
    found: list[str] = []
    at = 0
    while at < len(words):
        for count in range(min(_MOST_WORDS, len(words) - at), 0, -1):
            phrase = _WHOLE.get(" ".join(words[at : at + count])) if count > 1 else concept_of(words[at])
            if phrase is not None or count == 1:
                if phrase is not None and (not found or found[-1] != phrase):
                    found.append(phrase)
                at += count
                break
    return found
