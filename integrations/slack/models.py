"""What is remembered of Slack: workspaces, who is who there, where a gift came from, what was posted and what waits to be."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index

from app.db import TenantTable, binary, identifier, key, moment, one_of, refers, text, whole, word


class SlackWorkspace(TenantTable, table=True):
    """The workspace that this organization is in Slack. Changed by acts."""

    __tablename__ = "slack_workspace"
    __table_args__ = (refers("", "organization", ""),)

    team_id: str = text()
    name: str = text()
    url: str = text()
    """Where its messages live: https://acme.slack.com/."""
    bot_user_id: str = text()
    token: bytes = binary()
    """The bot's token, sealed; empty once it was revoked."""
    scopes: str = text()
    """What Slack granted the bot, parted by spaces."""
    settings: str = text()
    """What the workspace has set, as JSON: see `terms.Terms`."""
    installed_at: datetime = moment()
    app_id: str = text(default="")
    staffed: bool = False
    """Whether its admins were given their roles: that is done at the first install only."""
    uninstalled_at: datetime | None = moment(default=None)


class PersonKind(StrEnum):
    """What an account in Slack is."""

    PERSON = "PERSON"
    GUEST = "GUEST"
    INVITED = "INVITED"
    """Invited to the workspace and not yet come."""
    APP = "APP"
    STRANGER = "STRANGER"
    """Of another company, in a shared channel."""


class SlackPerson(TenantTable, table=True):
    """An account in Slack, and the member behind it. Changed by acts."""

    __tablename__ = "slack_person"
    __table_args__ = (
        refers("", "organization", ""),
        refers("member_id", "member", "id"),
        one_of("kind", PersonKind),
        Index("ix_slack_person_by_member", "organization_id", "member_id"),
    )

    team_id: str = text(primary_key=True)
    user_id: str = text(primary_key=True)
    kind: PersonKind = word(PersonKind)
    deleted: bool
    """Deactivated in Slack."""
    member_id: UUID | None = identifier(default=None)
    """Empty for apps and strangers."""
    made_member: bool = False
    """Whether the member was made from this account, so that its name and picture follow it."""


class SlackLastGift(TenantTable, table=True):
    """What a member gave last in Slack, by which a second press of the key is noticed. Changed by acts."""

    __tablename__ = "slack_last_gift"
    __table_args__ = (refers("member_id", "member", "id"),)

    member_id: UUID = key()
    digest: bytes = binary()
    """Of the people, points and words."""
    at: datetime = moment()


class Choice(StrEnum):
    """When somebody is told in a direct message."""

    ALWAYS = "ALWAYS"
    NEVER = "NEVER"


class SlackPreference(TenantTable, table=True):
    """What a person chose, and what it has seen. Bookkeeping."""

    __tablename__ = "slack_preference"
    __table_args__ = (refers("", "organization", ""), one_of("notify", Choice))

    user_id: str = text(primary_key=True)
    notify: Choice = word(Choice, default=Choice.ALWAYS)
    home_opened_at: datetime | None = moment(default=None)
    home: str = text(default="")
    """The part of Home that was looked at last, as JSON."""
    received_before: bool = False
    """Whether it was told once what all this is."""
    reactions_told: int = whole(default=0)
    """Receipts shown for points given by reaction."""


class Way(StrEnum):
    """How a gift came in from Slack."""

    COMMAND = "COMMAND"
    MENTION = "MENTION"
    MESSAGE = "MESSAGE"
    REACTION = "REACTION"
    DIRECT = "DIRECT"
    FORM = "FORM"
    BUTTON = "BUTTON"


class SlackOrigin(TenantTable, table=True):
    """Where a gift, a recognition or a boost, was made in Slack. Written by the act that gives."""

    __tablename__ = "slack_origin"
    __table_args__ = (
        refers("recognition_id", "recognition", "id"),
        one_of("way", Way),
        Index("ix_slack_origin_by_message", "organization_id", "channel_id", "message_ts"),
    )

    gift_id: UUID = key()
    recognition_id: UUID = identifier()
    way: Way = word(Way)
    user_id: str = text()
    """Who gave, in Slack."""
    channel_id: str = text()
    """Where it was made; empty when nowhere in particular, as in Home."""
    post_to: str = text()
    """The channel that is told; empty: none."""
    thread_ts: str = text(default="")
    """The thread that is told; empty: the channel itself."""
    message_ts: str = text(default="")
    """The message that gave, was reacted to, or is thanked for."""
    permalink: str = text(default="")
    response_url: bytes = binary(default=b"")
    """Sealed: how to speak where the bot is not, for half an hour."""


class SlackReaction(TenantTable, table=True):
    """The give emoji that somebody put on a message: active at most once. Changed by acts."""

    __tablename__ = "slack_reaction"
    __table_args__ = (refers("", "organization", ""),)

    channel_id: str = text(primary_key=True)
    message_ts: str = text(primary_key=True)
    user_id: str = text(primary_key=True)
    moved_ts: str = text()
    """When Slack saw the last change; what is older comes late and changes nothing."""
    gift_id: UUID | None = identifier(default=None)
    """What it gave; empty once it was taken off."""
    is_boost: bool = False


class PostKind(StrEnum):
    """What a message of ours is."""

    CHANNEL = "CHANNEL"
    FEED = "FEED"
    DIRECT = "DIRECT"
    MARK = "MARK"
    """No message: our own reaction on a message that counted."""


class SlackPost(TenantTable, table=True):
    """A message of ours about a recognition, so that it can be changed. Bookkeeping."""

    __tablename__ = "slack_post"
    __table_args__ = (
        refers("recognition_id", "recognition", "id"),
        one_of("kind", PostKind),
        Index("ix_slack_post_by_recognition", "organization_id", "recognition_id"),
    )

    channel_id: str = text(primary_key=True)
    message_ts: str = text(primary_key=True)
    recognition_id: UUID = identifier()
    kind: PostKind = word(PostKind)
    user_id: str = text(default="")
    """Whose direct message it is."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "WAITING"
    DONE = "DONE"
    DEAD = "DEAD"
    """Given up; stands among the dead letters."""


class SlackDelivery(TenantTable, table=True):
    """Something that Slack is to be told. Each lane is walked in order. Bookkeeping."""

    __tablename__ = "slack_delivery"
    __table_args__ = (
        refers("", "organization", ""),
        one_of("state", DeliveryState),
        Index("ix_slack_delivery_by_state", "organization_id", "state", "lane", "sequence", "id"),
        Index("ix_slack_delivery_by_recognition", "organization_id", "recognition_id"),
    )

    once: str = text(primary_key=True)
    """What makes it itself: an event's number and what it asks for. The same is never planned twice."""
    id: UUID = identifier()
    """Its place among those of the same event."""
    lane: str = text()
    """What must stay in order: `post:C…`, `direct:U…`, `home:U…`."""
    job: str = text()
    """What is to be done, as JSON: see `jobs`."""
    sequence: int = whole()
    """The event that asked for it; 0: none. Lanes are walked in this order, whatever the clocks of several processes say."""
    recognition_id: UUID | None = identifier(default=None)
    """The recognition, or the redemption, that it tells of for the first time."""
    state: DeliveryState = word(DeliveryState, default=DeliveryState.WAITING)
    tries: int = whole(default=0)
    not_before: datetime | None = moment(default=None)
    claimed_until: datetime | None = moment(default=None)
    """Some process is at it until then."""
    done_at: datetime | None = moment(default=None)


class SlackDraft(TenantTable, table=True):
    """A gift that waits for a word of its giver: a confirmation, an edit. Kept for a day. Bookkeeping."""

    __tablename__ = "slack_draft"
    __table_args__ = (refers("", "organization", ""),)

    id: UUID = key()
    user_id: str = text()
    content: str = text()
    """What was typed, as JSON: see `drafts`."""
    made_at: datetime = moment()


class SlackChannel(TenantTable, table=True):
    """What Slack said of a channel, for an hour. Bookkeeping."""

    __tablename__ = "slack_channel"
    __table_args__ = (refers("", "organization", ""),)

    channel_id: str = text(primary_key=True)
    name: str = text()
    is_private: bool
    is_shared: bool
    """With another company."""
    seen_at: datetime = moment()


class SlackUserGroup(TenantTable, table=True):
    """A user group of Slack, and the group of ours that follows it. Changed by acts."""

    __tablename__ = "slack_user_group"
    __table_args__ = (refers("group_id", "member_group", "id"),)

    user_group_id: str = text(primary_key=True)
    handle: str = text()
    group_id: UUID = identifier()


class SlackRound(TenantTable, table=True):
    """When the people of a workspace were last looked through. Bookkeeping."""

    __tablename__ = "slack_round"
    __table_args__ = (refers("", "organization", ""),)

    people_at: datetime | None = moment(default=None)
    claimed_until: datetime | None = moment(default=None)
    emoji: str = text(default="{}")
    """The workspace's own emoji that are other names of one, as JSON."""
