"""Whose words are they? Disclaimers, mailing footers, history without marks and our own lines are not the contact's."""

import pytest

from content.inbound_mail.reply_text import reply_text
from content.optout import OptOutKind, judge

FOOTERS = [
    "This email and any attachments are confidential and intended solely for the addressee. If you are not the intended"
    " recipient, please delete this email and notify the sender immediately.",
    "If you have received this message in error, please notify us and remove it from your system.",
    "Please stop and think before you print this email.",
    "If you would prefer not to receive further emails from us please reply with Unsubscribe.",
    "Este mensaje es confidencial. Si usted no es el destinatario, por favor elimine este correo.",
    "The information contained in this communication is privileged. Stop, do not read on, and delete it from your"
    " system if you are not the addressee.",
    "DISCLAIMER\nThe contents of this message are intended for the named recipient only. Remove all copies.",
    "You are receiving this because you signed up. Unsubscribe | Manage preferences",
    "Click here to unsubscribe from our newsletter",
    "To stop receiving emails from Example Ltd, reply STOP.",
    "We process your data under our privacy policy. You can opt out of marketing at any time.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der Empfänger sind, löschen Sie diese Mail bitte.",
    "Wenn Sie keine weiteren E-Mails von uns erhalten möchten, antworten Sie mit Abmelden.",
    "Der Inhalt dieser Nachricht ist vertraulich. Haben Sie sie irrtümlich erhalten, vernichten Sie sie.",
    "Ce message est confidentiel. Si vous l'avez reçu par erreur, merci de le supprimer et d'en avertir l'expéditeur.",
    "Si vous ne souhaitez plus recevoir nos communications, cliquez ici pour vous désabonner.",
    "Avant d'imprimer ce mail, pensez à l'environnement. Stop au gaspillage.",
    "Esta mensagem é confidencial. Se a recebeu por engano, apague e avise o remetente.",
    "Caso não deseje receber nossas comunicações, responda SAIR.",
    "Questo messaggio è riservato. Se lo avete ricevuto per errore, cancellatelo e avvisate il mittente.",
    "Se non desidera più ricevere le nostre newsletter risponda STOP.",
    "Dit bericht is vertrouwelijk. Als u dit ten onrechte hebt ontvangen, verwijder het en meld het de afzender.",
    "Als u geen nieuwsbrieven van ons wilt ontvangen kunt u zich hier afmelden.",
    "Si no desea recibir más correos de nuestra parte, responda BAJA.",
    "Para darse de baja de nuestro boletín haga clic aquí.",
    "Detta meddelande är konfidentiellt och avsett för mottagaren. Radera det om du fått det av misstag.",
    "Denne e-mail er fortrolig. Er du ikke modtager, slet den venligst.",
    "Tämä viesti on luottamuksellinen ja tarkoitettu vain vastaanottajalle.",
    "Niniejsza wiadomość jest poufna. Jeśli nie jest Pan adresatem, prosimy ją usunąć.",
    "Any views in this email are the author's. Unauthorised use is prohibited; delete it if you got it by mistake.",
    "This message was scanned for viruses. Stop spam with MailGuard.",
]
CLOSINGS = [
    "",
    "\n\nBest regards,\nBo Example\nExample Ltd\n+1 212 555 0100",
    "\n\nThanks,\nBo",
    "\n\nBo Example | Example Ltd | www.example.com",
    "\n\n--\nBo",
]


@pytest.mark.parametrize("closing", CLOSINGS)
@pytest.mark.parametrize("footer", FOOTERS)
def test_no_footer_makes_an_opt_out_of_a_yes(footer: str, closing: str) -> None:
    """What a company adds below every mail speaks of this message, or its mailings: nobody is suppressed or held."""
    text = reply_text(f"Sounds good, send me the details.{closing}\n\n{footer}\n")
    assert text.startswith("Sounds good, send me the details.")
    assert judge(text).kind is OptOutKind.NONE


@pytest.mark.parametrize("footer", FOOTERS)
@pytest.mark.parametrize(
    "wish",
    [
        "Please stop emailing me.",
        "Hello,\n\nplease delete this email address from your list.",
        "Hi\n\nI would like to unsubscribe from these emails.\n\nThanks,\nBo",
        "Guten Tag,\n\nbitte löschen Sie mich aus Ihrem Verteiler.",
        "Bonjour,\n\nmerci de me désinscrire de votre liste.",
    ],
)
def test_a_footer_hides_no_wish(wish: str, footer: str) -> None:
    """What is asked of us counts above it, in whichever paragraph."""
    assert judge(reply_text(f"{wish}\n\n{footer}\n")).kind is OptOutKind.OPT_OUT


_YES = "Yes, Tuesday works for me.\n\nBo"
_OURS = 'Hi, shall we talk?\n\nIf you don\'t want to hear from me again, just reply "unsubscribe".\n'


@pytest.mark.parametrize(
    "introduction",
    [
        "---- On Mon, 30 Nov 2026 14:02:50 +0530 ann@acme.example wrote ----",
        "---- Am Mo, 30 Nov 2026 14:02:50 +0100 ann@acme.example schrieb ----",
        '30.11.2026, 18:30, "Ann Example" <ann@acme.example>:',
        "Monday, 30 November 2026, 3:32 PM +0300 from Ann Example <ann@acme.example>:",
        "Понедельник, 30 ноября 2026, 15:32 +03:00 от Ann Example <ann@acme.example>:",
        '在 2026-11-30 16:32:10，"Ann Example" <ann@acme.example> 写道：',
        "Ann Example <ann@acme.example> hat am 30.11.2026 16:32 geschrieben:",
        "Ann Example hat am 30.11.2026 16:32 geschrieben:",
        "ma 30. marrask. 2026 klo 16.32 Ann Example (ann@acme.example) kirjoitti:",
        "Ann Example <ann@acme.example>, 30 Kas 2026 Pzt, 16:32 tarihinde şunu yazdı:",
        "Ann Example <ann@acme.example> ezt írta (időpont: 2026. nov. 30., H, 16:32):",
        "În lun., 30 nov. 2026 la 16:32, Ann Example <ann@acme.example> a scris:",
        "пн, 30 нояб. 2026 г. в 16:32, Ann Example <ann@acme.example> написал(а):",
        "Στις Δευ 30 Νοε 2026 στις 4:32 μ.μ., ο χρήστης Ann <ann@acme.example> έγραψε:",
        "pon., 30 lis 2026 o 16:32 Ann Example <ann@acme.example> napisał(a):",
        "po 30. 11. 2026 v 16:32 odesílatel Ann Example <ann@acme.example> napsal:",
        "Den mån 30 nov. 2026 kl 16:32 skrev Ann Example <ann@acme.example>:",
        "2026年11月30日(月) 16:32 Ann Example <ann@acme.example>:",
        "El lun, 30 nov 2026 a las 16:32, Ann Example (<ann@acme.example>) escribió:",
        "2026-11-30 16:32 GMT+02:00 Ann Example <ann@acme.example>:",
    ],
)
def test_history_without_marks_is_not_the_contacts(introduction: str) -> None:
    """Mail programs that quote without `>` still introduce what they quote."""
    assert reply_text(f"{_YES}\n\n{introduction}\n\n{_OURS}") == _YES


@pytest.mark.parametrize(
    "line",
    [
        "I can be reached at bo@example.com.",
        "Meet me at 10:30, and write to bo@example.com if you are late",
        "My colleague wrote to you in 2025: nothing came of it.",
        "Two questions for 2026:",
    ],
)
def test_a_line_of_the_authors_own_introduces_nothing(line: str) -> None:
    """An address, a time or a colon alone is what people write."""
    assert reply_text(f"Yes.\n{line}\nWhat do you think?") == f"Yes.\n{line}\nWhat do you think?"
