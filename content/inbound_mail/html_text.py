"""An HTML body as plain text in which quoted history looks as it does in plain mails: lines that begin with `>`."""

import re
from collections.abc import Iterator
from enum import Enum

from lxml import etree, html
from lxml.html import defs

_BLOCKS = defs.block_tags | {"body", "dd", "dt", "li", "td", "th", "tr"}
_UNSEEN = frozenset({"head", "script", "style", "title", "noscript", "template", "svg", "object"})

# What mail programs call the parts that are not their writer's; some programs put `x_` before another's names.
_NOT_THE_WRITERS = re.compile(
    r"(?:^|\s)(?:x_)*(?:gmail_attr|gmail_signature|moz-cite-prefix|moz-signature|yahoo_quoted|protonmail_quote"
    r"|protonmail_signature_block|zmail_extra|applemailsignature|ms-outlook-mobile-signature|signature)(?:$|\s)",
    re.IGNORECASE,
)
_HISTORY_BEGINS = re.compile(
    r"(?:^|\s)(?:x_)*(?:divrplyfwdmsg|appendonsend|olk_src_body_section|mail-editor-reference-message-container"
    r"|ms-outlook-mobile-reference-message)(?:$|\s)",
    re.IGNORECASE,
)
_OUTLOOK_RULE = re.compile(r"border-top:\s*solid #(?:E1E1E1|B5C4DF) 1\.0pt", re.IGNORECASE)
"""Outlook on a desktop draws a line and names nothing."""
_GMAIL_QUOTE = re.compile(r"(?:^|\s)(?:x_)*gmail_quote(?:$|\s)", re.IGNORECASE)
_HIDDEN = re.compile(r"display:\s*none|mso-hide:\s*all", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


class _Mark(Enum):
    END_OF_LINE = 0
    QUOTE = 1
    END_OF_QUOTE = -1


def text_of(source: str) -> str:
    """The visible text; quoted lines begin with `>`."""
    # In bytes, so that no declaration inside the document names another charset.
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    return "\n".join(_lines(_pieces(root)))


def _pieces(root: html.HtmlElement) -> Iterator[str | _Mark]:
    """Text and what breaks it, in the order of the document."""
    walk = etree.iterwalk(root, events=("start", "end"))
    skipped: etree._Element | None = None
    for event, element in walk:
        if event == "start":
            if _begins_history(element):
                return
            if not _is_writers(element):
                skipped = element
                walk.skip_subtree()
                continue
            if element.tag in _BLOCKS or element.tag == "br":
                yield _Mark.END_OF_LINE
            if element.tag == "blockquote":
                yield _Mark.QUOTE
            yield element.text or ""
            continue
        if element is skipped:
            skipped = None
        else:
            if element.tag == "blockquote":
                yield _Mark.END_OF_QUOTE
            if element.tag in _BLOCKS:
                yield _Mark.END_OF_LINE
            if element.tag == "p":
                yield _Mark.END_OF_LINE
        yield element.tail or ""


def _begins_history(element: etree._Element) -> bool:
    names = f"{element.get('id', '')} {element.get('class', '')} {element.get('name', '')}"
    return bool(_HISTORY_BEGINS.search(names) or _OUTLOOK_RULE.search(element.get("style", "")))


def _is_writers(element: etree._Element) -> bool:
    if element.tag in _UNSEEN or _HIDDEN.search(element.get("style", "")):
        return False
    names = f"{element.get('id', '')} {element.get('class', '')}"
    if _NOT_THE_WRITERS.search(names):
        return False
    # Gmail puts answers between the lines beside its blockquotes; a forwarded message stands there without one.
    return (
        element.tag == "blockquote"
        or not _GMAIL_QUOTE.search(names)
        or next(element.iter("blockquote"), None) is not None
    )


def _lines(pieces: Iterator[str | _Mark]) -> Iterator[str]:
    depth = 0
    line: list[str] = []
    blank = True
    for piece in pieces:
        if isinstance(piece, str):
            line.append(piece)
            continue
        text = _SPACE.sub(" ", "".join(line)).strip()
        line.clear()
        if text or not blank:
            # At most one empty line: blocks in blocks end together.
            yield f"> {text}" if depth > 0 else text
        blank = not text
        depth += {_Mark.QUOTE: 1, _Mark.END_OF_QUOTE: -1}.get(piece, 0)
    if text := _SPACE.sub(" ", "".join(line)).strip():
        yield f"> {text}" if depth > 0 else text
