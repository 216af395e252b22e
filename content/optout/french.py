"""French: words and phrases that ask for no more messages, and their look-alikes, without accents (see grammar.py)."""

WHOLE_MESSAGE = (
    # ARRET is what Canadian carriers ask for beside STOP.
    "arret|arrets|arreter|arretez|arrete|arretes|arret_sms|arret_pub|arret_tout|stop_sms|stop_pub|stopper|stoppez|"
    "desabonner|desabonnement|desabonnez|desabo|me_desabonner|desinscription|desinscrire|desinscrivez|me_desinscrire|"
    "supprimer|supprimez|retirer|retirez|resilier|resiliation|annuler|annulez|cessez|cesser|assez|ca_suffit|fin|"
    "plus_rien|plus_de_messages|plus_de_sms|plus_de_mails|plus_de_pub"
)
FILLERS = (
    "svp|stp|merci|bonjour|bonsoir|salut|s_il_vous_plait|s_il_te_plait|merci_d_avance|merci_beaucoup|immediatement|"
    "tout_de_suite|desormais|vraiment|putain|merde|madame|monsieur|cordialement"
)
SPELLINGS = {
    "arretez": "aretez|arettez|areter",
    "desabonner": "desaboner",
    "desinscrire": "desincrire|desinscrir",
    "messages": "mesages",
}
WORDS = {
    "PROMOS": "promos|offres|avis|conseils|annonces|rappels|relances|reductions|coupons|sondages|brochures|"
    "catalogue|catalogues|postes|appels|publicite|pub|pubs|newsletter|newsletters|msg|msgs|"
    "promotions|courriers|demarchage|prospection|infolettre",
    "ECRIRE": "ecrire|ecrivez|ecris|ecrit|contacter|contactez|contacte|envoyer|envoyez|envoie|appeler|appelez|appelle|"
    "deranger|derangez|relancer|relancez|relance|harceler|harcelez|importuner|solliciter|sollicitez|spammer|demarcher|"
    "embeter|recontacter|recontactez|adresser|adressez|telephoner|saouler|inonder|bombarder|parler|parlez",
    "ARRETEZ": "arretez|arrete|arreter|cessez|cesse|cesser|stop|stoppez|stopper|finissez|d_arreter|d_en_finir|cessiez",
    "MSGS": "messages|message|mails|mail|emails|email|e_mails|e_mail|courriels|courriel|sms|textos|texto|pub|"
    "pubs|publicite|publicites|"
    "promotions|promos|offres|newsletters|newsletter|notifications|sollicitations|appels|relances|demarchages|"
    "demarchage|"
    "spam|spams|communications|infolettres|infolettre|envois|alertes|pubs|prospection|publicitaires|rien|trucs|"
    "informations",
    "VOS": "vos|votre|ces|cette|ce|les|la|le|l|tous|toutes|ses|tes|ton|aucun|aucune|de|des|d|plus|autres|"
    "quelconque|tout|toute|type|sorte|genre",
    "MOI": "moi|nous|me|mon_numero|mon_adresse|mon_mail|mon_nom|ce_numero|mes_coordonnees|mon_email|mon_contact|"
    "cette_adresse|notre_adresse|m|mes_donnees",
    "RETIREZ": "retirez|retirer|supprimez|supprimer|enlevez|enlever|effacez|effacer|otez|oter|rayez|rayer|virez|virer|"
    "sortez|sortir|radiez|radier|retire|supprime|enleve|efface|desinscrire|desinscrivez|desabonner|desabonnez|"
    "exclure|excluez",
    "LISTE": "liste|listes|base|bases|fichier|fichiers|repertoire|systeme|listing|newsletter|diffusion|donnees|"
    "contacts|envois|mailing|carnet|registre|infolettre|crm",
    "VEUX": "veux|veut|souhaite|desire|voulons|souhaitons|voudrais|desirons|aimerais|veut|souhaiterais|prefere|"
    "prefererais|tiens|accepte|autorise|souhaites",
    "RECEVOIR": "recevoir|avoir|lire|voir|etre|entendre|figurer",
    "DESABO": "desabonner|desinscrire|desinscris|desabonne|resilier|desinscrit|desabonnement|desinscription|"
    "retirer|sortir|desengager|opposer",
    "ACCORD": "consentement|accord|autorisation|permission",
}
OPENERS = (
    "je|j|nous|on|vous|c|ce|ca|et|mais|ou|car|sinon|parce|a|de|vos|rien|jamais|pas|plus|du|des|ici|par|pour|sur|"
    "non|merci|deja|"
    "aucun|tout|au|sous|lol|s|d|dorenavant|encore|si|que|avec|dans|les|la|le|mon|ma|maintenant|par_sms|par_mail"
)
_LOOK_ALIKES = """
arretez|arrete vous a|au|devant
recois|recoit|recevons [je|nous] plus|pas [VOS] [VOS] [MSGS]
repondez|repondre|envoyez|tapez|textez [avec] [par] stop|arret|fin [pour|au] [*] [*]
n arretez|arrete pas
ne vous arretez pas
ne me|nous RETIREZ pas
veux|souhaite|voulons pas me|nous|etre|qu DESABO|retire|supprime|desabonne
ne veux|souhaite pas me|nous DESABO
arret de|du bus|tram|metro|travail|maladie
sans arret
ARRETEZ de fumer|travailler|boire|rire|plaisanter
ARRETEZ .. de|le|la|les travaux|fuite|eau|chantier|livraison|machine
ne m|me ECRIRE pas|plus a|au|avant|le|ce|sur|chez|demain
RETIREZ moi de|du rendez|reunion|invitation
arreter le spam du
arrete . serieux|non|trop
mdr|lol|haha arrete
s est arrete|arretee
n s est pas arrete
pourquoi vous n envoyez
desabonnez mon ancienne
"""
_STOP = """
ARRETEZ de|d|avec|tout [nous|m|me|vous] ECRIRE
ARRETEZ [d] [avec] VOS [VOS] [VOS] MSGS
ARRETEZ [tout] $
ARRETEZ moi|nous|ca|cela|tout /
ne [m|me|nous] ECRIRE plus
ne plus [jamais] [m|me|nous|vous] [ECRIRE]
n ECRIRE plus
ne m|me|nous ECRIRE pas /
m|nous|me ECRIRE plus /
ne pas me|nous|m ECRIRE /
VEUX|voulons plus|pas [rien] RECEVOIR [de] [VOS] [VOS] [MSGS]
VEUX|voulons plus|pas [VOS] [VOS] [VOS] MSGS
VEUX|voulons plus|pas que|qu .. m|me|nous ECRIRE
VEUX|voulons ne plus|pas RECEVOIR
VEUX plus|pas entendre|rien
VEUX plus|pas etre contacte|contactee|derange|derangee|sollicite|sollicitee|demarche|demarchee|contactes
VEUX que|qu vous arretiez|cessiez
^ plus|assez|marre|stop [aucun|jamais|de|a|aux|au] [VOS] [VOS] MSGS [svp] /
marre|ras de|le [vos|bol|ces] [de] [VOS] MSGS
laissez|laisse|fichez|foutez moi|nous [la] tranquille|tranquilles|paix|en_paz
laissez|laisse moi|nous en paix
lachez|lache moi|nous /
foutez|fiche|fichez moi|nous la paix
degagez|cassez_vous|foutez_le_camp /
^ plus d|de|aucun|aucune [*] PROMOS
plus|aucun seul|un mail|message|sms
ne VEUX plus [*] [*] PROMOS
n en veux|voulons|souhaite plus|pas
inutile|peine de|d [continuer|m|nous] [a] [m|nous] ECRIRE|insister|relancer
pas|plus besoin de|d m|nous ECRIRE
n insistez|insiste pas|plus
ne me|nous proposez|proposer|sollicitez|relancez plus|pas
de ne plus|pas rien|m|nous|me|insister|poursuivre|relancer|recevoir
ne rien m|nous|me|lui envoyer|adresser
dernier mail|message|sms /
que [vos|ces|les] [*] [*] s|cessent arretent
que vos|ces|les [*] [*] cessent
si vous reecrivez|recommencez|continuez
vous bloque si|au
encore un|une message|mail|sms|relance et|je
au prochain sms|mail|message
lachez|lache moi|nous|l
ne m|nous ECRIRE plus
n ecrivez|envoyez|appelez|utilisez plus
cessez|arretez ces|vos|tous|les|d|de [*] [*] envois|PROMOS|messages|sms|mails
pas|plus les bienvenus|bienvenus
"""
_FORGET_ME = """
RETIREZ MOI de|du|des [VOS] [VOS] .. LISTE
RETIREZ MOI /
me|nous RETIREZ de|du|des [VOS] .. LISTE
me|nous RETIREZ [svp] /
RETIREZ mon|mes|ma|ce|cette numero|adresse|donnees|coordonnees|mail|email|nom|contact|telephone
oubliez mon|mes|moi
VEUX me|nous DESABO
VEUX etre desinscrit|desabonne|retire|supprime|efface|raye|desinscrite|desabonnee|retiree|supprimee
VEUX sortir|resilier .. LISTE|abonnement|mails
comment|ou|veuillez|pouvez [puis|je|faire|pour|vous] [je|se|fait] me|se|nous DESABO
comment faire pour [ne] plus
desabonnez|desinscrivez|desabonne moi|nous
DESABO moi|nous
^ me|se DESABO /
demande ma|la|mon desinscription|desabonnement|suppression|radiation|retrait
resiliez|resilier|annulez|annuler .. abonnement .. newsletter|mails|infolettre|alertes
RETIREZ mon|ma|mes|notre|nos|ce|cette [*] numero|portable|adresse|mail|email|donnees
RETIREZ mon|ma|mes|notre|nos|ce|cette [*] profil|contact|coordonnees|nom|telephone
RETIREZ moi|nous
oubliez moi|nous|mon_numero|mon_adresse
effacez|supprimez tout ce que
hors de vos|votre listes|liste|envois
annuler|annulez|resilier|resiliez [mon|la|tous|les|l] [abonnement|vos] newsletter|infolettre|envois|mails
ne me|nous mettez|comptez|inscrivez|ajoutez plus|pas dans|a|sur
bloquez|exclure|excluez notre|nous|mon|mon_adresse
suis desabonne|desabonnee|desinscrit|desinscrite et|mais|pourtant [je] recois|continue|encore|toujours
retrait|desinscription|desabonnement de la|votre|vos liste|listes|diffusion|newsletter
"""
_CONSENT = """
retire|revoque|retirons mon|notre|tout ACCORD
m|nous oppose|opposons a|au|aux
m opposer a|au|aux
droit d opposition
n ai|avez [jamais|pas] [jamais|pas] donne [mon] ACCORD
jamais donne mon ACCORD
jamais autorise|permis|consenti
pas|jamais mon|votre autorisation|accord|consentement
vous a autorise|permis a|de
droit d|a opposition|effacement|l_effacement|l
"""
_DOUBT = """
pas|plus interesse|interessee|interesses
m interesse pas
mauvais numero|destinataire
erreur de numero|destinataire|personne
signaler|signale|bloquer|bloque vous|comme|ce
^ arretez|stop *
"""
RULES = (
    ("none", _LOOK_ALIKES),
    ("opt_out", _STOP),
    ("opt_out", _FORGET_ME),
    ("opt_out", _CONSENT),
    ("doubtful", _DOUBT),
)
