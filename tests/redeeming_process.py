"""A process of its own in the shop: opens the database, says so, waits for the word, submits all at once, prints the answers.

Run as `python -m tests.redeeming_process`, with one line of JSON and then the word `go` on its input.
"""

import asyncio
import json
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

from app import audit, recognition, reward
from app.core.actor import Actor, Door, Role, system
from app.core.errors import Refusal
from app.db import Database
from app.reward import Verb
from app.reward.vouchers import HandOut


async def main() -> None:
    """All of it."""
    job: dict[str, Any] = json.loads(sys.stdin.readline())
    now = datetime.fromisoformat(job["now"])
    database = Database(job["url"], audit.AuditChain(), clock=lambda: now)
    await database.open()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    acts = [act(UUID(job["organization"]), **one) for one in job["acts"]]
    print(json.dumps(await asyncio.gather(*[submit(database, one) for one in acts])), flush=True)
    await database.close()


def act(organization_id: UUID, what: str, who: str, about: str, key: str, points: int = 0) -> Any:
    """Somebody redeems a reward, decides about a redemption or adjusts points; the house hands out."""
    actor, id_ = Actor(organization_id, UUID(who), Role.MEMBER, Door.GRAPHQL), UUID(about)
    match what:
        case "redeem":
            return reward.RedeemReward(actor, id_, None, None, key, about.encode())
        case "adjust":
            return recognition.AdjustPoints(actor, id_, points, "Taken back", key, key.encode())
        case "hand out":
            return HandOut(system(organization_id, Door.WORKER), id_)
    return reward.Decide(actor, id_, Verb(what), "In haste")


async def submit(database: Database, one: Any) -> str:
    """What became of it, in a word: done, again, or the code of the refusal."""
    try:
        answer = await database.submit(one)
    except Refusal as refusal:
        return refusal.code
    return "again" if getattr(answer, "replayed", False) else "done"


if __name__ == "__main__":
    asyncio.run(main())
