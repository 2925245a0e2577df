"""The clocks: what is done when nobody asks. Several may run at once, as every act looks first whether it is still due."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from app import allowance, audit, insight, organization, reward
from app.core.actor import Door, system
from app.core.errors import Busy
from app.core.settings import Settings
from app.db import Database, Slice

CALENDAR_SECONDS = 300.0
"""How often it is looked whether a period has turned: whoever gives nothing is issued its allowance well within the hour."""
BOOKKEEPING_SECONDS = 30.0
MEMBERS_AT_ONCE = 100

log = logging.getLogger("plaudit.worker")


async def every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Does the work again and again. A failure is logged, and the next round tries again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            log.exception("a clock failed; it goes on in %s seconds", seconds)


async def calendar(database: Database) -> None:
    """Issues the allowances of everyone whose period has turned, at once and then for ever."""
    try:
        await issue_allowances(database)
    except Exception:
        log.exception("the calendar failed; it goes on in %s seconds", CALENDAR_SECONDS)
    await every(CALENDAR_SECONDS, lambda: issue_allowances(database))


def providers(database: Database, settings: Settings) -> dict[reward.Provider, reward.Deliverer]:
    """Who delivers rewards: the one place where providers are named. Raises Misconfigured without a secret key."""
    vouchers = reward.Vouchers(database, settings.secret_key.get_secret_value())
    return {reward.Provider.MANUAL: reward.Manual(), reward.Provider.VOUCHER: vouchers}


async def read_feed(database: Database, settings: Settings) -> None:
    """Follows what happens, for ever: counts it for insights, and has delivered what was redeemed."""
    clerk = reward.Clerk(database, providers(database, settings))
    readers: list[audit.Reader] = [reward.FulfilmentReader(database.clock, planned=clerk.wake.set), insight.InsightReader()]
    committed = asyncio.Event()
    audit.feed.wake_on_commit(database, committed)

    async def organizations() -> list[UUID]:
        async with database.read() as connection:
            return [row.organization_id for row in await organization.all_organizations(connection)]

    await asyncio.gather(audit.feed.follow(database, readers, organizations, committed), clerk.run(organizations))


async def issue_allowances(database: Database) -> int:
    """Posts what is due for everyone; returns the number of members looked after."""
    looked_after = 0
    async with database.read() as connection:
        organizations = await organization.all_organizations(connection)
    for row in organizations:
        try:
            looked_after += await _issue(database, row.organization_id)
        except Exception:
            log.exception("the allowances of organization %s wait for the next round", row.organization_id)
    return looked_after


async def _issue(database: Database, organization_id: UUID) -> int:
    actor = system(organization_id, Door.WORKER)
    part = Slice(MEMBERS_AT_ONCE)
    looked_after = 0
    while True:
        async with database.read() as connection:
            page = await allowance.reads.behind(connection, organization_id, database.clock(), part)
        acts = [allowance.BringUpToDate(actor, member_id) for member_id in page.rows]
        outcomes = await asyncio.gather(*map(database.submit, acts), return_exceptions=True)
        if any(isinstance(outcome, Busy) for outcome in outcomes):
            await asyncio.sleep(1)
        looked_after += len(acts)
        if not page.has_next:
            return looked_after
        part = Slice(MEMBERS_AT_ONCE, (page.rows[-1],))


def run(settings: Settings) -> None:
    """The worker as a process of its own. Raises Misconfigured when the database is not ready for it."""
    from app import migrations
    from app.main import open_database

    migrations.require_current(settings.database)
    logging.basicConfig(level=settings.log_level.upper())
    log.info("the worker issues allowances that are due, counts what happens, and has rewards delivered")

    async def work() -> None:
        database = open_database(settings)
        await database.open()
        try:
            await asyncio.gather(calendar(database), read_feed(database, settings))
        finally:
            await database.close()

    asyncio.run(work())
