"""Plain pages for people who follow a link of a message: no script, no cookie, nothing loaded from anywhere."""

from base64 import b64encode
from hashlib import sha256
from html import escape

from fastapi.responses import HTMLResponse

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto 0; padding: 0 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
button { font: inherit; padding: .6rem 1.2rem; cursor: pointer; }
"""
OURSELVES = "touchline"
"""The provider of what our own links report."""

HEADERS = {
    "Cache-Control": "no-store",
    # The address of the page is a key: nobody else may learn it.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
_PAGE_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
}


def page(title: str, *paragraphs: str, status: int = 200, form: str = "") -> HTMLResponse:
    """A page of one heading and some paragraphs; `form` is markup, everything else is text."""
    said = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)
    html = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{said}{form}</main>\n</body>\n</html>\n"
    )
    return HTMLResponse(html, status, _PAGE_HEADERS)


def button(label: str, action: str) -> str:
    """A form of one button; it sends what a mail program sends for one click (RFC 8058)."""
    return (
        f'<form method="post" action="{escape(action)}">\n'
        '<input type="hidden" name="List-Unsubscribe" value="One-Click">\n'
        f'<button type="submit">{escape(label)}</button>\n</form>\n'
    )


def unknown_link() -> HTMLResponse:
    """404: a link that was not made here, or that lost a part on its way."""
    return page(
        "This link does not work",
        "It may have been cut off. Please use it as it stands in the message, or answer the message instead.",
        status=404,
    )


def unreachable() -> HTMLResponse:
    """503: nothing was changed, and it is worth trying again."""
    answer = page(
        "Please try again in a minute",
        "Something on our side is down, and nothing has been changed.",
        status=503,
    )
    answer.headers["Retry-After"] = "60"
    return answer
