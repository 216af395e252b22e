"""Italian: words and phrases that ask for no more messages, and their look-alikes, without accents (see grammar.py)."""

WHOLE_MESSAGE = (
    "basta|ferma|fermati|fermatevi|annulla|annullare|cancella|cancellami|cancellatemi|cancellazione|cancellarmi|"
    "disiscrivimi|"
    "disiscrivetemi|disiscrizione|disiscrivermi|disdetta|disdire|disdici|rimuovi|rimuovimi|rimuovetemi|smettila|"
    "smettetela|"
    "smettere|smetti|esci|annulla_iscrizione|cancella_iscrizione|cancellare|disattiva|stop_sms|stop_messaggi|"
    "basta_messaggi|basta_sms|basta_mail|basta_cosi|non_mi_scrivete|toglimi|toglietemi|eliminami|eliminatemi|interrompi"
)
FILLERS = (
    "grazie|per_favore|per_cortesia|cortesemente|salve|ciao|buongiorno|buonasera|prego|subito|immediatamente|"
    "gentilmente|"
    "grazie_mille|cazzo|maledetti|signori"
)
SPELLINGS = {
    "non": "nn",
    "messaggi": "mesaggi|messagi|msg_i",
    "smettetela": "smetetela",
    "cancellatemi": "cancelatemi",
    "che": "ke",
}
WORDS = {
    "PROMOS": "promozioni|promozione|promo|offerte|sconti|buoni|pubblicita|newsletter|volantini|catalogo|"
    "annunci|promemoria|sondaggi|consigli|donazioni|richieste|spam|avvisi|novita|solleciti|mail|"
    "email|sms|messaggi",
    "SCRIVETEMI": "scrivetemi|contattatemi|chiamatemi|mandatemi|disturbatemi|inviatemi|scriveteci|contattateci|"
    "chiamateci|"
    "scrivermi|contattarmi|chiamarmi|mandarmi|disturbarmi|inviarmi|scriverci|contattarci|cercatemi|telefonatemi|"
    "mandateci|inviateci|disturbateci|spammatemi|importunatemi|telefonarmi|infastidirmi|assillarmi|importunarmi|"
    "spammarmi|rompere|rompermi|tempestarmi|mandarci|inviarci|infastidite|tormentarmi|bombardarmi",
    "SCRIVA": "scriva|scrivano|scrivete|scrivi|contatti|contattate|contatta|chiami|chiamate|chiama|mandi|mandate|"
    "manda|invii|inviate|disturbi|disturbate|cerchi|cercate|telefoni|telefonate",
    "SMETTETE": "smettete|smettetela|smetta|smettila|smetti|smetterla|smettere|finitela|finiscila|finirla|"
    "piantatela|piantala|cessate|evitate|evitare|basta|cessare",
    "MSGS": "messaggi|messaggio|mail|email|e_mail|sms|pubblicita|promozioni|offerte|newsletter|notifiche|"
    "comunicazioni|comunicazione|spam|chiamate|"
    "telefonate|messaggini|avvisi|proposte|solleciti|niente|nulla|altro|promo|contatti|informazioni|commerciali|roba",
    "VOSTRI": "i|le|la|il|vostri|vostre|vostra|vostro|queste|questi|questa|altre|altri|piu|tutte|tutti|sue|suoi|"
    "di|con|a|ai|alle|tali|ulteriori|alcuna|alcun|nessuna|nessun|dei|delle|da|voi|voi_altre|l_invio",
    "VOGLIO": "voglio|vogliamo|desidero|desideriamo|vorrei|vorremmo|intendo|intendiamo|gradisco|acconsento|"
    "autorizzo|preferisco|preferirei|preferiamo|gradirei|chiedo|chiediamo|prego",
    "TOGLIETEMI": "toglietemi|cancellatemi|rimuovetemi|eliminatemi|levatemi|toglimi|cancellami|toglieteci|"
    "rimuoveteci|cancellateci|depennatemi|"
    "rimuovimi|eliminami|levami|togliermi|cancellarmi|rimuovermi|eliminarmi|toglierci|escludetemi|disiscrivetemi|"
    "disiscrivimi|disiscrivermi|eliminateci|depennarmi",
    "CANCELLI": "tolga|cancelli|rimuova|elimini|togliete|cancellate|rimuovete|eliminate|dimenticate|togliere|"
    "cancellare|rimuovere|eliminare|togli|cancella|elimina|rimuovi|levate",
    "LISTA": "lista|liste|mailing|database|elenco|elenchi|rubrica|archivio|archivi|sistema|invio|dati|newsletter|"
    "indirizzario|contatti|distribuzione|banca",
    "DATI": "numero|dati|mail|email|indirizzo|contatto|nome|nominativo|telefono|cellulare|recapito",
}
OPENERS = (
    "io|noi|voi|e|ma|o|perche|se|non|mai|piu|grazie|gia|questo|questa|vi|mi|ho|sono|su|a|da|per|altrimenti|che|"
    "qui|nulla|niente|"
    "la|le|i|il|per_email|via|con|lol|no"
)
_LOOK_ALIKES = """
rispondi|rispondete|invia|scrivi|digita [con] stop|basta|annulla [per] [*] [*]
non SMETTETE di|mai
non VOGLIO [mica] TOGLIETEMI
non VOGLIO che mi|ci .. togliate|cancelliate|smettiate
non TOGLIETEMI
non mi|ci CANCELLI
non mi|ci SCRIVA prima|oggi|domani|in|al|alle|la|il|adesso
non SCRIVETEMI prima|oggi|domani|in|al|alle|la|il|adesso
basta una|un|che|poco|chiedere
senza fermarsi
fermare lo spam del
smettila|basta . sul_serio|arrossisco|davvero
niente mail|sms|messaggi . mi|chiamatemi|telefoni
perche non mandate|scrivete|inviate piu
VOGLIO disdire la|il|l|lo palestra|contratto|appuntamento|prenotazione|luce|ordine|visita
ignori il mio ultimo
VOGLIO uscire dal contratto
non ho|abbiamo piu|mai ricevuto|ricevute|avuto
basta cosi . ordino|prendo|va_bene|confermo
basta dirmi|sapere|chiamare|un|una|che|poco
bloccate la|il consegna|carta|ordine|pagamento
"""
_STOP = """
SMETTETE di|con|a|ai|alle|d [VOSTRI] SCRIVETEMI
SMETTETE di [mandare|inviare|mandarmi|inviarmi] [VOSTRI] [VOSTRI] MSGS
SMETTETE [con|di|a|ai|alle] [VOSTRI] [VOSTRI] MSGS
^ SMETTETE $
SMETTETE di|con scrivere|chiamare|contattare|disturbare|mandare|rompere|spammare|importunare
non SCRIVETEMI piu|mai|altro
non SCRIVETEMI /
non SCRIVETEMI [VOSTRI] [VOSTRI] MSGS
non [mi|ci] SCRIVA [mai] piu
non mi|ci SCRIVA [VOSTRI] [VOSTRI] MSGS
non mi|ci SCRIVA /
non VOGLIO [piu] ricevere|avere|vedere|essere|sentire [VOSTRI] [VOSTRI] [MSGS]
non VOGLIO piu /
non VOGLIO [piu] [VOSTRI] [VOSTRI] MSGS
non VOGLIO [piu] essere contattato|contattata|disturbato|disturbata
non VOGLIO [piu] sentirvi|niente|nulla
non VOGLIO [piu] che mi|ci scriviate|contattiate|chiamiate|scriva
VOGLIO [che] non [mi] [piu] [ricevere|essere|scriviate|contattiate|chiamiate|SCRIVETEMI]
niente|mai|nessuna piu MSGS
non piu MSGS
stufo|stufa|stanco|stanca di|delle|dei [VOSTRI] MSGS
lasciatemi|lasciami|lasciateci|mi_lasci|mi_lasciate in pace|stare
mi lasci|lasciate|lascia in pace|stare
andate via|al_diavolo
vaffanculo|sparite
non contattare|chiamare|disturbare|scrivere piu|mai
non disturbare $
non SCRIVA piu|mai [*]
non SCRIVETEMI [piu]
non mi|ci|gli SCRIVA
non scriva|scrivete|mandi|mandate|invii|inviate|mandare|inviare piu|niente|altro
niente|basta|stop|troppi [piu] [con|di|le|i|altri|altre|sulla|sui] PROMOS
niente piu PROMOS
non serve|occorre [piu] scriverci|scrivermi|tenermi|mandarmi|continuare
non riceverle|riceverli|riceverne|riceverla [piu]
non ricevere [piu] [altre|altri] PROMOS|comunicazioni|mail
smettere|smetta|smettete|smetti|smettetela|smettila di SCRIVETEMI|mandare|inviare|scrivere
smettere|smetta|smettete|smetti|smettetela|smettila di chiedere|insistere|riempirmi|bombardarmi
non insistete|insista|insistere|insisti
non VOGLIO [piu] [ricevere] [*] [*] PROMOS|sms|volantini
vi|ti blocco se
se scrivete|scrive|mi_scrivete ancora
nemmeno|neanche una|un mail|messaggio|sms
ultima|ultimo mail|messaggio|sms /
fatela|facciamola finita
vi|le sarei|saremmo grato|grata|grati se non|smetteste
non contattatemi|contattateci
invii cessino|finiscano
cessate|interrompere|interrompete|sospendete ogni|l|gli|tutti [*] contatto|invio|invii
ma basta $
^ disattivate|disattivi questa|queste|questi|questo
"""
_FORGET_ME = """
TOGLIETEMI [da|dalla|dal|dai|dalle] [VOSTRI] .. LISTA
TOGLIETEMI /
TOGLIETEMI da qui|tutto|questa|queste
mi|ci CANCELLI da|dalla|dal|dai [VOSTRI] .. LISTA
mi|ci CANCELLI /
CANCELLI [il|i] mio|miei|mia|la_mia DATI
CANCELLI la mia|questa DATI|iscrizione
CANCELLI questo numero|contatto
VOGLIO TOGLIETEMI
VOGLIO [di] [poter] disiscrivermi|cancellarmi|disdire|uscire
VOGLIO [di] essere cancellato|cancellata|rimosso|rimossa|eliminato|eliminata|tolto|tolta
VOGLIO [di] annullare|disdire|cancellare [la|l|mia] [mia] iscrizione|newsletter|abbonamento|sottoscrizione
VOGLIO uscire dalla|da [vostra] .. LISTA
come [faccio|posso|si|mi] [fa] [a|per] disiscrivermi|cancellarmi|togliermi|disiscrivo|cancello
come [faccio|posso] [a|per] [non] ricevere piu|altro
annullate|annulla|disdite [la|l|mia] [mia] iscrizione|newsletter|sottoscrizione|abbonamento
disdico|annullare|cancellate|cancella [la|l|mia] [mia] iscrizione|newsletter|sottoscrizione|abbonamento
lo|la|li|le elimini|cancelli|tolga|rimuova|eliminate|cancellate|togliete dalla|dal|dai|dalle
lo|la elimini|cancelli|tolga|rimuova /
togliete|tolga|eliminate|cancellate|levate [il|la|i|questo|questa] [mio|mia|miei|nostro|nostra] DATI|numero
dimenticatevi|dimenticati di me|noi
dimenticate il|la mio|mia|questa
VOGLIO uscire dalla|da lista|questa|vostra
^ uscire|esco dalla|da lista|questa|vostra
cancellate|cancelli|eliminate tutto|i|ogni cio|miei|dato
escludeteci|escludetemi
bloccate il nostro|mio
sono cancellato|cancellata|disiscritto|disiscritta e|ma|eppure [mi] arrivano|ricevo|continuo|continuano
"""
_CONSENT = """
revoco|ritiro|revochiamo [il|ogni] [mio|mia] consenso|autorizzazione
mi|ci oppongo|opponiamo
non|mai [ho|vi|abbiamo] [ho|mai] [dato|autorizzato] [il|alcun] [mio] consenso|autorizzazione|autorizzato
non|mai [ho|vi|abbiamo] [ho|mai] [autorizzo|acconsento] [il|alcun] [mio] consenso|autorizzazione|autorizzato
mai autorizzato|acconsentito|dato
non autorizzo|acconsento
non ha|avete il mio|permesso permesso|di
diritto di opposizione|cancellazione
consenso revocato|ritirato
ritiro|revoco il|la mio|consenso
"""
_DOUBT = """
non sono|siamo interessato|interessata|interessati
non mi|ci interessa
numero|persona sbagliato|sbagliata
vi segnalo|denuncio|blocco|segnalo_come
"""
RULES = (
    ("none", _LOOK_ALIKES),
    ("opt_out", _STOP),
    ("opt_out", _FORGET_ME),
    ("opt_out", _CONSENT),
    ("doubtful", _DOUBT),
)
