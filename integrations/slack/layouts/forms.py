"""Forms that every member fills in: giving, adding points, notifications."""

from collections.abc import Sequence

from integrations.slack.layouts import parts
from integrations.slack.layouts.gifts import value_options
from integrations.slack.layouts.inputs import channel_select, field, modal, number_input, people_select, radio, select, text_input
from integrations.slack.layouts.parts import context, option, section
from integrations.slack.layouts.shapes import Gift, GiveFields, GiveTerms, Json, Message, Standing, Unit
from integrations.slack.layouts.wording import date, mentions, plural, points

MESSAGE_CHARS_MAX = 2_000
NOTHING_YET = GiveFields()
STILL_TOLD = "What becomes of your own requests for rewards you are told anyway. Requests of others then wait in Home only."


def give_form(
    unit: Unit,
    standing: Standing,
    terms: GiveTerms,
    metadata: str,
    filled: GiveFields = NOTHING_YET,
    *,
    quoted: str | None = None,
) -> Json:
    """To thank somebody. `quoted`: the message in Slack that it is for, as it was written."""
    blocks = [_left(unit, standing)]
    if quoted is not None and quoted.strip():
        blocks += [context("For this message:"), *parts.quote(quoted, parts.EXCERPT_CHARS_MAX)]
    people = people_select(people_max=terms.people_max, initial=filled.people)
    blocks.append(field("to", "Who", people, hint="Each person gets the amount below."))
    blocks.append(field("amount", f"{plural(unit)} each", number_input(0, terms.points_max, filled.points)))
    why = text_input(
        multiline=True,
        chars_min=terms.message_chars_min,
        chars_max=MESSAGE_CHARS_MAX,
        initial=filled.message,
        placeholder="Be specific: what they did and what it changed",
    )
    blocks.append(field("why", "What did they do?", why, optional=not terms.message_chars_min))
    if terms.values:
        blocks.append(_value(terms, filled.value))
    where = channel_select(initial=[filled.channel_id] if filled.channel_id else [], current=True)
    blocks.append(field("where", "Post it in", where, hint="Leave empty to tell only the people you thank.", optional=True))
    return modal("give", "Give kudos", blocks, metadata=metadata, submit="Send")


def boost_form(unit: Unit, gift: Gift, standing: Standing, initial: int | None, metadata: str) -> Json:
    """To add points to somebody else's recognition."""
    asked = f"Add {unit.plural}"
    blocks = [
        _left(unit, standing),
        section(f"{gift.giver.mention} thanked {mentions(gift.recipients)}"),
        *parts.quote(gift.message, parts.EXCERPT_CHARS_MAX),
        field(
            "amount",
            f"{plural(unit)} each" if len(gift.recipients) > 1 else plural(unit),
            number_input(1, max(1, standing.remaining), initial),
            hint="Everyone who was thanked gets them." if len(gift.recipients) > 1 else None,
        ),
    ]
    return modal("boost", asked, blocks, metadata=metadata, submit="Add")


def notifications_form(choice: str, metadata: str) -> Json:
    """When to be told in a direct message: `ALWAYS` or `NEVER`."""
    options = [option("Every time", "ALWAYS"), option("Never", "NEVER")]
    tell = field("dm", "When somebody thanks me, tell me", radio(options, initial=choice), hint=STILL_TOLD)
    return modal("notifications_save", "Notifications", [tell], metadata=metadata, submit="Save")


def told(message: Message) -> Json:
    """In the place of a form that cannot be sent: why."""
    blocks = [block for block in message.blocks if block["type"] != "actions"]
    return modal("told", "Plaudit", blocks, metadata="{}", close="Close")


def _left(unit: Unit, standing: Standing) -> Json:
    return context(f"You have *{points(unit, standing.remaining)}* left to give until *{date(standing.resets_at)}*.")


def _value(terms: GiveTerms, chosen: str | None) -> Json:
    options: Sequence[Json] = value_options(terms.values)
    rest = len(terms.values) - len(options)
    hint = f"There are {rest:,} more: write one as a #hashtag above." if rest else None
    element = select(options, initial=chosen, placeholder="Choose a value")
    # What is written as a #hashtag counts, too: of more values than fit into the menu, none can be asked for here.
    return field("value", "Company value", element, hint=hint, optional=not terms.value_needed or rest > 0)
