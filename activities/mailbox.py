"""Poll a mailbox for answers: a message is read, its effect committed, and only then is it left behind.

After a crash in between it is read again; its event id comes from the message itself, which makes that one effect.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from temporalio import activity

from activities.clock import Clock, heartbeats
from content.apart import Overrun, apart
from content.inbound_mail.read import read
from domain.base import Frozen
from domain.errors import Malformed, NotReady
from domain.events import InboundMessage, StatusReport
from providers.imap import ImapConfig, Mailbox, RawMail, open_mailbox
from store.inbound import dead_letters, mailboxes
from store.inbound.mailboxes import Checkpoint
from store.pool import Database, is_outage

log = structlog.get_logger(__name__)

_PROVIDER = "email"
"""Of all that is read from raw mail: a message that comes in by another way as well is the same event."""
_LONGEST = timedelta(minutes=4)
"""A poll ends here; the next one goes on."""
_BATCH = 8
"""Messages fetched at once; of each about `imap.LARGEST` bytes are kept."""
_OVERLAP = timedelta(days=1)
"""Read again after a server has renumbered its messages: more than its clock and ours are apart."""


class Polled(Frozen):
    """What one poll did."""

    read: int = 0
    unreadable: int = 0
    """Of those: kept as dead letters."""
    trouble: str | None = None
    """Why the mailbox could not be read to its end; the next poll tries again."""


@dataclass(frozen=True)
class _Course:
    """What is to be read, and where to go on from after each message."""

    uids: list[int]
    start: Checkpoint
    end: Checkpoint
    renumbered: bool = False

    def after(self, mail: RawMail) -> Checkpoint:
        """Renumbered messages are read in the order of time, which alone tells the old from the new."""
        if not self.renumbered:
            return replace(self.start, last_uid=mail.uid)
        arrived_at = min(mail.arrived_at, self.end.polled_at)
        return replace(self.start, polled_at=max(self.start.polled_at, arrived_at))


class MailboxPoller:
    """The activity, with what it needs from outside."""

    def __init__(
        self,
        database: Database,
        tenant_id: UUID,
        config: ImapConfig,
        receive: Callable[[StatusReport | InboundMessage], Awaitable[object]],
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._config = config
        self._receive = receive

    @activity.defn
    async def poll(self) -> Polled:
        """Read what is new. Raises when the database is down; a mailbox that is down is logged and answered."""
        clock = Clock()
        taken = unreadable = 0
        trouble = None
        with heartbeats():
            try:
                async with open_mailbox(self._config) as mailbox:
                    async for failure in self._read(mailbox, clock):
                        taken += 1
                        unreadable += failure is not None
            except NotReady as error:
                log.warning("mailbox_not_read", error=str(error), hint=error.hint)
                trouble = str(error)
        if taken:
            log.info("mailbox_read", read=taken, unreadable=unreadable)
        return Polled(read=taken, unreadable=unreadable, trouble=trouble)

    async def _read(self, mailbox: Mailbox, clock: Clock) -> AsyncIterator[str | None]:
        """For each message that is dealt with: why it could not be read, if it could not."""
        began = clock.now()
        course = await self._course(mailbox, began)
        for first in range(0, len(course.uids), _BATCH):
            for mail in await mailbox.fetch(course.uids[first : first + _BATCH]):
                yield await self._take(mail, course.after(mail), clock)
                if clock.now() > began + _LONGEST or activity.is_worker_shutdown():
                    return
        await self._save(course.end)

    async def _course(self, mailbox: Mailbox, now: datetime) -> _Course:
        async with self._database.transaction(self._tenant_id) as tx:
            start = await mailboxes.read(tx, self._config.name)
        end = Checkpoint(mailbox.uid_validity, mailbox.next_uid - 1, now)
        if start is None:
            # What came before anybody asked us to read it answers nothing of ours.
            return _Course([], end, end)
        # Rebuilt or moved; or brought back from a backup, and what UIDs were given since then are given again.
        if start.uid_validity != end.uid_validity or start.last_uid > end.last_uid:
            since = start.polled_at - _OVERLAP
            log.warning("mailbox_renumbered", read_again_since=since.isoformat())
            return _Course(await mailbox.since(since), start, end, renumbered=True)
        uids = await mailbox.after(start.last_uid)
        return _Course(uids, start, replace(end, last_uid=max([end.last_uid, *uids])))

    async def _take(self, mail: RawMail, after: Checkpoint, clock: Clock) -> str | None:
        """Let the message have its effect, and leave it behind; answers why it has none."""
        failure = await self._failure_of(mail, clock)
        if failure is None:
            await self._save(after)
            return None
        log.warning("mail_unreadable", uid=mail.uid)  # the reason may quote the mail: it is kept with it
        async with self._database.transaction(self._tenant_id) as tx:
            await dead_letters.keep(
                tx,
                self._tenant_id,
                source="imap",
                reason=failure,
                content_type="message/rfc822",
                body=mail.raw,
                now=clock.now(),
            )
            await mailboxes.save(tx, self._config.name, after)
        return failure

    async def _failure_of(self, mail: RawMail, clock: Clock) -> str | None:
        """One message must not hold up all that come after it, whatever it does to the code that reads it."""
        try:
            # Elsewhere: some mails take half a second to take apart, in which deliveries go on; and where a reading did
            # not end, each poll would come to the same mail again.
            at = min(mail.arrived_at, clock.now()).astimezone(UTC)
            reports = await apart(partial(read, mail.raw, provider=_PROVIDER, at=at))
            for report in reports:
                await self._receive(report)
        except Exception as error:
            if is_outage(error):
                raise
            return str(error) if isinstance(error, Malformed | Overrun) else repr(error)
        return None

    async def _save(self, checkpoint: Checkpoint) -> None:
        async with self._database.transaction(self._tenant_id) as tx:
            await mailboxes.save(tx, self._config.name, checkpoint)
