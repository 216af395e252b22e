"""German wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

GERMAN = Wording(
    subject=r"""
        automatische (?:antwort|ruckantwort|abwesenheit)
        abwesenheit
        abwesend
        (?:ich bin |bin )?(?:im urlaub|nicht im (?:haus|buro))
        out of office
        urlaub(?:s(?:notiz|meldung|vertretung))?\b
        autoantwort
        automatische e-?mail
        nicht im buro
        (?:praxis|betriebs|werks)(?:urlaub|ferien)
    """,
    declared=r"""
        (?:dies(?:e nachricht)?|das|hierbei) (?:ist|handelt es sich um) eine(?:r)? automati
        automatisch (?:erzeugt|generiert|erstellt|versand|verschickt)
        automatische (?:antwort|abwesenheit)
        abwesenheits(?:notiz|meldung|assistent)
    """,
    being=r"""
        ich bin | bin ich | bin | sind wir | wir sind | ich befinde mich | befinde ich mich
        werde ich | unser buro ist
    """,
    away=r"""
        nicht (?:im|in der|am|an meinem|erreichbar) | (?:im|auf) (?:\w+)?urlaub
        in (?:elternzeit|mutterschutz|urlaub) | abwesend | ausser haus | auf (?:dienst|geschafts)?reisen?
        auf (?:dienst|geschafts)reise | krank | geschlossen | nicht da\b | unterwegs
    """,
    usual=r"""
        derzeit nicht (?:im buro|erreichbar)
        (?:vielen |herzlichen |besten )?dank fur (?:ihre|deine|eure) (?:nachricht|e-?mail|mail|anfrage)
        ihre (?:e-?mail|nachricht|mail) wird
        nicht weitergeleitet
        (?:in|bei) dringenden? (?:fall|angelegenheit)
        in meiner abwesenheit
        meine vertretung
        vertritt mich
        (?:wenden|kontaktieren|schreiben) sie (?:sich )?(?:bitte |sich )
        (?:nach|bei) meiner ruckkehr
        so (?:schnell|bald) (?:wie|als) moglich
        keinen? zugriff
        nur (?:eingeschrankt|unregelmassig|sporadisch)
        (?:e-?)?mails? (?:werden|wird) (?:nicht|in dieser)
        wieder (?:erreichbar|fur sie|im (?:buro|haus)|da\b|personlich)
        werde (?:ich )?(?:ihre|mich|deine)
        nicht gelesen
        nicht (?:bearbeitet|beantwortet)
        vertretung\b
    """,
    personal=r"""
        ja | gerne | klingt gut | konnen (?:sie|wir) | konntest? | konnten | kein interesse | interessiert
        rufen? (?:sie )?mich | melden? (?:sie|dich) | was kostet | wie viel | wieviel | ihr(?:e)? angebot
        schicken | senden sie | wann | abmelden | loschen | war (?:ich )?(?:im|letzte|bis) | passt | termin
        lass(?:en)? (?:uns|sie) | ich war | wieder zuruck aus | bin (?:jetzt |gerade )?zuruck | telefonieren
        sprechen | falsche | nein
    """,
    until=r"""
        bis(?: einschliesslich| inkl(?:usive|\.)?)?(?: zum| einschliesslich| inkl(?:usive|\.)?)?
    """,
    back=r"""
        zuruck | wieder | ruckkehr | zuruckkehren | erreichbar ab
    """,
    not_yet=r"""
        nicht vor | erst
    """,
    weekdays="montag dienstag mittwoch donnerstag freitag samstag sonntag",
    tomorrow="morgen",
)
