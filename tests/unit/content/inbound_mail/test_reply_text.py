"""What the author of an email wrote, and nothing that they only quote."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from content.inbound_mail.read import read
from content.inbound_mail.reply_text import reply_text
from content.optout import OptOutKind, judge
from domain.events import InboundMessage
from tests.support.machine import assert_takes_at_most

_AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
_FOOTER = "Northside Roofing, 1 Main St\nUnsubscribe: https://example.org/u/abc or reply STOP"
_OURS = f"Hi Jane,\n\nshall we look at your roof?\n\n{_FOOTER}"
_QUOTED = "\n".join(f"> {line}".rstrip() for line in _OURS.splitlines())
_HTML_OURS = "<p>Hi Jane, shall we look at your roof?</p><p><a href='https://example.org/u'>Unsubscribe</a></p>"

_ABOVE_PLAIN = {
    "gmail": f"On Mon, Mar 2, 2026 at 9:00 AM Bob <bob@example.org> wrote:\n\n{_QUOTED}",
    "gmail, broken": f"On Mon, Mar 2, 2026 at 9:00 AM Bob of Northside\n<bob@example.org> wrote:\n\n{_QUOTED}",
    "apple": f"> On Mar 2, 2026, at 9:00 AM, Bob <bob@example.org> wrote:\n> \n{_QUOTED}",
    "gmail, German": f"Am Mo., 2. März 2026 um 09:00 Uhr schrieb Bob <bob@example.org>:\n\n{_QUOTED}",
    "gmail, Spanish": f"El lun, 2 mar 2026 a las 9:00, Bob (<bob@example.org>) escribió:\n\n{_QUOTED}",
    "gmail, French": f"Le lun. 2 mars 2026 à 09:00, Bob <bob@example.org> a écrit :\n\n{_QUOTED}",
    "gmail, Portuguese": f"Em seg., 2 de mar. de 2026 às 09:00, Bob <bob@example.org> escreveu:\n\n{_QUOTED}",
    "gmail, Italian": f"Il giorno lun 2 mar 2026 alle ore 09:00 Bob <bob@example.org> ha scritto:\n\n{_QUOTED}",
    "gmail, Dutch": f"Op ma 2 mrt 2026 om 09:00 schreef Bob <bob@example.org>:\n\n{_QUOTED}",
    "a language that nobody thought of": f"2026-03-02 09:00, Bob <bob@example.org> kirjoitti:\n\n{_QUOTED}",
    "outlook": f"From: Bob <bob@example.org>\nSent: Monday, March 2, 2026 9:00 AM\nTo: Jane\nSubject: Roof\n\n{_OURS}",
    "outlook, bold": f"*From:* Bob <bob@example.org>\n*Sent:* Monday\n*To:* Jane\n*Subject:* Roof\n\n{_OURS}",
    "outlook on the web": f"________________________________\nFrom: Bob <bob@example.org>\nSent: Mon\nTo: J\n\n{_OURS}",
    "outlook, German": f"Von: Bob <bob@example.org>\nGesendet: Montag\nAn: Jane\nBetreff: Dach\n\n{_OURS}",
    "outlook, Spanish": f"De: Bob <bob@example.org>\nEnviado el: lunes\nPara: Jane\nAsunto: Techo\n\n{_OURS}",
    "outlook, French": f"De : Bob <bob@example.org>\nEnvoyé : lundi\nÀ : Jane\nObjet : Toit\n\n{_OURS}",
    "outlook, Portuguese": f"De: Bob <bob@example.org>\nEnviada em: segunda\nPara: Jane\nAssunto: Telhado\n\n{_OURS}",
    "outlook express": f"-----Original Message-----\nFrom: Bob\nSent: Monday\n\n{_OURS}",
    "forwarded": f"---------- Forwarded message ---------\nFrom: Bob <bob@example.org>\nDate: Mon\n\n{_OURS}",
    "forwarded, German": f"-------- Weitergeleitete Nachricht --------\nBetreff: Dach\n\n{_OURS}",
    "forwarded, apple": f"Begin forwarded message:\n\nFrom: Bob <bob@example.org>\nDate: Mon\n\n{_OURS}",
    "unmarked copy": f"On Mon, 2 Mar 2026 09:00 Bob <bob@example.org> wrote:\n{_OURS}",
    "unmarked copy, Spanish": f"El 2 mar 2026, a las 9:00, Bob <bob@example.org> escribió:\n{_OURS}",
}
_ABOVE_HTML = {
    "gmail": f'<div class="gmail_quote"><div class="gmail_attr">On Mon Bob wrote:</div><blockquote>{_HTML_OURS}'
    "</blockquote></div>",
    "gmail, forwarded": f'<div class="gmail_quote"><div class="gmail_attr">- Forwarded -</div>{_HTML_OURS}</div>',
    "apple": f'<blockquote type="cite"><div>On Mar 2 Bob wrote:</div>{_HTML_OURS}</blockquote>',
    "outlook on the web": f'<hr><div id="divRplyFwdMsg"><b>From:</b> Bob</div><div>{_HTML_OURS}</div>',
    "outlook, rewritten": f'<div id="x_appendonsend"></div><div><b>From:</b> Bob</div><div>{_HTML_OURS}</div>',
    "outlook on a desktop": "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'>"
    f"<p><b>From:</b> Bob</p></div></div>{_HTML_OURS}",
    "yahoo": f'<div class="yahoo_quoted"><div>On Monday, Bob wrote:</div>{_HTML_OURS}</div>',
    "thunderbird": f'<div class="moz-cite-prefix">On 02.03.26 Bob wrote:</div><blockquote>{_HTML_OURS}</blockquote>',
    "proton": f'<div class="protonmail_quote">On Monday, Bob wrote:<br>{_HTML_OURS}</div>',
    "hidden": f'<div style="display:none">{_HTML_OURS}</div>',
}


def _read(text: str = "", *, html: str | None = None, subject: str = "Re: Your roof") -> InboundMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "jane@example.com", "us@example.org", subject
    if html is None:
        mail.set_content(text)
    else:
        mail.set_content(html, subtype="html")
    (report,) = read(mail.as_bytes(), provider="email", at=_AT)
    assert isinstance(report, InboundMessage)
    return report


@pytest.mark.parametrize("history", _ABOVE_PLAIN.values(), ids=_ABOVE_PLAIN)
def test_nothing_of_what_is_quoted_below_an_answer_is_its_authors(history: str) -> None:
    """Our own footer says "unsubscribe"; quoting it is no opt-out."""
    text = _read(f"Sounds good, call me.\n\n{history}").text
    assert text == "Sounds good, call me."
    assert judge(text).kind is OptOutKind.NONE


@pytest.mark.parametrize("history", _ABOVE_PLAIN.values(), ids=_ABOVE_PLAIN)
def test_a_mail_that_only_quotes_says_nothing(history: str) -> None:
    """Nobody wrote anything: not the quoted words either."""
    assert _read(history).text == ""


@pytest.mark.parametrize("history", _ABOVE_HTML.values(), ids=_ABOVE_HTML)
def test_html_without_a_text_part_is_read_like_text(history: str) -> None:
    """Quotes, forwarded messages and what is hidden are not the author's."""
    text = _read(html=f"<html><body><p>Sounds good,<br>call&nbsp;me.</p>{history}</body></html>").text
    assert text == "Sounds good,\ncall me."


def test_an_empty_text_part_gives_way_to_html() -> None:
    """Some programs send an empty alternative."""
    mail = EmailMessage()
    mail["From"] = "jane@example.com"
    mail.set_content("\n")
    mail.add_alternative("<p>Yes</p>", subtype="html")
    (report,) = read(mail.as_bytes(), provider="email", at=_AT)
    assert isinstance(report, InboundMessage)
    assert report.text == "Yes"


def test_answers_between_quoted_lines_are_kept() -> None:
    """Whoever answers line by line wrote those lines."""
    body = (
        "On Mon, 2 Mar 2026 Bob <bob@example.org> wrote:\n> Is Tuesday fine?\n\nYes.\n\n> And the price?\nToo high.\n"
        "> Unsubscribe: https://example.org/u"
    )
    assert _read(body).text == "Yes.\n\nToo high."
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">On Mon Bob wrote:</div><blockquote>Tuesday?</blockquote>'
        "<div>Yes.</div><blockquote>Unsubscribe here</blockquote></div>"
    )
    assert _read(html=html).text == "Yes."


def test_the_rest_of_a_broken_quoted_line_is_not_an_answer() -> None:
    """A mail server that wraps long lines leaves their ends without a mark."""
    body = f"Fine.\n\n> If you would rather not hear from us any more, you can always\nunsubscribe here.\n{_QUOTED}"
    assert _read(body).text == "Fine."


@pytest.mark.parametrize(
    "body",
    [
        "Yes.\n\n-- \nJane Roe\nRoe Ltd\n555-0100",
        "Yes.\n\nBest regards,\nJane Roe\nRoe Ltd | 555-0100",
        "Yes.\n\nMit freundlichen Grüßen\n\nJane Roe",
        "Yes.\n\nSaludos,\nJane",
        "Yes.\n\nCordialement,\nJane Roe",
        "Yes.\n\nAtenciosamente,\nJane Roe",
        "Yes.\n\nSent from my iPhone",
        "Yes.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>",
        "Yes.\n\nVon meinem iPhone gesendet",
        "Yes.\n\nThanks,\nJane\n\nThis message is confidential and may be privileged; if you are not the intended"
        " recipient, please delete it and unsubscribe from nothing at all.",
    ],
)
def test_a_signature_is_not_part_of_the_answer(body: str) -> None:
    """Names, posts and what a telephone adds are left out."""
    assert _read(body).text == "Yes."


@pytest.mark.parametrize("divider", ["--", "-- ", "_______", "------------"])
def test_what_stands_below_a_divider_at_the_top_is_the_message(divider: str) -> None:
    """Nothing is signed before it was said."""
    assert _read(f"{divider}\nPlease unsubscribe me\n\n-- \nJane Roe\n").text == "Please unsubscribe me"


@pytest.mark.parametrize(
    "body",
    [
        "Thanks,\nplease take me off your list",
        "Hi Bob,\n\nThanks!\n\nPlease take me off your list.",
        "Hello\n\nThank you\nStop sending me these emails",
        "Hi\n\nGracias,\nNo me escriban más",
    ],
)
def test_a_wish_below_thanks_is_no_signature(body: str) -> None:
    """Better a line of signature too many than a "please stop" too few."""
    assert judge(_read(body).text).kind is OptOutKind.OPT_OUT


@pytest.mark.parametrize(
    "body",
    [
        "Data: 5 de março serve para mim.",
        "Do: call before you come.\nDon't: ring the bell.",
        "My questions:\n- price\n- colour",
        "The date I wrote you about is off: the 12th is better.",
        "From what I saw: fine.\nThen again: no.",
        "To: be or not to be",
    ],
)
def test_a_colon_does_not_begin_a_quote(body: str) -> None:
    """Words of the author's own that look like a header stay."""
    assert _read(body).text == body


def test_unsubscribe_as_the_answer_is_an_opt_out() -> None:
    """The same word that is nothing in a quote."""
    assert judge(_read(f"unsubscribe\n\n{_ABOVE_PLAIN['gmail']}").text).kind is OptOutKind.OPT_OUT


@pytest.mark.parametrize("subject", ["Unsubscribe", "STOP", "unsubscribe me please"])
@pytest.mark.parametrize("body", ["", "This message was automatically generated by Gmail.", "Thanks, Jane"])
def test_a_wish_in_the_subject_alone_counts(subject: str, body: str) -> None:
    """Mails that a `mailto:` of List-Unsubscribe makes often have nothing else."""
    assert judge(_read(body, subject=subject).text).kind is OptOutKind.OPT_OUT


@pytest.mark.parametrize("subject", ["Re: Unsubscribe", "AW: STOP", "Fwd: Cancel", "Your roof"])
def test_a_subject_that_answers_or_asks_nothing_is_no_text(subject: str) -> None:
    """What is answered was written by somebody else."""
    assert _read("", subject=subject).text == ""


@pytest.mark.parametrize(
    "piece",
    ["\n", "On ", "> ", "From: ", "a:\n", "-----\n", "thanks,\n", "On 1 <a@b\n", " \n", "de : x\n", "é:\n"],
)
def test_long_hostile_bodies_take_linear_time(piece: str) -> None:
    """Some second at the worst; a pattern that looks back over what it has read takes minutes."""
    body = (piece * 200_000)[:200_000]
    assert_takes_at_most(5, lambda: reply_text(body))
