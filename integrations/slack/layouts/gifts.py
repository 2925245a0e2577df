"""What is said about a gift: to whoever gives it, in the channel, and to whoever receives it."""

from collections.abc import Sequence

from integrations.slack.layouts import parts, wording
from integrations.slack.layouts.inputs import select
from integrations.slack.layouts.parts import actions, button, context, option, section
from integrations.slack.layouts.shapes import Button, Gift, Json, Message, Person, Standing, Unit
from integrations.slack.layouts.wording import DOT, PEOPLE, each, hashtags, left, left_plain, link, mentions, names, points

LEFT_OUT_MAX = 10
"""People who are named with why they were left out."""


def receipt(
    unit: Unit, gift: Gift, standing: Standing | None, *, left_out: Sequence[tuple[Person, str]] = (), undo: bool = True
) -> Message:
    """To the giver: what was sent to whom, what is left, and who was left out and why (a plain sentence each)."""
    many = len(gift.recipients)
    total = gift.points_each * many
    if gift.points_each:
        sent = f"Sent: *{each(unit, gift.points_each, many)}* to {mentions(gift.recipients)}"
        sent += f" ({points(unit, total)} in all)." if many > 1 else "."
        to_whom = f"to {PEOPLE.of(many)}" if many > 1 else f"to {names(gift.recipients)}"
        text = f"Sent. You gave {points(unit, total)}" + (f" ({gift.points_each:,} each)" if many > 1 else "") + f" {to_whom}."
    else:
        sent, text = f"Sent: thanks to {mentions(gift.recipients)}.", f"Sent. You thanked {names(gift.recipients)}."
    if standing is not None:
        sent, text = f"{sent} You have {left(standing)}.", f"{text} {left_plain(standing)}."
    if gift.private:
        sent, text = f"{sent} This one is private.", f"{text} This one is private."
    press = button("rec_undo", "Undo", gift.id) if undo else None
    blocks = [section(f":white_check_mark: {sent}", accessory=press)]
    if left_out:
        lines = [f"• {person.mention}: {wording.word(why)}" for person, why in left_out[:LEFT_OUT_MAX]]
        blocks += parts.sections(["*Left out*", *lines]) + parts.ending(len(left_out) - LEFT_OUT_MAX, None)
        text += f" Left out: {names([person for person, _ in left_out])}."
    return parts.message(text, blocks)


def refusal(sentence: str, buttons: Sequence[Button] = ()) -> Message:
    """To the giver: nothing was sent, why, and what to do. `sentence` is mrkdwn, escaped already."""
    blocks = [section(f":no_entry: *Not sent.* {sentence}"), *parts.buttons(buttons)]
    return parts.message(f"Not sent. {wording.plain(sentence)}", blocks)


def note(sentence: str) -> Message:
    """One sentence. It is mrkdwn, escaped already."""
    return parts.message(wording.plain(sentence), [section(sentence)])


def preview(
    unit: Unit,
    people: Sequence[Person],
    groups: Sequence[str],
    points_each: int,
    cost: int,
    standing: Standing | None,
    message: str,
    draft_id: str,
) -> Message:
    """To the giver, before much is given: what would be sent. `groups` are names, as typed; `cost` counts their members."""
    assert people or groups, "somebody is thanked"
    group_names = [f"everyone in {wording.word(group)}" for group in groups]
    shown = wording.listing([*(person.mention for person in people), *group_names])
    spoken = wording.listing([*(person.called for person in people), *group_names])
    what = each(unit, points_each, 2 if groups else len(people)) if points_each else "thanks"
    blocks = [section(f"*Please check.* Send *{what}* to {shown}?"), *parts.quote(message)]
    price = f"That takes *{points(unit, cost)}*."
    if standing is not None:
        price += f" You have {left(standing)}."
    blocks.append(context(price))
    choices = [Button("give_send", "Send", draft_id, "primary"), Button("give_edit", "Edit", draft_id)]
    blocks += parts.buttons([*choices, Button("give_cancel", "Cancel", draft_id)])
    return parts.message(f"Please check before it is sent: {what} to {spoken}, {points(unit, cost)} in all.", blocks)


def choose_value(sentence: str, values: Sequence[tuple[str, str]], draft_id: str) -> Message:
    """To the giver: a company value is missing. `sentence` is mrkdwn, escaped already; `values` are hashtags with names."""
    blocks = [section(f"*Not sent yet.* {sentence}")]
    if values:
        options = value_options(values)
        blocks.append(
            actions([select(options, action_id="give_value", placeholder="Choose a value")], block_id=f"draft:{draft_id}")
        )
        blocks += parts.ending(len(values) - len(options), None)
    return parts.message(f"Not sent yet. {wording.plain(sentence)}", blocks)


def value_options(values: Sequence[tuple[str, str]]) -> list[Json]:
    """Company values to choose from: as many as fit into a menu."""
    return [option(f"#{hashtag}", hashtag, name) for hashtag, name in values[: parts.OPTIONS_MAX]]


def post(unit: Unit, gift: Gift, *, can_open_url: str | None, source_channel: str | None = None) -> Message:
    """In a channel: who thanks whom for what. `source_channel`: another channel that it was given in."""
    amount = each(unit, gift.points_each, len(gift.recipients))
    if gift.points_each:
        line = f"{gift.giver.mention} gave {mentions(gift.recipients)} *{amount}*"
        text = f"{gift.giver.called} gave {names(gift.recipients)} {amount}"
    else:
        line = f"{gift.giver.mention} thanked {mentions(gift.recipients)}"
        text = f"{gift.giver.called} thanked {names(gift.recipients)}"
    blocks = [section(f":sparkles: {line}"), *parts.quote(gift.message)]
    small = [hashtags(gift.values)] if gift.values else []
    if source_channel is not None:
        small.append(f"from <#{source_channel}>")
    if gift.boosters:
        small.append(f"+{points(unit, gift.boost_points)} added by {PEOPLE.of(gift.boosters)}")
    if can_open_url is not None and parts.excerpt(gift.message.strip()) != gift.message.strip():
        small.append(link(can_open_url, "read the whole message"))
    if small:
        blocks.append(context(DOT.join(small)))
    blocks.append(_post_buttons(unit, gift, can_open_url))
    metadata = {"event_type": "recognition_given", "event_payload": {"recognition_id": gift.id}}
    untold = [value for value in gift.values if f"#{value}".casefold() not in gift.message.casefold()]
    tail = f" {hashtags(untold)}" if untold else ""
    return parts.message(f"{text}{_said(gift.message)}{tail}", blocks, metadata)


def _post_buttons(unit: Unit, gift: Gift, can_open_url: str | None) -> Json:
    entries = [option("Undo", f"undo:{gift.id}")]
    if can_open_url is not None:
        entries.append(option("Open in Plaudit", f"open:{gift.id}") | {"url": can_open_url})
    menu = parts.overflow("rec_menu", entries)
    add = [] if gift.private else [button("rec_add", f"Add {unit.plural}", gift.id)]
    return actions([*add, menu], block_id=f"rec:{gift.id}")


def taken_back(gift: Gift) -> Message:
    """In the channel, in place of the post: that it is gone, and nothing of what it said."""
    sentence = "took back a recognition"
    return parts.message(f"{gift.giver.called} {sentence}.", [section(f"{gift.giver.mention} {sentence}.")])


def received(unit: Unit, gift: Gift, balance: int, *, first: bool, rewards: bool, thanked: bool) -> Message:
    """To a recipient. `first`: never before; `thanked`: this recipient has said thanks."""
    if gift.points_each:
        what = points(unit, gift.points_each)
        line, text = f"{gift.giver.mention} gave you *{what}*", f"{gift.giver.called} gave you {what}"
    else:
        line, text = f"{gift.giver.mention} thanked you", f"{gift.giver.called} thanked you"
    blocks = [section(f":tada: {line}"), *parts.quote(gift.message), context(DOT.join(_about(gift, balance)))]
    if thanked:
        blocks.append(context("You said thanks."))
    if first:
        blocks.append(
            context(
                f"This is how people here thank each other: each has {wording.word(unit.plural)} to give, "
                "and what you receive is yours.\nOpen the *Home* tab above to see your balance and to thank someone yourself."
            )
        )
    press = [] if thanked else [button("say_thanks", "Say thanks", gift.id)]
    if rewards:
        press.append(button("open_shop", "See rewards", "home"))
    if press:
        blocks.append(actions(press))
    return parts.message(f"{text}{_ended(_said(gift.message))} Your balance is {balance:,}.", blocks)


def received_taken_back(unit: Unit, gift: Gift, balance: int) -> Message:
    """To a recipient, in place of what was told: that it is gone, and nothing of what it said."""
    what = f"the *{points(unit, gift.points_each)}*" if gift.points_each else "a recognition"
    blocks = [section(f"{gift.giver.mention} took back {what}."), context(f"balance *{balance:,}*")]
    return parts.message(f"{gift.giver.called} took back {wording.plain(what)}. Your balance is {balance:,}.", blocks)


def boosted(unit: Unit, gift: Gift, booster: Person, points_each: int, balance: int) -> Message:
    """To a recipient: somebody has added points to what it was given."""
    what = points(unit, points_each)
    line = f":sparkles: {booster.mention} added *{what}* to what {gift.giver.mention} thanked you for"
    blocks = [section(line), *parts.quote(gift.message), context(DOT.join(_about(gift, balance)))]
    text = f"{booster.called} added {what} to what {gift.giver.called} thanked you for. Your balance is {balance:,}."
    return parts.message(text, blocks)


def thanked(person: Person, gift: Gift, comment: str) -> Message:
    """To the giver: a recipient says thanks, in these words."""
    blocks = [section(f":speech_balloon: {person.mention} says thanks for your recognition"), *parts.quote(comment)]
    if gift.permalink is not None:
        blocks.append(context(link(gift.permalink, "see the message")))
    text = f"{person.called} says thanks for your recognition"
    return parts.message(f"{text}{_ended(_said(comment))}", blocks)


def _about(gift: Gift, balance: int) -> list[str]:
    """Small print to a recipient."""
    small = [hashtags(gift.values)] if gift.values else []
    if gift.permalink is not None:
        small.append(link(gift.permalink, "see the message"))
    if gift.private:
        small.append("private")
    return [*small, f"balance *{balance:,}*"]


def _said(message: str) -> str:
    """What somebody wrote, to go on with after who did what."""
    said = wording.word(message, parts.QUOTE_CHARS_MAX)
    return f": {said}" if said else ""


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
