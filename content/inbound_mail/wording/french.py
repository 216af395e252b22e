"""French wording of automatic replies."""

from content.inbound_mail.wording.base import Wording

FRENCH = Wording(
    subject=r"""
        reponse automatique
        absence
        absent(?:e)?\b
        (?:je suis )?en conges?
        message d'absence
        hors (?:du )?bureau
        reponse auto\b
        en vacances
        automatische
        message automatique
    """,
    declared=r"""
        (?:ceci est|il s'agit d')\s?une? (?:reponse|message|courriel|mail) automatique
        (?:reponse|message) automatique
        (?:envoye|genere)e? automatiquement
    """,
    being=r"""
        je suis | je serai | suis | serai | nous sommes | nous serons | actuellement
        notre bureau est
    """,
    away=r"""
        absente?s?\b | en (?:conges?|vacances|arret|deplacement|formation) | hors du bureau | ferme
        indisponible (?:jusqu|du|a partir) | en conge
    """,
    usual=r"""
        merci (?:de|pour) votre (?:message|mail|e-?mail|courriel)
        acces (?:limite|restreint|tres limite)
        en cas d'urgence
        pour toute (?:urgence|demande)
        en mon absence
        pendant mon absence
        durant (?:mon absence|cette periode)
        (?:veuillez|vous pouvez|merci de) (?:\w+ )?(?:contact|vous adresser|joindre|ecrire)
        a mon retour
        des mon retour
        dans les (?:meilleurs|plus brefs) delais
        je (?:vous )?(?:repondrai|traiterai|ne manquerai|prendrai)
        (?:de retour|serai de nouveau|reviens|reviendrai)
        ne (?:sera|seront) pas (?:lus?|transfere|transmis|consulte)
        si (?:votre )?(?:demande|message)? ?(?:est )?urgent
    """,
    personal=r"""
        oui | ca m'interesse | pas interesse | interessee? | pouvez-vous | pouvons-nous | peut-on | pourriez
        appelez[- ]moi | rappelez[- ]moi | combien | quand | votre (?:offre|devis|tarif) | envoyez[- ]moi
        d'accord | parfait | j'etais | je rentre | vient de | desinscri\w* | discuter | parler | prefere
        rendez-vous | on se | voyons | mauvaise
    """,
    until=r"""
        jusqu'au | jusqu'a | jusque
    """,
    back=r"""
        retour | reviens | reviendrai | rentre | rentrerai | reprends | reprendrai | de nouveau | a nouveau
        reouvr\w* | disponible (?:a partir|des)
    """,
    not_yet=r"""
        pas | avant
    """,
    weekdays="lundi mardi mercredi jeudi vendredi samedi dimanche",
    tomorrow="demain",
)
