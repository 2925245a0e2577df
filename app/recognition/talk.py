"""Talk around a recognition, which costs nothing: comments and emoji; and what an admin takes out of sight."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app import audit, organization
from app.core.actor import PERMISSIONS, Actor, Permission
from app.core.errors import Code, Refusal, not_found
from app.core.texts import clean
from app.db import Draft, Want, row
from app.organization import Member, MemberStatus
from app.recognition import sight
from app.recognition.models import Comment, Reaction, Recognition

COMMENT_CHARS_MAX = 2_000
EMOJI_CHARS_MAX = 60
REACTIONS_MAX = 10
"""Emoji of one member on one recognition."""
_SHORT_NAME = re.compile(r":[a-z0-9_+'-]{1,50}:")
# The joiner of families and professions, the letters of flags, and the few marks that are emoji by themselves.
_JOINERS = frozenset("\u200d#*‼⁉〰〽") | {chr(code) for code in range(0xE0020, 0xE0080)}
_NO_EMOJI = frozenset({"L", "Z", "P", "C"})
"""Unicode's letters, spaces, punctuation and controls; joiners aside."""


@dataclass(frozen=True, slots=True)
class CommentOnRecognition:
    """The command of `commentOnRecognition`."""

    actor: Actor
    recognition_id: UUID
    text: str

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield from sight.needs(self.actor.organization_id, self.recognition_id)

    def decide(self, draft: Draft) -> UUID:
        """The comment's id."""
        author = _speaker(draft)
        recognition = _open(draft, self.recognition_id)
        text = clean(self.text, "text", chars_max=COMMENT_CHARS_MAX, chars_min=1, one_line=False)
        comment = draft.add(
            Comment, id=draft.new_id(), recognition_id=recognition.id, author_id=author.id, text=text, at=draft.now
        )
        draft.tell("recognition.commented", f"recognition:{recognition.id}", comment=str(comment.id))
        return comment.id


@dataclass(frozen=True, slots=True)
class DeleteComment:
    """Takes a comment away: its author at any time, an admin with a reason."""

    actor: Actor
    comment_id: UUID
    reason: str | None

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(Comment, self.actor.organization_id, self.comment_id)

    def decide(self, draft: Draft) -> UUID:
        """The comment's id."""
        comment = draft.get(Comment, self.comment_id)
        if comment is None or comment.deleted_at is not None:
            raise not_found("commentId")
        mine = comment.author_id == draft.actor.member_id
        if not mine:
            sight.seen(draft, comment.recognition_id, "commentId")
        if not mine and not _moderates(draft):
            raise Refusal(Code.FORBIDDEN, "Only its author, or an admin, deletes a comment.", "commentId")
        reason = audit.remark(draft, self.reason, needed=not mine)
        draft.change(comment, deleted_at=draft.now, text="")
        draft.tell("recognition.comment_deleted", f"recognition:{comment.recognition_id}", comment=str(comment.id), **reason)
        return comment.id


@dataclass(frozen=True, slots=True)
class HideRecognition:
    """An admin hides a message, with a reason. The points stay where they are."""

    actor: Actor
    recognition_id: UUID
    reason: str

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(Recognition, self.actor.organization_id, self.recognition_id)

    def decide(self, draft: Draft) -> UUID:
        """The recognition's id."""
        organization.require(draft, Permission.MEMBER_EDIT)
        recognition = draft.get(Recognition, self.recognition_id)
        if recognition is None:
            raise not_found("recognitionId")
        if recognition.hidden_at is not None:
            raise Refusal(Code.INVALID_STATE, "This message has been hidden already.", "recognitionId")
        reason = audit.remark(draft, self.reason, needed=True)
        draft.change(recognition, hidden_at=draft.now)
        draft.tell("recognition.hidden", f"recognition:{recognition.id}", **reason)
        return recognition.id


@dataclass(frozen=True, slots=True)
class ReactToRecognition:
    """Puts an emoji on a recognition, or takes it off again."""

    actor: Actor
    recognition_id: UUID
    emoji: str
    on: bool

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield from sight.needs(self.actor.organization_id, self.recognition_id)
        if self.actor.member_id is not None:
            yield row(Reaction, self.actor.organization_id, self.recognition_id, self.actor.member_id, self.emoji)

    def decide(self, draft: Draft) -> UUID:
        """The recognition's id."""
        member = _speaker(draft)
        recognition = _open(draft, self.recognition_id)
        emoji = checked_emoji(self.emoji)
        here = draft.get(Reaction, recognition.id, member.id, emoji)
        if self.on and here is None:
            if len(draft.list(Reaction, recognition_id=recognition.id, member_id=member.id)) >= REACTIONS_MAX:
                raise Refusal(
                    Code.LIMIT_EXCEEDED, f"At most {REACTIONS_MAX} reactions by one person. Take one off first.", "emoji"
                )
            draft.add(Reaction, recognition_id=recognition.id, member_id=member.id, emoji=emoji, at=draft.now)
            draft.tell("recognition.reacted", f"recognition:{recognition.id}", on=True)
        elif not self.on and here is not None:
            draft.remove(here)
            draft.tell("recognition.reacted", f"recognition:{recognition.id}", on=False)
        return recognition.id


def checked_emoji(text: str) -> str:
    """An emoji, or the short name of one between colons. Raises INVALID_INPUT: nothing that says something in words."""
    emoji = clean(text, "emoji", chars_max=EMOJI_CHARS_MAX, chars_min=1)
    if _SHORT_NAME.fullmatch(emoji):
        return emoji
    pictures = [character for character in emoji if character not in _JOINERS]
    if emoji.isascii() or any(unicodedata.category(character)[0] in _NO_EMOJI for character in pictures):
        raise Refusal(Code.INVALID_INPUT, "This is no emoji; send one, or its name such as :tada:", "emoji")
    return emoji


def _speaker(draft: Draft) -> Member:
    """The member who speaks. Whatever the mode, who is active may."""
    assert draft.actor.member_id is not None, "only members talk"
    member = organization.member_found(draft, draft.actor.member_id)
    if member.status is not MemberStatus.ACTIVE:
        raise Refusal(Code.FORBIDDEN, "Only active members comment and react.")
    return member


def _open(draft: Draft, recognition_id: UUID) -> Recognition:
    recognition = sight.seen(draft, recognition_id, "recognitionId")
    if recognition.revoked_at is not None:
        raise Refusal(Code.INVALID_STATE, "This recognition has been taken back.", "recognitionId")
    return recognition


def _moderates(draft: Draft) -> bool:
    return Permission.MEMBER_EDIT in PERMISSIONS[organization.acting_role(draft)]
