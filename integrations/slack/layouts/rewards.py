"""Rewards as members see them: the shelves, the form for redeeming, and what they are told of their requests."""

from integrations.slack.layouts import parts
from integrations.slack.layouts.home import footer, reward_block, tabs, turns
from integrations.slack.layouts.inputs import field, home, modal, text_input
from integrations.slack.layouts.parts import actions, button, context, divider, fields, header, section
from integrations.slack.layouts.reward_shapes import Claimed, Offer, Question, Shelf, ShopPage
from integrations.slack.layouts.shapes import Json, Message, Unit
from integrations.slack.layouts.wording import DOT, plain, points, time, word
from integrations.slack.markup import cut, escape

PAGE_MAX = 10
SUBMIT_CHARS_MAX = 24
DESCRIPTION_CHARS_MAX = 1_500
"""In the form: the whole of it, escaped."""
EMPTY = "There are no rewards here yet."
MUTED = "Nobody but you sees the code. Whoever has it can use it."


def shop_home(unit: Unit, shown: ShopPage) -> Json:
    """The catalog in Home, page by page."""
    shelf = shown.shelf
    blocks = tabs("me") if shown.is_admin else []
    blocks += [header("Rewards"), *_shelf(unit, shelf)]
    way = turns("home_shop", shelf.page, has_more=shelf.has_more, back="Cheaper", on="More")
    blocks += [actions([*way, button("home_back", "Back", "me")]), divider(), footer(time(shown.updated_at), shown.web_url)]
    return home(blocks, tab="rewards", p=shelf.page)


def shop_modal(unit: Unit, shelf: Shelf, metadata: str) -> Json:
    """Rewards to choose from; a press opens the form for redeeming over it."""
    way = turns("shop", shelf.page, has_more=shelf.has_more, back="Cheaper", on="More")
    return modal("shop", "Rewards", [*_shelf(unit, shelf), *([actions(way)] if way else [])], metadata=metadata, close="Close")


def shop_message(unit: Unit, shelf: Shelf, sentence: str = "") -> Message:
    """Rewards to choose from, in words. `sentence`: what was asked for, and what became of that, as mrkdwn."""
    if not shelf.rewards:
        kept = f"{EMPTY} Your {word(unit.plural)} stay yours."
        return parts.message(plain(kept), [section(kept)])
    names = [f"{word(reward.name)} ({points(unit, reward.price)})" for reward in shelf.rewards[:PAGE_MAX]]
    blocks = [*([section(sentence)] if sentence else []), *_shelf(unit, shelf)]
    if shelf.has_more:
        blocks.append(actions([button("open_shop", "See all rewards", "all")]))
    said = f"{plain(sentence)} " if sentence else ""
    return parts.message(f"{said}You have {points(unit, shelf.balance)}. Rewards: {', '.join(names)}.", blocks)


def _shelf(unit: Unit, shelf: Shelf) -> list[Json]:
    if not shelf.rewards:
        return [section("There is nothing on this page." if shelf.page else EMPTY)]
    blocks = [context(f"You have *{points(unit, shelf.balance)}* to spend.")]
    return blocks + [reward_block(unit, reward) for reward in shelf.rewards[:PAGE_MAX]]


def redeem_form(unit: Unit, offer: Offer, metadata: str, *, note_chars_max: int, note: str = "", news: str = "") -> Json:
    """To redeem a reward. `news`: a sentence about what has changed since the form was opened, plain."""
    about = f"*{word(offer.name)}*"
    if offer.description:
        about += f"\n{cut(escape(offer.description), DESCRIPTION_CHARS_MAX)}"
    picture = None
    if offer.picture is not None:
        picture = {"type": "image", "image_url": offer.picture, "alt_text": parts.shorten(offer.name, 100)}
    after = f"*Balance after*\n{points(unit, offer.balance - offer.price)}"
    blocks = [
        *([section(f":warning: *{word(news)}*")] if news else []),
        section(about, accessory=picture),
        *fields(f"*Price*\n{points(unit, offer.price)}", after),
        *([context("An admin is asked first. Until then you can cancel it.")] if offer.needs_approval else []),
        field("note", "Note for the admin", text_input(chars_max=note_chars_max, initial=note, multiline=True), optional=True),
    ]
    return modal("redeem", "Redeem", blocks, metadata=metadata, submit=_submit(unit, offer.price))


def _submit(unit: Unit, price: int) -> str:
    """What is pressed to redeem: it says what that costs, if its words fit."""
    said = f"Spend {unit.of(price)}" if price else "Redeem"
    return said if len(said) <= SUBMIT_CHARS_MAX else f"Spend {price:,}"


def claimed(unit: Unit, shown: Claimed) -> Message:
    """To the member: what became of a request."""
    name, price = f"*{word(shown.name)}*", f"*{points(unit, shown.price)}*"
    back = f" The {price} are back: you have *{points(unit, shown.balance)}*." if shown.price else ""
    held = f" {price} are set aside for it." if shown.price else ""
    line = {
        "requested": f":hourglass_flowing_sand: {name} waits for approval.{held}",
        "ordered": f":white_check_mark: {name} is on its way.{held}",
        "approved": f":white_check_mark: {name} was approved and is on its way.",
        "rejected": f":no_entry: {name} was declined.{back}",
        "fulfilled": f":gift: {name} has been delivered to you.",
        "refunded": f":leftwards_arrow_with_hook: {name} was refunded.{back}",
    }[shown.step]
    blocks = [section(line), *parts.quote(shown.said)]
    if shown.has_code:
        blocks += [actions([button("show_code", "Show code", shown.id, style="primary")]), context(MUTED)]
    said = f" The admin says: {word(shown.said, parts.QUOTE_CHARS_MAX)}" if shown.said else ""
    return parts.message(f"{plain(line).partition(': ')[2]}{said}", blocks)


def code_modal(name: str, code: str) -> Json:
    """A voucher's code, for its owner."""
    lettered = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": code}]}
    blocks = [section(f"*{word(name)}*"), {"type": "rich_text", "elements": [lettered]}, context(MUTED)]
    return modal("code", "Your code", blocks, metadata="{}", close="Close")


def asked(unit: Unit, shown: Question) -> Message:
    """To an admin: what a member would like, with what to press; once that is decided, what was."""
    who, name, price = shown.person, f"*{word(shown.reward)}*", f"*{points(unit, shown.price)}*"
    wants = "would like" if shown.step == "decide" else "has redeemed"
    line = f":inbox_tray: {who.mention} {wants} {name} for {price}"
    small = [f"{shown.outcome} by {shown.by.mention}" if shown.by else shown.outcome] if shown.outcome else []
    if shown.step == "deliver":
        small.append("to be delivered by hand")
    blocks = [section(line), *parts.quote(shown.note), *([context(DOT.join(small))] if small else [])]
    press = {
        "decide": [button("redeem_approve", "Approve", shown.id, style="primary")],
        "deliver": [button("redeem_deliver", "Mark as delivered", shown.id, style="primary")],
        "over": [],
    }[shown.step]
    if press:
        blocks.append(actions([*press, button("redeem_decline", "Decline…", shown.id)]))
    over = f"{shown.outcome} by {shown.by.called}." if shown.by else f"{shown.outcome}."
    waits = {"decide": "It waits for you.", "deliver": "It is to be delivered by hand.", "over": over}
    text = f"{who.called} {wants} {word(shown.reward)} for {points(unit, shown.price)}. {waits[shown.step]}"
    return parts.message(text, blocks)
