"""German: words and phrases that ask for no more messages, and their look-alikes, without umlauts (see grammar.py)."""

WHOLE_MESSAGE = (
    "stopp|stoppen|stoppt|abmelden|abmeldung|abbestellen|abbestellung|austragen|aufhoren|schluss|kundigen|kundigung|"
    "loschen|loschung|ende|widerruf|widerspruch|beenden|raus|genug|schluss_jetzt|es_reicht|reicht|mich_abmelden|"
    "newsletter_abmelden|newsletter_abbestellen|abo_kundigen|keine_werbung|keine_mails_mehr|keine_sms_mehr|"
    "keine_nachrichten_mehr|nicht_mehr_schreiben|stop_werbung|abmeldn|abmelden_newsletter|mich_loschen|entfernen"
)
FILLERS = (
    "bitte|danke|hallo|guten_tag|vielen_dank|besten_dank|sofort|umgehend|endlich|doch|mal|moin|gruss|grusse|mfg|"
    "freundlichen|herr|frau|servus|unverzuglich|verdammt|verdammte|scheiss"
)
SPELLINGS = {
    "nicht": "nich|nciht",
    "abmelden": "abmeldn|abmleden|abmelde|abzumelden",
    "stopp": "stoppp|stob",
    "newsletter": "newslettter|nwesletter",
    "bitte": "bidde",
    "loschen": "loeschen",
    "loschung": "loeschung",
    "mochte": "moechte",
    "mochten": "moechten",
    "horen": "hoeren",
    "aufhoren": "aufhoeren",
    "kundigen": "kuendigen",
    "konnen": "koennen",
    "fur": "fuer",
    "wunsche": "wuensche",
}
WORDS = {
    "SCHREIBEN": "schreiben|schreibt|schreib|schreibe|kontaktieren|kontaktiert|kontaktiere|anschreiben|"
    "angeschrieben|anrufen|"
    "anzurufen|anzuschreiben|belastigen|belastigt|belastige|mailen|mailt|nerven|nervt|storen|stort|rufen|ruft|"
    "ruf|zuspammen|zuzuspammen|spammen|melden|"
    "meldet|schicken|schickt|schick|senden|sendet|sende|zusenden|zuschicken|kontakten|zumullen|texten|simsen|"
    "anmailen|anzumailen",
    "MSGS": "nachrichten|nachricht|mails|mail|emails|email|e_mails|e_mail|sms|newsletter|werbung|werbemails|angebote|"
    "benachrichtigungen|anrufe|spam|werbenachrichten|infomails|rundmails|mailings|texte|anfragen|akquise|infos|"
    "informationen|zusendungen|zusendung|kontaktaufnahme|kontaktaufnahmen|kontaktversuche|post|werbepost|"
    "werbesms|kontakt|nachfassmails|erinnerungen|akquisemails",
    "IHRE": "ihre|ihrer|ihren|eure|euren|eurer|diese|dieser|diesen|die|der|den|dem|das|alle|weitere|weiteren|"
    "solche|solchen|ganzen|deine|deinen|von|jegliche|jeglicher|kunftige",
    "MICH": "mich|mir|uns|meine|unsere|diese|dieser|unser|mein",
    "ADRESSE": "nummer|adresse|mailadresse|daten|telefonnummer|handynummer|kontaktdaten|email|e_mail_adresse|"
    "mail|firma|namen|kontakt|emailadresse",
    "LOSCHEN": "loschen|losche|loscht|streichen|streicht|streiche|entfernen|entfernt|entferne|nehmen|nehmt|nimm|"
    "austragen|tragen|tragt|werfen|werft|rausnehmen|herausnehmen|abmelden|losch|schmeissen|schmeisst",
    "LISTE": "verteiler|liste|mailingliste|datenbank|kartei|adressliste|system|newsletterverteiler|"
    "empfangerliste|adressbuch|"
    "crm|datei|datenbestand|newsletter|mailverteiler|listen|kontakten|kontakte|emailverteiler|verteilerliste|"
    "datenbanken",
    "WILL": "will|mochte|mochten|wollen|wunsche|wunschen|wurde|brauche|verlange|bitte",
    "NEIN": "nicht_mehr|nie_wieder|nie_mehr|nicht_langer|nicht_weiter|keinesfalls|nicht",
}
OPENERS = (
    "ich|wir|sie|es|das|ist|und|oder|aber|denn|sonst|weil|mir|mich|uns|von|bei|an|nie|nicht|kein|keine|mehr|danke|per|"
    "auch|was|wer|wie|hier|schon|dass|sondern_nie|falls|diese|ihre|meine|lol|ab|am_besten_nie|unter|nein|zu|"
    "warum|jetzt|obwohl"
)
_LOOK_ALIKES = """
abmelden wenn|falls
mich|uns abmelden wenn|falls
wieder|erneut angemeldet|anmelden|aufnehmen
aus versehen .. abgemeldet|geloscht|gedruckt
bekomme|erhalte|kriege|bekommen|erhalten [ich|wir] [IHRE|keine] [IHRE] [MSGS] nicht|keine [weiteren] [MSGS] [mehr]
antworten|antworte|senden|schreiben sie|mit|du [mit] stopp|stop|abmelden|ende [um] [*] [*]
nicht auf|aufhoren|aufhort
horen|hort|hor [sie|ihr] nicht|bloss|ja auf|nicht
will|mochte|wollen|mochten mich|uns nicht abmelden|austragen
will|mochte|wollen|mochten nicht [vom|aus] [*] [newsletter] abmelden|abgemeldet|aufhoren|kundigen|geloscht
nicht LOSCHEN
LOSCHEN sie|mich|uns|meine bitte|ja|bloss nicht
stopp|stop an|bei|am|in|auf|zum|beim|fur
ohne stopp|stop
ende des|der|nachster|dieser|juni|juli|mai|monat|der_woche
am|bis|zum ende
rufen|ruft|ruf [sie] mich|uns nicht vor|im|am|heute|morgen
noch nicht schicken|senden|schreiben|anrufen
kommen|kommt|kam keine|nicht|kein [MSGS] mehr|nichts [an]
nicht mailen|schreiben|anschreiben . [bitte|lieber] anrufen|telefonieren
nicht storen . aber
hor|hort auf . echt|nein|wirklich|so|ernsthaft|ohne_witz
stopp|stop|halt . ich hab|habe|meinte|wollte [mich] vertan|vertippt|geirrt|falsch|noch
aus dem verteiler nehmen und
lol|haha hor|hort auf
lieferung|bestellung|zahlung|uberweisung|produktion stoppen
"""
_STOP = """
horen|hort|hor [sie|ihr] [bitte] auf /
horen|hort|hor [sie|ihr] auf mit|mir|mich|uns|zu|damit
aufhoren mit|mir|mich|uns
SCHREIBEN [sie|ihr] [mir|mich|uns] [hier] nicht|nie mehr|wieder|weiter|langer
SCHREIBEN [sie|ihr] mir|mich|uns|nichts nicht|nie|keine|nichts|mehr [weiteren] [MSGS] mehr|an|weiter|nicht
SCHREIBEN [sie|ihr] [mir|mich|uns] keine|keinerlei [weiteren|IHRE] MSGS [mehr]
NEIN [mehr] [wieder] SCHREIBEN|kontaktieren /
NEIN mehr|wieder [an] SCHREIBEN
nicht mehr|wieder [bei] [mir|uns|mich] melden|SCHREIBEN
nie wieder|mehr [mir|mich|uns] [SCHREIBEN]
^ keine|keinerlei|kein [weiteren|weitere|IHRE] [IHRE] MSGS [mehr] [bitte] /
keine|keinerlei [weiteren|weitere] MSGS mehr
WILL|wunschen keine|keinerlei|kein [weiteren|weitere|IHRE] [IHRE] MSGS [mehr]
WILL|wunschen [IHRE] [IHRE] [MSGS] NEIN|nicht mehr|langer|erhalten|bekommen
WILL|wunschen [IHRE] [IHRE] [MSGS] NEIN|nicht haben|kontaktiert|angeschrieben|angerufen|belastigt
WILL [von] [ihnen|euch] nichts [mehr] [von]
WILL nicht|keinesfalls [von] [ihnen|euch] kontaktiert|angeschrieben|angerufen|belastigt
WILL nicht|nichts mehr
schluss mit [IHRE] [IHRE] MSGS|damit
genug von|mit [IHRE] [IHRE] MSGS
lassen|lasst|lass [sie|ihr] mich|uns [bitte] in ruhe|frieden
nase voll
verpiss|verpisst dich|euch
haut|hau ab
verschwinden|verschwindet /
stoppen|stoppt|stopp|stop|beenden|unterlassen [sie|ihr] [IHRE] [IHRE] [zusendung] [von] MSGS|das
stellen|stellt [sie|ihr] [IHRE] [IHRE] .. ein
unterlassen sie [es] [bitte] [IHRE] [weitere] [MSGS]
verbitte|untersage|verbiete [ich] mir|ihnen|euch
absehen von weiteren|weiterer MSGS
sehen sie von weiteren|weiterer
von weiteren|weiterer MSGS [bitte] absehen|abzusehen
lege keinen wert auf
verzichte|verzichten auf [IHRE] [IHRE] MSGS
keine [*] [*] mehr schicken|senden|zusenden|zuschicken|schreiben
WILL .. keine|nichts|nix .. mehr bekommen|erhalten|haben|lesen|kriegen|horen
verschonen|verschont|verschon sie|mich|uns [mich|uns] [mit]
mit [*] [*] verschonen|verschont sie|mich
nicht mehr|weiter|noch_mal nachfassen|nachfragen|nachhaken|anfragen|melden
auf nachzuhaken|nachzufassen
sparen|spart sie|euch sich|die|das|den [das|die|den|kunftige]
konnt|konnen ihr|sie euch|sich [das] [kunftig] sparen
sein|bleiben lassen
lassen|lasst|lass [sie] das|es|die [*] bleiben|sein
letzte mail|nachricht|sms|email sein|gewesen|bleiben
noch eine mail|sms|nachricht und|dann
blockiere|blockier|sperre sie|euch|dich . wenn|falls
wenn|falls sie|ihr [noch|noch_mal|nochmal|weiter] schreibt|schreiben [.] [ich] blockier|blockiere|melde
stellt|schaltet|schalten|stellen [sie] das|die|diese [MSGS] ab
abstellen|abschalten|einstellen MSGS
unerwunscht|unerwunschte /
nicht [mehr] [weiter] erwunscht
runter|weg von|mit meinem|der|eurer|ihrer .. liste|handy|verteiler
^ einstellen|austragen|rausnehmen|herausnehmen $
kundige|kundigen|kundigt [ich] [hiermit] [den|euren|ihren|das] newsletter
wollen|will|mochten|mochte diese|solche|ihre * nicht
abgemeldet und|aber [es|ich] [bekomme|bekomm|kriege|kommen|kommt] [trotzdem] weiter|noch|immer|trotzdem|schon
"""
_FORGET_ME = """
LOSCHEN [sie|ihr] [bitte] MICH [ADRESSE] [bitte] aus|von|vom [IHRE] [LISTE]
LOSCHEN [sie|ihr] [bitte] MICH [ADRESSE] raus|heraus|ab /
LOSCHEN [sie|ihr] [bitte] mich|uns [bitte] /
LOSCHEN [sie|ihr] [bitte] [alle] MICH|den [personlichen] ADRESSE
vergessen|vergiss [sie] MICH ADRESSE
MICH [ADRESSE] [bitte] aus|von|vom [IHRE] LISTE
MICH [bitte] vom|aus newsletter abmelden|austragen
aus|von [IHRE] LISTE LOSCHEN|raus|austragen|entfernen|streichen|nehmen|genommen|gestrichen|geloscht
MICH abmelden|austragen|loschen|ausgetragen /
WILL .. abmelden|ausgetragen|abgemeldet|geloscht|abbestellen|austragen|gestrichen
mich|uns [bitte] [vom|von] [newsletter|allem] abmelden|austragen
melden|meldet|melde|trage|tragen|tragt [sie|ihr|ich] mich|uns [bitte] .. ab|aus|raus
bestelle|bestellen ich|wir|sie .. ab
WILL|bitte um loschung|abmeldung|austragung|entfernung
um loschung|entfernung|austragung meiner|der ADRESSE
newsletter|abo|abonnement|mails|abos abbestellen|kundigen|abmelden|stornieren|beenden|stoppen|einstellen
wie|wo kann|melde|bestelle|komme ich|man [mich] .. abmelden|ab|austragen|abbestellen|raus
mich|uns .. weglassen|rausnehmen|herausnehmen|rauslassen|austragen
lassen|lasst [sie] mich|uns|meine_nummer [*] [*] raus|draussen|weg|aussen_vor
vergessen|vergesst|vergiss [sie] mich|meine|meinen|uns
nummer|daten|adresse loschen|entfernen|streichen|vergessen /
sperren|sperrt|sperr [sie] mich|uns|unsere|meine
setzen|setzt [sie] [*] [*] auf ihre|eure|die sperrliste|blacklist
^ will [da|hier|nur] raus|weg|runter /
will|mochte aus|von|vom [dem|der|eurem|ihrem|ihrer] LISTE raus|runter|weg
"""
_CONSENT = """
widerrufe [ich] [hiermit] meine|die|jegliche
widerspreche [ich] [hiermit] .. nutzung|verarbeitung|verwendung|weitergabe|speicherung
widerspreche [ich] [hiermit] .. werbung|zusendung|kontaktaufnahme|kontakt
widersprechen [wir] der|jeder|jeglicher|dem
nie|nicht|keine [dazu] zugestimmt|eingewilligt|einwilligung
keine erlaubnis
nie|nicht erlaubt|gestattet|genehmigt /
zustimmung|einwilligung|erlaubnis nehme|ziehe .. zuruck
ziehe|nehme [ich] [hiermit] meine|die zustimmung|einwilligung|erlaubnis
"""
_DOUBT = """
kein interesse|bedarf
nicht interessiert
falsche nummer|person
falsch verbunden
blockieren|blockiere|melde|anzeige sie|euch|als
^ stopp|stop *
"""
RULES = (
    ("none", _LOOK_ALIKES),
    ("opt_out", _STOP),
    ("opt_out", _FORGET_ME),
    ("opt_out", _CONSENT),
    ("doubtful", _DOUBT),
)
