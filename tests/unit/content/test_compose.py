"""From templates to the message that is frozen: what the sender adds to every email."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from content.compose import Composer, Imprint
from content.inbound_mail.references import token_in
from content.links import Links
from content.mime import build
from domain.contact import Contact
from domain.errors import ContentError
from domain.messages import Channel, EmailContent, OutgoingMessage
from domain.plan import MessageNode

TENANT, JOB = UUID(int=1), UUID("5d0c1a5e-8a55-5f8e-9a36-0f3b7a6f7e11")
LINKS = Links("https://t.example.com", ["key"])
ANA = Contact(id=UUID(int=3), external_id="c", name="Ana", email="ana@example.com")
TEMPLATES = {
    "subject": "Hi",
    "body": "Hi {{ name }} https://shop.example/",
    "html": '<p><a href="https://shop.example/">Hi</a></p>',
}


def compose(
    composer: Composer, imprint: Imprint | None = None, templates: dict[str, str] | None = None, contact: Contact = ANA
) -> EmailContent:
    content = composer.compose(
        tenant_id=TENANT,
        job_id=JOB,
        node=MessageNode(id="a", order_index=0, channel=Channel.EMAIL, next="end"),
        templates=templates or TEMPLATES,
        contact=contact,
        imprint=imprint or Imprint(),
        sent_emails=(),
        now=datetime(2026, 11, 21, tzinfo=UTC),
    )
    assert isinstance(content, EmailContent)
    return content


def test_every_email_has_its_link_for_one_click() -> None:
    """RFC 8058: one https URI on a line that any server takes, and the promise that a POST is enough."""
    content = compose(Composer("example.com", links=LINKS))
    assert content.unsubscribe_url == LINKS.unsubscribe_url(TENANT, JOB)
    raw = build(
        OutgoingMessage(tenant_id=TENANT, job_id=JOB, to="ana@example.com", content=content), sender="me@example.com"
    ).as_bytes()
    [line] = [line for line in raw.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert line == f"List-Unsubscribe: <{content.unsubscribe_url}>".encode()
    assert len(line) < 998
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_without_a_public_url_there_are_no_links() -> None:
    """Also where the tenant wants opens and clicks tracked: nothing would lead anywhere."""
    content = compose(Composer("example.com"), Imprint(track_opens=True, track_clicks=True))
    assert content.unsubscribe_url is None
    assert content.html == TEMPLATES["html"]
    with pytest.raises(ContentError, match="`unsubscribe_url` has no value"):
        compose(Composer("example.com"), templates={**TEMPLATES, "body": "{{ unsubscribe_url }}"})


def test_nothing_is_tracked_unless_the_tenant_says_so() -> None:
    """Both are off by default; each is switched by itself; the text part is never touched."""
    composer = Composer("example.com", links=LINKS)
    assert compose(composer).html == TEMPLATES["html"]
    opens = compose(composer, Imprint(track_opens=True))
    clicks = compose(composer, Imprint(track_clicks=True))
    assert opens.html is not None
    assert clicks.html is not None
    assert ("/o/" in opens.html, "/c/" in opens.html) == (True, False)
    assert ("/o/" in clicks.html, "/c/" in clicks.html) == (False, True)
    assert opens.text == clicks.text == "Hi Ana https://shop.example/"
    assert clicks == compose(composer, Imprint(track_clicks=True)), "an attempt on another worker says the same"


def test_the_senders_fields_are_filled_in_and_the_way_out_is_not_tracked() -> None:
    """In both bodies; the unsubscribe link stays direct, so that it works whatever becomes of tracking."""
    body = "{{ postal_address }} {{ unsubscribe_url }}"
    html = '<a href="{{ unsubscribe_url }}">x</a>{{ postal_address }}'
    imprint = Imprint("Acme & Co", track_clicks=True)
    content = compose(Composer("example.com", links=LINKS), imprint, {"subject": "Hi", "body": body, "html": html})
    assert content.text == f"Acme & Co {content.unsubscribe_url}"
    assert content.html == f'<a href="{content.unsubscribe_url}">x</a>Acme &amp; Co'
    with pytest.raises(ContentError, match="`postal_address` has no value"):
        compose(Composer("example.com"), templates={**TEMPLATES, "body": "{{ postal_address }}"})


def test_an_answer_names_its_message_where_that_is_wanted() -> None:
    """Reply-To carries the job's token only when the mailbox takes plus-addresses."""
    plain = compose(Composer("example.com", reply_to="Sales <sales@example.com>"))
    token = compose(Composer("example.com", reply_to="Sales <sales@example.com>", reply_token=True))
    assert plain.reply_to == "Sales <sales@example.com>"
    assert token.reply_to is not None
    assert token_in(token.reply_to) == JOB


def test_a_link_to_where_a_contacts_field_says_is_not_signed() -> None:
    """Our domain would lead wherever a stranger likes, for as long as the mail is kept."""
    templates = {**TEMPLATES, "html": '<a href="{{ name }}">you</a> <a href="https://shop.example/">us</a>'}
    evil = ANA.model_copy(update={"name": "https://evil.example/"})
    html = compose(Composer("example.com", links=LINKS), Imprint(track_clicks=True), templates, contact=evil).html
    assert html is not None
    assert '<a href="https://evil.example/">you</a>' in html
    assert 'href="https://t.example.com/c/' in html
