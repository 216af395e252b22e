"""How a message would be read, over HTTP: the reason, and nothing on record."""

import pytest

from tests.api.conftest import Api


async def test_a_reading_tells_its_reason_and_records_nothing(api: Api) -> None:
    """A key that may read is enough."""
    key = await api.key("read")
    answered = await api.http.post("/reading", json={"channel": "sms", "text": "STOP"}, headers=key)
    [one] = answered.json()["readings"]
    assert (answered.status_code, one["effect"], one["rule"], one["words"]) == (200, "barred", "keyword", "stop")
    raw = "From: jane@example.com\nSubject: Re: Roof\n\nYes, call me.\n\n-- \nJane"
    [mail] = (await api.http.post("/reading", json={"raw": raw}, headers=key)).json()["readings"]
    assert (mail["effect"], mail["text"], mail["subject"]) == ("stopped", "Yes, call me.", "Re: Roof")
    for table in ("events", "messages", "suppressions", "reviews"):
        assert await api.rig.rows(f"SELECT FROM {table}") == []


@pytest.mark.parametrize(
    "body",
    [{}, {"text": "x", "raw": "y"}, {"raw": "From: a@b.c\n\nx", "channel": "sms"}, {"text": "x", "channel": "no"}],
)
async def test_a_reading_is_of_one_message(api: Api, body: dict[str, str]) -> None:
    """422 for none, for two, and for a mail that is none."""
    assert (await api.http.post("/reading", json=body, headers=await api.key("read"))).status_code == 422


async def test_what_is_no_mail_is_refused(api: Api) -> None:
    """As the webhook would."""
    answered = await api.http.post("/reading", json={"raw": " "}, headers=await api.key("read"))
    assert answered.status_code == 400
