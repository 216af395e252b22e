"""Machines that open mails and follow links."""

from datetime import UTC, datetime, timedelta

import pytest

from content.machines import PREFETCH, is_machine, is_machine_call

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PERSON = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    "agent",
    [
        PERSON,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    ],
)
def test_browsers_and_mail_programs_are_people(agent: str) -> None:
    """So are the proxies through which they load pictures when a mail is opened."""
    assert not is_machine(agent)
    assert not is_machine_call({"user-agent": agent}, now=LATER, sent_at=NOW)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0",
        "curl/8.5.0",
        "python-requests/2.32",
        "Mozilla/5.0 (compatible; BarracudaCentral; http://www.barracudacentral.org/)",
        "Microsoft Office Existence Discovery",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "x" * 5000,
    ],
)
def test_scanners_and_prefetching_are_machines(agent: str) -> None:
    """Crawlers, mail checkers and Apple's privacy proxy."""
    assert is_machine(agent)
    assert is_machine_call({"user-agent": agent}, now=LATER, sent_at=NOW)


def test_nobody_reads_within_seconds_of_the_sending() -> None:
    """Nor before the sending is recorded; a browser that loads ahead says so."""
    headers = {"user-agent": PERSON}
    assert is_machine_call(headers, now=NOW + PREFETCH / 2, sent_at=NOW)
    assert not is_machine_call(headers, now=NOW + PREFETCH, sent_at=NOW)
    assert is_machine_call(headers, now=LATER, sent_at=None)
    assert is_machine_call({}, now=LATER, sent_at=NOW)
    assert is_machine_call({**headers, "sec-purpose": "prefetch;prerender"}, now=LATER, sent_at=NOW)
