"""Does a letter say that the contact no longer works there? In twelve languages."""

import re

from content.inbound_mail.wording import folded
from content.inbound_mail.wording.base import phrases

_REGARDED = 3_000

_LEFT = re.compile(
    phrases(r"""
        \bno longer (?:\w+ ){0,2}(?:works?|working|with|employed|part of|at|associated|here|a member\
        |an employee|serves?|at this)
        \b(?:has|have|'ve|'s) (?:now |since |recently )?left (?:the |our |my )?(?:\w+ ){0,3}(?:company\
        |organi[sz]ation|firm|business|team|agency|university|role|position|employment|group|inc|ltd|llc|corp\
        |plc|limited|gmbh)
        \b(?:isn't|is not|not) (?:read|monitored) by me any ?more
        \b(?:has|have) (?:retired|moved on from|departed from|resigned) | \bam no longer
        \b(?:my|his|her|their) last day (?:at|with|was)
        \bnot (?:work|employed) (?:here|at|with)\b[^.]{0,20}\bany ?more
        \bdo(?:es)?(?: not|n't) work (?:here|for|at|with)\b[^.]{0,40}\bany ?more | \bleft employment
        \bis not (?:employed|working) (?:at|with|by|for) \w+ any ?more
        \barbeitet? (?:\w+ ){0,3}nicht (?:mehr|langer)
        \bnicht (?:mehr|langer) (?:fur|bei|in|im|mehr) (?:\w+ ){0,4}(?:tatig|beschaftigt|unternehmen|angestellt\
        |erreichbar, da)
        \bnicht (?:mehr|langer) (?:\w+ ){0,2}(?:tatig|beschaftigt|im unternehmen)
        \b(?:hat|habe) (?:\w+ ){0,3}(?:unternehmen|firma|haus|gesellschaft)\b.{0,40}\bverlassen | \bausgeschieden
        \bim ruhestand
        \bne (?:travaille|fais|fait) plus | \bn'(?:est|exerce|appartient|travaille) plus
        \b(?:a|ai) quitte (?:l'|la |notre |le )?(?:entreprise|societe|groupe|cabinet|\w+) | \bne (?:sera\
        |suis) plus (?:employe|salarie|en poste|chez|dans (?:l'entreprise|la societe))
        \bya no (?:trabaj|labor|forma|estoy|pertene|se encuentra)
        \bha dejado (?:de (?:trabajar|pertenecer)|la (?:empresa|compania)) | \bdejo de (?:trabajar|laborar)
        \bno (?:trabaja|labora) mas
        \b(?:nao|ja nao) (?:trabalh\w+|faz parte|integra)(?: mais)? | \bnao (?:esta|faz) mais
        \bdeixou (?:de trabalhar|a empresa|a companhia) | \bdesligou-se | \bfoi desligad
        \bnon (?:lavor\w+|fa|e|collabora) piu | \bha lasciato (?:l'azienda|la societa|l'organizzazione|\w+)
        \bnon lavora per | \bnon fa piu parte
        \bniet (?:meer|langer) (?:werkzaam|in dienst|werken|bij) | \bwerkt? (?:\w+ ){0,3}niet (?:meer|langer)
        \buit dienst | \bheeft (?:\w+ ){0,3}(?:bedrijf|organisatie)\b[^.]{0,15}\bverlaten
        \b(?:arbetar|jobbar|arbejder|arbeider|jobber) (?:\w+ ){0,3}(?:inte|ikke) (?:langre|l(?:ae|æ)ngere|lenger)
        \b(?:inte|ikke) (?:langre|l(?:ae|æ)ngere|lenger) (?:ansat|ansatt|anstalld|kvar|hos) | \bhar (?:slutat|sluttet)
        \ber fratradt | \bhar avslutat sin
        \b(?:nie pracuj[ęe]|nie pracuje) (?:juz|wiecej) | \bjuz nie (?:pracuj|jest)
        \bzakonczył[ao]? (?:wspołprac|prac) | \bnie jest juz pracownikiem
        \bбольше не (?:работа|является сотрудник) | \bуже не работа
        \bне работает (?:больше )?в (?:нашеи )?компании | \b(?:уволил|покинул)(?:ся|ась|а)? | \bбiльше не працю
        已(?:经)?(?:离职|離職|离开公司) | 不再(?:任职|在[^。]{0,10}工作|就职) | (?:離職|退職)(?:いた|し|に\
        |となり) | 退職 | 퇴사
    """)
)


def has_left(text: str) -> bool:
    """Whether its author, or somebody for them, says that they are gone for good."""
    return bool(_LEFT.search(folded(text[:_REGARDED])))
