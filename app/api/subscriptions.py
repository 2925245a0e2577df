"""What may be subscribed to: recognitions as they are given."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from app import organization
from app.api.context import Info
from app.api.described import described
from app.api.ids import uuid_of
from app.api.live_context import LiveContext
from app.api.live_feed import Subscriber
from app.api.recognitions import Recognition, recognition_of
from app.core.errors import not_found


@described
@strawberry.type
class Subscription:
    """What may be subscribed to, over WebSocket with the sub-protocol graphql-transport-ws."""

    @strawberry.subscription
    async def recognition_given(
        self, info: Info, group_id: strawberry.ID | None = strawberry.UNSET
    ) -> AsyncGenerator[Recognition, None]:
        """Recognitions from now on, as they are given: public ones and the viewer's own private ones. `groupId`: thanked as this
        group, or given or received by somebody who is in it now."""
        context = info.context
        assert isinstance(context, LiveContext), "subscriptions go over WebSocket"
        group = uuid_of(group_id, "Group", "groupId") if isinstance(group_id, str) else None
        if group is not None and await context.loader("groups", organization.reads.groups_by_id).load(group) is None:
            raise not_found("groupId")
        return _given(info, context, await context.subscribe(), group)


async def _given(
    info: Info, context: LiveContext, subscriber: Subscriber, group_id: UUID | None
) -> AsyncGenerator[Recognition, None]:
    while True:
        given = await subscriber.next()
        context.renew(given.store)
        found = await context.shown(given, group_id)
        if found is not None:
            row, recipient_ids = found
            members = context.members
            yield recognition_of(info, row, members[row.giver_id], [members[id_] for id_ in recipient_ids])
