"""Swedish, Danish and Norwegian wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

NORDIC = Wording(
    subject=r"""
        auto(?:matiskt |matisk )?svar\b | autoreply | auto-svar | franvaro\w* | franvarande | frav(?:ae|æ)r\w*
        ikke til stede
        pa semester | semester\b | ferie\b | ute av kontoret | ikke pa kontoret | lest: | last: | l(?:ae|æ)st:
        automatisk (?:melding|besked)
    """,
    declared=r"""
        (?:detta|dette|det) (?:ar|er) (?:ett|et|en) (?:automatiskt|automatisk|autogenererat|autogenerert)
        automatisk(?:t)? (?:genererat|genereret|generert|utskickat|svar|meddelande|melding|besked|sendt)
    """,
    being="jag ar | jeg er | vi ar | vi er | ar | er | for narvarande | for tiden | i (?:ø|o)jeblikket",
    away=r"""
        pa (?:semester|tjansteresa|ferie|reise|rejse) | (?:ej|inte|ikke) (?:pa|i|til stede pa) kontoret | franvarande
        frav(?:ae|æ)rende | foraldraledig | barselsorlov | permisjon | sjuk\w*\b | ledig\b
        (?:har|holder) (?:semester|ferie)
    """,
    usual=r"""
        tack for (?:ditt|ert) (?:mail|mejl|meddelande)
        (?:tak|takk) for (?:din|deres) (?:mail|e-?post|e-?mail|henvendelse|besked)
        vid bradskande | (?:i|ved) (?:haste|presserende)\w* | kontakta garna
        (?:kontakt|ring) (?:venligst|gerne|gjerne)
        nar jag (?:ar tillbaka|aterkommer) | nar jeg er tilbage | nar jeg er tilbake | sa snart (?:jag|jeg|som)
        begransad tillgang | i min franvaro | i mit frav(?:ae|æ)r
    """,
    personal=r"""
        ja | nej | nei | intresserad | interesseret | interessert | kan du | kan vi | ring mig | ring meg
        hur mycket
    """,
    until="till och med | t\\.? ?o\\.? ?m\\.? | till | til og med | til | t\\.o\\.m\\.",
    back="tillbaka | ater (?:pa|den|i) | aterkommer | tilbage | tilbake | igen (?:den|fra) | igjen",
    not_yet="inte | ikke | forst | først",
    weekdays="mandag tisdag onsdag torsdag fredag lordag sondag",
    tomorrow="i morgon | i morgen",
    months="""
        januari|januar februari|februar mars|marts april
        maj|mai juni juli augusti|august
        september oktober|okt november december|desember|des
    """,
)
