"""How automatic replies are worded, one file per language."""

from content.inbound_mail.wording.base import Wording, folded
from content.inbound_mail.wording.english import ENGLISH
from content.inbound_mail.wording.french import FRENCH
from content.inbound_mail.wording.german import GERMAN
from content.inbound_mail.wording.portuguese import PORTUGUESE
from content.inbound_mail.wording.spanish import SPANISH

WORDINGS = (ENGLISH, GERMAN, SPANISH, FRENCH, PORTUGUESE)

__all__ = ["WORDINGS", "Wording", "folded"]
