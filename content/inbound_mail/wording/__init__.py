"""How automatic replies are worded, one file per language."""

from content.inbound_mail.wording.base import Wording, folded
from content.inbound_mail.wording.chinese import CHINESE
from content.inbound_mail.wording.dutch import DUTCH
from content.inbound_mail.wording.english import ENGLISH
from content.inbound_mail.wording.french import FRENCH
from content.inbound_mail.wording.further import FURTHER
from content.inbound_mail.wording.german import GERMAN
from content.inbound_mail.wording.italian import ITALIAN
from content.inbound_mail.wording.japanese import JAPANESE
from content.inbound_mail.wording.nordic import NORDIC
from content.inbound_mail.wording.polish import POLISH
from content.inbound_mail.wording.portuguese import PORTUGUESE
from content.inbound_mail.wording.russian import RUSSIAN
from content.inbound_mail.wording.spanish import SPANISH

WORDINGS = (
    *(ENGLISH, GERMAN, SPANISH, FRENCH, PORTUGUESE),
    *(ITALIAN, DUTCH, NORDIC, POLISH, RUSSIAN, CHINESE, JAPANESE, FURTHER),
)

__all__ = ["WORDINGS", "Wording", "folded"]
