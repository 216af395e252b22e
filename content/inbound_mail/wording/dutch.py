"""Dutch wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

DUTCH = Wording(
    subject=r"""
        automatisch(?:e)? (?:antwoord|bericht|reactie|beantwoord) | afwezig(?:heid)?\b | niet aanwezig | vakantie\b
        out of office | auto-?antwoord | gelezen: | leesbevestiging
    """,
    declared=r"""
        dit is een (?:automatisch|automatische) (?:gegenereerde? )?(?:antwoord|bericht|e-?mail|reactie)
        automatisch (?:gegenereerd|verzonden|verstuurd|antwoord)
    """,
    being="ik ben | ben ik | ben | wij zijn | we zijn | momenteel | op dit moment | ons kantoor is",
    away=r"""
        (?:met|op) (?:vakantie|verlof|zwangerschapsverlof|zakenreis) | afwezig\b
        niet (?:aanwezig|op kantoor|bereikbaar)
        gesloten | vrij\b | buiten kantoor | ziek\b
    """,
    usual=r"""
        (?:hartelijk |veel )?(?:dank|bedankt) voor (?:uw|je|jouw) (?:bericht|e-?mail|mail) | bij (?:spoed|dringende)
        voor (?:dringende|spoedeisende|urgente) | (?:tijdens|in) mijn afwezigheid
        (?:kunt u|kun je|gelieve)[^.?]{0,30}contact
        na mijn terugkeer | zo (?:spoedig|snel) mogelijk | beperkt(?:e)? toegang | uw (?:e-?mail|bericht) wordt
    """,
    personal=r"""
        ja | interessant | geen interesse | interesse | kunt u mij | kunnen we | bel (?:me|mij) | wat kost | wanneer
        uw (?:aanbod|offerte) | graag | prima | stuur
    """,
    until="tot en met | t/m | tot",
    back="terug | weer (?:aanwezig|bereikbaar|op kantoor|beschikbaar) | bereikbaar vanaf | aanwezig vanaf",
    not_yet="niet",
    weekdays="maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    tomorrow="morgen",
    months="""
        januari|jan februari|feb maart|mrt april|apr
        mei juni|jun juli|jul augustus|aug
        september|sept|sep oktober|okt november|nov december|dec
    """,
)
