"""A process of its own that gives: opens the database, says so, waits for the word, submits all at once, prints the answers.

Run as `python -m tests.giving_process`, with one line of JSON and then the word `go` on its input.
"""

import asyncio
import json
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

from app import audit, migrations, recognition
from app.core.actor import Actor, Door, Role
from app.core.errors import Refusal
from app.db import Database


async def main() -> None:
    """All of it."""
    job: dict[str, Any] = json.loads(sys.stdin.readline())
    now = datetime.fromisoformat(job["now"])
    assert migrations.metadata, "with it comes every table, so that foreign keys find theirs"
    database = Database(job["url"], audit.AuditChain(), clock=lambda: now)
    await database.open()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    answers = await asyncio.gather(*[give(database, UUID(job["organization"]), **one) for one in job["gives"]])
    print(json.dumps(answers), flush=True)
    await database.close()


async def give(database: Database, organization_id: UUID, giver: str, to: list[str], points: int, key: str) -> dict[str, Any]:
    """One recognition: its id and whether it was there already, or the code of the refusal."""
    actor = Actor(organization_id, UUID(giver), Role.MEMBER, Door.GRAPHQL)
    wish = recognition.Wish(UUID(giver), tuple(map(UUID, to)), (), points, "Thank you very much", ())
    content = f"{to} {points}".encode()
    act = recognition.GiveRecognition(actor, wish, recognition.Visibility.PUBLIC, key, content)
    try:
        given = await database.submit(act)
    except Refusal as refusal:
        return {"code": refusal.code}
    return {"id": str(given.id), "replayed": given.replayed}


if __name__ == "__main__":
    asyncio.run(main())
