"""Italian wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

ITALIAN = Wording(
    subject=r"""
        risposta automatica | risponditore automatico | messaggio automatico | fuori (?:ufficio|sede)
        assen(?:te|za)\b | in ferie\b | letto: | conferma di lettura
    """,
    declared=r"""
        (?:questo|questa|il presente|la presente) (?:e|e'|messaggio e) un[a']? ?(?:risposta|messaggio\
        |e-?mail) automatic[ao]
        (?:risposta|messaggio|e-?mail) (?:generat|inviat)?\w*\s?automatic[ao]\w* | generat[ao] automaticamente
    """,
    being="sono | saro | siamo | saremo | attualmente | mi trovo | il nostro ufficio e",
    away=r"""
        (?:in|assente per) (?:ferie|vacanza|trasferta|congedo|maternita|malattia) | fuori (?:ufficio|sede) | assente\b
        chius[oi] (?:dal|fino|per) | non (?:in ufficio|disponibile|raggiungibile)
    """,
    usual=r"""
        grazie per (?:il (?:tuo|suo|vostro) messaggio|la (?:tua|sua|vostra) (?:e-?mail|mail)|aver)
        per (?:urgenze|questioni urgenti|comunicazioni urgenti) | in caso di urgenz\w+ | in mia assenza
        (?:vi prego|si prega|potete|puo) (?:di )?(?:contattare|rivolger|scriver)\w* | al mio (?:rientro|ritorno)
        il prima possibile | accesso limitato | rispondero
    """,
    personal=r"""
        si | mi interessa | interessat[oa] | non (?:mi )?interessa | quanto costa | quando | chiamami | mi chiami
        la vostra offerta | volentieri | d'accordo | va bene | sentiamoci
    """,
    until="fino al | fino a | sino al | al",
    back="rientr\\w+ | ritorn\\w+ | torn\\w+ | di nuovo (?:disponibile|in ufficio) | disponibile dal | riapr\\w+",
    not_yet="non | prima",
    weekdays="lunedi martedi mercoledi giovedi venerdi sabato domenica",
    tomorrow="domani",
    months="""
        gennaio|gen febbraio marzo aprile
        maggio|mag giugno|giu luglio|lug agosto
        settembre ottobre|ott novembre dicembre|dic
    """,
)
