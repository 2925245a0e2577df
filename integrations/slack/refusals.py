"""Refusals as Slack shows them: the same sentences as everywhere, with what to do next under them."""

import logging
from collections.abc import Sequence

import orjson

from app.core.errors import Bug, Busy, Code, Forbidden, InDoubt, PlauditError, Refusal, Unauthenticated
from app.core.ids import new_reference
from integrations.slack import layouts
from integrations.slack.grammar import Mistake, Problem
from integrations.slack.layouts import Button, Message, Person, Standing
from integrations.slack.markup import escape
from integrations.slack.workspaces import Workspace

log = logging.getLogger("plaudit.slack")
OPEN_FORM = Button("give_open", "Open the form", "command")
_ASK_ADMIN = frozenset({"giver_mode", "giver_status", "recipient_mode", "deny", "allow", "paused"})


def mistyped(mistake: Mistake) -> Message:
    """What could not be read, and how to write it."""
    shown = mistake.shown  # still as Slack sent it: escaped
    sentences = {
        Problem.NOBODY: "Who do you want to thank? Try `/kudos @name 10 for helping with the release`.",
        Problem.UNKNOWN_HANDLE: f"I can't tell who “{shown}” is. Pick the name from the list that Slack shows as you type.",
        Problem.BROADCAST: "Kudos go to people, so @here and @channel don't work.",
        Problem.BAD_AMOUNT: f"“{shown}” isn't an amount I know. Use a whole number; 0 is plain thanks.",
    }
    return layouts.refusal(sentences[mistake.problem], [OPEN_FORM])


def refused(
    workspace: Workspace,
    refusal: Refusal,
    draft_id: str,
    *,
    points: int = 0,
    people: int = 1,
    standing: Standing | None = None,
    admins: Sequence[Person] = (),
    most_each: int | None = None,
) -> Message:
    """A refusal of giving, with the buttons that help."""
    sentence, buttons = escape(refusal.message), [Button("give_edit", "Edit in a form", draft_id)]
    if refusal.code is Code.SELF_RECOGNITION:
        return layouts.refusal("You can't give kudos to yourself. Nice try, though.", [])
    if refusal.code is Code.INSUFFICIENT_ALLOWANCE and standing is not None:
        sentence, fewer = _budget(workspace, points, people, standing)
        buttons = ([_retry(fewer, draft_id)] if fewer else []) + buttons
    elif refusal.rule == "points_each_max" and most_each:
        buttons = [_retry(most_each, draft_id), *buttons]
    elif refusal.rule in {"pair_points", "received_points"}:
        buttons = [_retry(0, draft_id, "Thank without points"), *buttons]
    elif refusal.code is Code.MESSAGE_TOO_SHORT:
        buttons = [Button("give_edit", "Add a reason", draft_id, "primary")]
    if refusal.rule in _ASK_ADMIN:
        buttons = []
        if admins:
            sentence += f" Ask an admin: {', '.join(person.mention for person in admins)}."
    return layouts.refusal(sentence, buttons)


def _budget(workspace: Workspace, points: int, people: int, standing: Standing) -> tuple[str, int]:
    unit = workspace.unit
    cost = points * people
    parts = f" ({people} people × {points})" if people > 1 else ""
    sentence = f"That needs *{escape(unit.of(cost))}*{parts} and you have {layouts.left(standing)}."
    return sentence, standing.remaining // people


def _retry(points: int, draft_id: str, text: str = "") -> Button:
    value = orjson.dumps({"n": points, "d": draft_id}).decode()
    return Button("give_retry", text or f"Give {points:,} each", value, "primary")


def not_undone(refusal: Refusal) -> Message:
    """Why something was not taken back."""
    return layouts.note(f":no_entry: *Not taken back.* {escape(refusal.message)}")


def failed(error: BaseException) -> Message:
    """Anything else that keeps an act from being done: what happened, and that nothing was sent."""
    if isinstance(error, Refusal):
        return layouts.refusal(escape(error.message), [])
    if isinstance(error, Forbidden):
        return layouts.note(escape(str(error)))
    if isinstance(error, Unauthenticated):
        return layouts.note("Your account has been deactivated here. Ask an admin.")
    if isinstance(error, InDoubt):
        return layouts.note("I can't tell whether this was done. Look at `/kudos history` before you do it again.")
    if isinstance(error, Busy):
        return layouts.note("Plaudit has too much to do at this moment, and nothing was sent. Try again in a minute.")
    reference = error.reference if isinstance(error, Bug) else new_reference()
    log.error("reference %s: %s: %s", reference, type(error).__name__, error)
    return layouts.note(f"Something went wrong and nothing was sent. Reference {reference}.")


def is_told(error: BaseException) -> bool:
    """Whether an error is one that a person is told of, rather than a failure to be tried again."""
    return isinstance(error, PlauditError) and not isinstance(error, Busy | Bug)


def account(workspace: Workspace, kind: str, user_id: str) -> Message:
    """Somebody named cannot receive for what its account in Slack is."""
    why = {
        "APP": "it's an app",
        "STRANGER": "they're from another company",
        "UNKNOWN": "Slack didn't say who that is; try again in a minute",
        "DELETED": "the account is deactivated",
    }[kind]
    return layouts.refusal(f"<@{user_id}> can't receive {escape(workspace.unit.plural)}: {why}.", [])
