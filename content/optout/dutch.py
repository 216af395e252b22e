"""Dutch: words and phrases that ask for no more messages, and their look-alikes, without accents (see grammar.py)."""

WHOLE_MESSAGE = (
    "stoppen|stopt|afmelden|afmelding|uitschrijven|uitschrijving|opzeggen|annuleren|annuleer|verwijderen|"
    "verwijder|einde|uit|"
    "genoeg|ophouden|hou_op|houd_op|stopzetten|beeindigen|geen_berichten_meer|geen_mails_meer|geen_sms_meer|niet_meer|"
    "nieuwsbrief_opzeggen|nieuwsbrief_afmelden|meld_af|meld_me_af|mij_afmelden|stop_ermee|stop_sms|"
    "afmelden_nieuwsbrief|schrijf_me_uit|me_uitschrijven|uitschrijve"
)
FILLERS = (
    "aub|alstublieft|alsjeblieft|svp|bedankt|hallo|goedemorgen|goedemiddag|dank|dank_u|dank_je|gelieve|hoi|beste|nu|"
    "direct|onmiddellijk|per_direct|graag|even|toch|gewoon|verdomme|godverdomme|eens|voortaan|mvg|groet|groeten"
)
SPELLINGS = {
    "niet": "neit",
    "alstublieft": "astublieft|aubb",
    "berichten": "bericten|berichtn",
    "uitschrijven": "uitschijven|uitschrijve",
    "afmelden": "afmelde|afmeldne",
}
WORDS = {
    "PROMOS": "acties|aanbiedingen|kortingen|coupons|reclame|vacatures|herinneringen|nieuwsbrief|nieuwsbrieven|"
    "folders|enquetes|weekdeals|deals|updates|tips|spam|appjes|uitnodigingen|donaties|promoties|"
    "advertenties|leveranciersaanbiedingen|reclamemails|bedrijfsberichten|opvolging",
    "MAIL": "mail|mailt|mailen|stuur|stuurt|sturen|app|appt|appen|bel|belt|bellen|schrijf|schrijft|schrijven|"
    "contacteer|contacteren|"
    "benader|benadert|benaderen|spam|spamt|spammen|stoor|stoort|storen|lastigvallen|berichten|sms|smsen|sms_en|"
    "aanschrijven|toesturen|toezenden|berichtgeven",
    "MSGS": "berichten|bericht|mails|mail|e_mails|emails|e_mail|email|sms|smsjes|sms_jes|sms_berichten|"
    "nieuwsbrieven|nieuwsbrief|reclame|aanbiedingen|appjes|spam|"
    "telefoontjes|notificaties|mailtjes|reclamemails|promoties|meldingen|mailings|acquisitie|contact|informatie|"
    "post|berichtjes|troep|rommel|updates|mailing",
    "DEZE": "deze|die|dit|uw|jullie|je|de|al|alle|verdere|meer|zulke|dat|dergelijke|enkele|enige|of|zo_n|soort|"
    "van|nog|al_die",
    "MIJ": "mij|me|ons|mijn|dit|deze|onze|m",
    "ADRES": "nummer|adres|mailadres|e_mailadres|emailadres|gegevens|telefoonnummer|naam|data|email|mail|"
    "contactgegevens",
    "HAAL": "haal|haalt|halen|verwijder|verwijdert|verwijderen|schrap|schrapt|schrappen|gooi|gooit|wis|wist|"
    "wissen|streep|delete|deleten|haal|afhalen|uitschrijven|schrijf|schrijft|neem|nemen",
    "LIJST": "lijst|lijsten|mailinglijst|bestand|bestanden|database|verzendlijst|adressenbestand|systeem|"
    "nieuwsbrief|mailbestand|contactlijst|administratie|maillijst|mailinglist|mailing|adressenlijst|bellijst",
    "WIL": "wil|willen|wens|wensen|hoef|hoeven|verzoek|zou|wenst|wilt|ontvang",
    "UIT": "afmelden|uitschrijven|afgemeld|uitgeschreven|af_te_melden|uit_te_schrijven|opzeggen|verwijderd|"
    "uitgeschreven_worden|eraf|geschrapt",
}
OPENERS = (
    "ik|wij|we|u|jullie|en|maar|of|want|anders|omdat|dit|dat|er|niet|nooit|geen|meer|op|naar|van|aan|met|al|dank|"
    "het|die|mij|me|via|"
    "hier|per|lol|als|waarom|je|ons"
)
_LOOK_ALIKES = """
lol hou|stop [op|ermee]
zeg|zegt .. abonnement op de|het|mijn * op
krijg|ontvang|krijgen|ontvangen [ik|wij] geen [DEZE] MSGS [meer]
antwoord|stuur|sms|reageer [met] stop|afmelden|uit [om] [*] [*]
stop niet
niet stoppen|ophouden met
hou|houd niet op
WIL mij|me|ons niet UIT
WIL niet UIT|stoppen
HAAL mij|me|ons niet
niet HAAL
stop|stoppen|stopt bij|in|op|aan|hier|de|het|even
zonder stop
bel me|mij niet voor|op|in|vandaag
niet mailen|appen . bel|bellen
hou|houdt op . echt|serieus|nee
ga nu|zo|straks weg
houdt niet op
schrijf|meld me|mij|ons [maar|opnieuw|weer] in|aan
wil|willen|moet [de|het|mijn] sportschool|contract|huur|energiecontract|verzekering|afspraak opzeggen|afzeggen
niet storen . maar
"""
_STOP = """
stop|hou|houd|stopt [u|jullie] [op] met|ermee [het] [mij|me] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
stop|hou|houd|stopt [u|jullie] [op] met|ermee [het] [mij|me] [ons|DEZE|het] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
stop|hou|houd|stopt [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
stop|hou|houd|stopt [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [ons|DEZE|het] [te] MAIL|MSGS
stop|hou|houd|stopt [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [ons|DEZE|het] [te] lastig|lastigvallen|benaderen
stop|hou|houd|stopt [u|jullie] [op] mij|me|ons [het] [mij|me] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
stop|hou|houd|stopt [u|jullie] [op] mij|me|ons [het] [mij|me] [ons|DEZE|het] [te] MAIL|MSGS
stop|hou|houd|stopt [u|jullie] [op] mij|me|ons [het] [mij|me] [ons|DEZE|het] [te] lastig|lastigvallen|benaderen
stop|hou|houd|stopt [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [mij|me] [te] MAIL|MSGS
stop|hou|houd|stopt [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [mij|me] [te] lastig|lastigvallen|benaderen
stop|hou|houd|stopt [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [ons|DEZE|het] [te] MAIL|MSGS
stop|hou|houd|stopt [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [ons|DEZE|het] [te] lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] met|ermee [het] [mij|me] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] met|ermee [het] [mij|me] [ons|DEZE|het] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [ons|DEZE|het] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] mij|me|ons [het] [mij|me] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] mij|me|ons [het] [mij|me] [ons|DEZE|het] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
houdt|stoppen [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [ons|DEZE|het] [te] MAIL|MSGS
houdt|stoppen [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [ons|DEZE|het] [te] lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] met|ermee [het] [mij|me] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] met|ermee [het] [mij|me] [ons|DEZE|het] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [ons|DEZE|het] [te] MAIL|MSGS
ophouden|kap|kappen [u|jullie] [op] met|ermee [het] [ons|DEZE|het] [ons|DEZE|het] [te] lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] mij|me|ons [het] [mij|me] [mij|me] [te] MAIL|MSGS|lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] mij|me|ons [het] [mij|me] [ons|DEZE|het] [te] MAIL|MSGS
ophouden|kap|kappen [u|jullie] [op] mij|me|ons [het] [mij|me] [ons|DEZE|het] [te] lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [mij|me] [te] MAIL|MSGS
ophouden|kap|kappen [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [mij|me] [te] lastig|lastigvallen|benaderen
ophouden|kap|kappen [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [ons|DEZE|het] [te] MAIL|MSGS
ophouden|kap|kappen [u|jullie] [op] mij|me|ons [het] [ons|DEZE|het] [ons|DEZE|het] [te] lastig|lastigvallen|benaderen
stop|hou|houd|stopt|houdt [u|jullie] op
stop|stopt [u] ermee|hiermee|daarmee
stop|stopt DEZE [DEZE] MSGS
MAIL [u|jullie] mij|me|ons [hier] niet|nooit [meer|langer|nog]
MAIL [u|jullie] [mij|me|ons] [DEZE] niet|nooit meer|langer
MAIL [u|jullie] mij|me|ons [DEZE] geen [DEZE] MSGS|dingen
niet|nooit meer|langer [te|willen|mij|me] MAIL
niet meer contact|lastig|bellen|benaderd|gemaild
niet|nooit MAIL $
WIL geen|niet|niets [DEZE] [DEZE] [MSGS] [meer] [ontvangen|krijgen|hebben|van] [meer] /
WIL geen [DEZE] [DEZE] MSGS
WIL [DEZE] [DEZE] MSGS niet [meer]
WIL niet|nooit [langer|meer] [op] [door] [u|jullie] [worden|benaderd|gemaild]
WIL niet|nooit [langer|meer] [op] [door] [u|jullie] [gebeld|gecontacteerd|lastiggevallen|ontvangen]
WIL niets|niks [meer] [van|ontvangen|horen]
wil|willen niet|nooit meer
^ geen|nooit|genoeg|nul [DEZE] [DEZE] MSGS [meer] /
geen [DEZE] MSGS meer
geen behoefte aan [DEZE] MSGS
heb genoeg van
klaar|zat met|van [DEZE] MSGS
laat|laten [u|jullie] mij|me|ons [met] [gewoon] [met] rust
rot|donder|flikker|sodemieter op
opzouten|oprotten
ga weg
geen [*] [*] PROMOS meer
geen [enkele|verdere|nieuwe] [*] mail|bericht|sms|mails|berichten|appjes meer|ontvangen|sturen
niet meer appen|mailen|schrijven|benaderen|bellen|sturen|contacteren
stuur|app|mail|schrijf [mij|me|ons] geen|niets|niks|niet [*] [*] meer
stuur|app|mail|schrijf mij|me|ons nooit|niet meer|weer
hoef|hoeft|hoeven [mij|me|ons|je|u] [geen|niet] [*] [meer] [meer] te sturen|schrijven|mailen|appen|ontvangen|houden
hoeft mij|me|ons niet [meer|langer] [op] te|de
mag|mogen|mag_je .. achterwege laten
liever geen|niet|niets [*] [*] meer|ontvangen|krijgen|PROMOS
krijg|ontvang|hoor|word liever geen|niet|niets
stop|stopt|stoppen met [het] appen|mailen|schrijven|sturen|berichten|bellen
stop|stopt|stoppen met aandringen|navragen|vragen|die|deze|dit|opvolgen
kap|kappen|kapt ermee|met|nu
stop ermee|hiermee
hou|houd|houdt hiermee|daarmee op
maak er een einde|eind|einde_aan aan
als jullie|u|je weer|nog schrijven|appen|mailen|schrijft|appt
blokkeer jullie|u als
nog een bericht|mail|sms|een en
laatste mail|bericht|sms zijn|was
laat dit de laatste
toezending|verzending|toesturen [van] [*] [*] beeindigen|staken|stoppen
verzoek u|jullie de toezending|verzending
ongewenst|niet_welkom /
dring niet
val|vallen|valt een|iemand ander|anders
wil|willen|wens|wensen geen [*] PROMOS|msg|msgs
uitgeschreven|afgemeld en|maar toch|krijg|nog|blijven|blijf|het
"""
_FORGET_ME = """
HAAL [u|jullie] MIJ [ADRES] [eraf|af|er] [van|uit|af|bij] [DEZE] [DEZE] [LIJST]
HAAL [u|jullie] [al] MIJ ADRES
MIJ [ADRES] [van|uit] [DEZE] LIJST [te] [HAAL|UIT|af]
van|uit [DEZE] LIJST [te] HAAL|af|gehaald|verwijderd|geschrapt
van|uit [DEZE] LIJST [worden] af
vergeet MIJ ADRES
WIL [mij|me|ons] [hierbij] UIT [worden]
WIL [mij|me|ons] .. UIT
meld|schrijf|meldt|schrijft [u|ik] mij|me|ons [hier] af|uit|eraf
hoe|waar [kan|meld|schrijf|kom] [ik] [me|mij] [van|hier|hiervan] .. UIT|af|uit
mij|me|ons [te] UIT
nieuwsbrief|abonnement|mails|mailings|aanbiedingen opzeggen|stopzetten|annuleren|afmelden|stoppen|uitzetten
zeg|zegt .. nieuwsbrief|abonnement op
haal|haalt|halen me|mij|ons|mijn|dit|deze [*] [*] eraf|eruit|weg|hieraf|eruit
verwijder|wis|schrap|verwijderen|wissen het|hem|haar|dit uit|van
verwijder|wis|schrap|verwijderen|wissen|haal mij|me|ons|mijn|deze|dit [ADRES]
laat mij|me|ons|mijn_nummer erbuiten|eruit|buiten|weg
vergeet mijn ADRES
sluit|laat ons|me|mij uit|buiten
wil|willen [graag] [hier|van] [deze|de|uw] [lijst] eruit|eraf|af
zet ons|me|mij [bedrijf] op uw|jullie|de uitsluitlijst|blokkeerlijst
meld|schrijf mij|me|ons af|uit
mailreeks|mailinglijst haalt|halen
uit de mailreeks|mailinglijst|lijst|mailing haalt|halen|haal
"""
_CONSENT = """
trek|trekken [ik|wij] [hierbij] mijn|onze toestemming
maak|maken [ik] [hierbij] bezwaar
nooit|geen toestemming [gegeven|voor]
trek mijn|de|hierbij [mijn] toestemming
toestemming ingetrokken
nooit toestemming
geen toestemming
recht op bezwaar|verwijdering|vergetelheid
"""
_DOUBT = """
geen interesse|belangstelling
niet geinteresseerd
verkeerd|verkeerde nummer|persoon|verbonden
blokkeer|aangifte|klacht u|jullie|doen|indienen
"""
RULES = (
    ("none", _LOOK_ALIKES),
    ("opt_out", _STOP),
    ("opt_out", _FORGET_ME),
    ("opt_out", _CONSENT),
    ("doubtful", _DOUBT),
)
