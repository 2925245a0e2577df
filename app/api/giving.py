"""Mutations of recognition: giving, boosting, taking back, talking about it."""

from uuid import UUID

import strawberry

from app import audit, recognition
from app.api.context import Info
from app.api.described import described
from app.api.ids import hashtag_of, uuid_of, uuids_of
from app.api.payloads import Payload, content_of, mutation
from app.api.recognitions import (
    Boost,
    Comment,
    LeftOut,
    Recognition,
    boost_of,
    comment_of,
    left_out_of,
    recognition_of,
    recognition_seen,
)
from app.core.actor import Permission
from app.recognition import Visibility


@described
@strawberry.input
class GiveRecognitionInput:
    """Who thanks whom, for what, with how many points."""

    recipient_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Members; each receives the full pointsEach."""
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Expanded at the moment of giving, the giver left out, nobody paid twice."""
    points_each: int
    """0 is plain thanks and needs no allowance."""
    message: str
    """What for. A #hashtag of a company value tags it."""
    value_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Besides the #hashtags found in the message."""
    visibility: Visibility | None = Visibility.PUBLIC
    """Who sees it."""
    idempotency_key: str
    """1–200 characters, unique per member and mutation, kept for ever: sent twice, it is given once."""


@described
@strawberry.type
class GiveRecognitionPayload(Payload):
    """What giving made."""

    recognition: Recognition | None = None
    """The recognition as it is now."""
    left_out: list[LeftOut] = strawberry.field(default_factory=list)
    """Members of the groups who get nothing."""
    replayed: bool = False
    """Whether this idempotency key had given it before."""


@described
@strawberry.input
class BoostRecognitionInput:
    """More points for a recognition of somebody else."""

    recognition_id: strawberry.ID
    """A public recognition that stands."""
    points_each: int
    """1 or more, to every original recipient but the booster."""
    idempotency_key: str
    """1–200 characters, unique per member and mutation."""


@described
@strawberry.type
class BoostRecognitionPayload(Payload):
    """What boosting made, or what taking a boost back left."""

    recognition: Recognition | None = None
    """The recognition as it is now."""
    boost: Boost | None = None
    """The boost as it is now."""
    left_out: list[LeftOut] = strawberry.field(default_factory=list)
    """Recipients who may no longer receive."""
    replayed: bool = False
    """Whether this idempotency key had done it before."""


@described
@strawberry.input
class RevokeRecognitionInput:
    """Takes a recognition back, boosts included."""

    recognition_id: strawberry.ID
    """One's own within the undo window; admins any, at any time."""
    reason: str | None = strawberry.UNSET
    """Kept for the audit trail."""
    force: bool | None = False
    """Admins: take back what is left of points that have been spent."""
    idempotency_key: str
    """1–200 characters, unique per member and mutation."""


@described
@strawberry.type
class RevokeRecognitionPayload(Payload):
    """What taking back left."""

    recognition: Recognition | None = None
    """The recognition as it is now."""
    replayed: bool = False
    """Whether this idempotency key had done it before."""


@described
@strawberry.input
class RevokeBoostInput:
    """Takes one boost back."""

    boost_id: strawberry.ID
    """One's own within the undo window; admins any, at any time."""
    idempotency_key: str
    """1–200 characters, unique per member and mutation."""


@described
@strawberry.type
class RecognitionPayload(Payload):
    """A recognition after a change."""

    recognition: Recognition | None = None
    """The recognition as it is now."""


@described
@strawberry.type
class CommentPayload(Payload):
    """A comment after a change."""

    comment: Comment | None = None
    """The comment; null when it was deleted."""


@described
@strawberry.type
class GivingMutations:
    """Changes around recognition."""

    @mutation()
    async def give_recognition(info: Info, input: GiveRecognitionInput) -> GiveRecognitionPayload:
        """Gives points, or plain thanks, to one or more people. All or nothing."""
        wish = recognition.Wish(
            info.context.member_id,
            uuids_of(input.recipient_ids or None, "Member", "recipientIds"),
            uuids_of(input.group_ids or None, "Group", "groupIds"),
            input.points_each,
            input.message,
            tuple(hashtag_of(id_, "valueIds") for id_ in input.value_ids or ()),
        )
        act = recognition.GiveRecognition(
            info.context.actor,
            wish,
            input.visibility or Visibility.PUBLIC,
            audit.checked_key(input.idempotency_key),
            content_of(input=input),
        )
        given = await info.context.submit(act)
        if given.row is None:
            shown = await recognition_seen(info, given.id)
        else:
            giver, *recipients = given.people
            shown = recognition_of(info, given.row, giver, recipients)
        return GiveRecognitionPayload(
            recognition=shown, left_out=await left_out_of(info, given.left_out), replayed=given.replayed
        )

    @mutation()
    async def boost_recognition(info: Info, input: BoostRecognitionInput) -> BoostRecognitionPayload:
        """Adds points to a recognition of somebody else; every original recipient gets them."""
        act = recognition.BoostRecognition(
            info.context.actor,
            uuid_of(input.recognition_id, "Recognition", "recognitionId"),
            input.points_each,
            audit.checked_key(input.idempotency_key),
            content_of(input=input),
        )
        given = await info.context.submit(act)
        payload = await _boosted(info, given.id, replayed=given.replayed)
        payload.left_out = await left_out_of(info, given.left_out)
        return payload

    @mutation()
    async def revoke_recognition(info: Info, input: RevokeRecognitionInput) -> RevokeRecognitionPayload:
        """Takes a recognition back, boosts included: everything or nothing, unless an admin forces it."""
        act = recognition.RevokeRecognition(
            info.context.actor,
            uuid_of(input.recognition_id, "Recognition", "recognitionId"),
            input.reason or None,
            bool(input.force),
            audit.checked_key(input.idempotency_key),
            content_of(input=input),
        )
        revoked = await info.context.submit(act)
        return RevokeRecognitionPayload(recognition=await recognition_seen(info, revoked.id), replayed=revoked.replayed)

    @mutation()
    async def revoke_boost(info: Info, input: RevokeBoostInput) -> BoostRecognitionPayload:
        """Takes one boost back."""
        act = recognition.RevokeBoost(
            info.context.actor,
            uuid_of(input.boost_id, "Boost", "boostId"),
            audit.checked_key(input.idempotency_key),
            content_of(input=input),
        )
        revoked = await info.context.submit(act)
        return await _boosted(info, revoked.id, replayed=revoked.replayed)

    @mutation()
    async def comment_on_recognition(info: Info, recognition_id: strawberry.ID, text: str) -> CommentPayload:
        """Puts a word under a recognition."""
        key = uuid_of(recognition_id, "Recognition", "recognitionId")
        id_ = await info.context.submit(recognition.CommentOnRecognition(info.context.actor, key, text))
        async with info.context.read() as connection:
            row = await recognition.reads.comment_row(connection, info.context.organization_id, id_)
            assert row is not None, "it was just written"
            await info.context.know(connection, [row.author_id])
        return CommentPayload(comment=comment_of(info, row, info.context.members[row.author_id]))

    @mutation()
    async def delete_comment(info: Info, comment_id: strawberry.ID, reason: str | None = strawberry.UNSET) -> CommentPayload:
        """Takes a comment away: its author at any time, an admin with a reason."""
        key = uuid_of(comment_id, "Comment", "commentId")
        await info.context.submit(recognition.DeleteComment(info.context.actor, key, reason))
        return CommentPayload()

    @mutation()
    async def react_to_recognition(
        info: Info, recognition_id: strawberry.ID, emoji: str, on: bool | None = True
    ) -> RecognitionPayload:
        """Puts an emoji on a recognition, or with `on: false` takes it off."""
        key = uuid_of(recognition_id, "Recognition", "recognitionId")
        await info.context.submit(recognition.ReactToRecognition(info.context.actor, key, emoji, on is not False))
        return RecognitionPayload(recognition=await recognition_seen(info, key))

    @mutation(Permission.MEMBER_EDIT)
    async def hide_recognition(info: Info, recognition_id: strawberry.ID, reason: str) -> RecognitionPayload:
        """Hides a message, with a reason; the points stay where they are. For admins."""
        key = uuid_of(recognition_id, "Recognition", "recognitionId")
        await info.context.submit(recognition.HideRecognition(info.context.actor, key, reason))
        return RecognitionPayload(recognition=await recognition_seen(info, key))


async def _boosted(info: Info, boost_id: UUID, *, replayed: bool) -> BoostRecognitionPayload:
    context = info.context
    async with context.read() as connection:
        row = await recognition.reads.boost_row(connection, context.organization_id, boost_id)
        assert row is not None, "it was just written"
        await context.know(connection, [row.giver_id])
    return BoostRecognitionPayload(
        recognition=await recognition_seen(info, row.recognition_id),
        boost=boost_of(info, row, context.members[row.giver_id]),
        replayed=replayed,
    )
