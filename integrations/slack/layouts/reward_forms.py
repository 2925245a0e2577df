"""Rewards as admins look after them: the catalog, the form for a reward, reasons, and what was delivered."""

from integrations.slack.layouts.home import turns
from integrations.slack.layouts.inputs import checkboxes, field, modal, number_input, radio, select, text_input
from integrations.slack.layouts.parts import actions, button, confirm, context, divider, option, section
from integrations.slack.layouts.policy_forms import POINTS_MAX, REASON_CHARS_MAX
from integrations.slack.layouts.reward_shapes import Article, Catalog, HandedPage, RewardFields
from integrations.slack.layouts.shapes import Json, Unit
from integrations.slack.layouts.wording import DOT, date, points, word

PAGE_MAX = 10
NAME_CHARS_MAX = 100
DESCRIPTION_CHARS_MAX = 1_000
STOCK_MAX = 1_000_000
LIMIT_MAX = 1_000
KINDS = {
    "CUSTOM": "Something of our own",
    "GIFT_CARD": "A gift card",
    "DONATION": "A donation",
    "EXPERIENCE": "An experience",
    "MERCHANDISE": "Merchandise",
    "TIME_OFF": "Time off",
}
PROVIDERS = {
    "MANUAL": ("An admin, by hand", "It waits in Home until an admin has delivered it."),
    "VOUCHER": ("Plaudit, out of a pool of codes", "The stock is the number of codes."),
}


def catalog_list(unit: Unit, shown: Catalog, metadata: str) -> Json:
    """The catalog, each reward to be edited, archived or put back."""
    blocks: list[Json] = []
    for article in shown.articles[:PAGE_MAX]:
        blocks += [section(_article(unit, article)), actions(_about(article))]
    if not shown.articles:
        blocks.append(section("There is nothing on this page." if shown.page else "There are no rewards yet. Add a first one."))
    press = [
        button("reward_add", "Add a reward", "new", style="primary"),
        button("reward_handed", "Delivered", "0"),
        *turns("reward_page", shown.page, has_more=shown.has_more, back="Cheaper", on="More"),
    ]
    return modal("rewards", "Rewards", [*blocks, divider(), actions(press)], metadata=metadata, close="Done")


def _article(unit: Unit, article: Article) -> str:
    stock = "as many as are wanted" if article.stock is None else f"{article.stock:,} left" if article.stock else "none left"
    state = "archived" if article.is_archived else "in the catalog"
    line = f"*{word(article.name)}*{DOT}{points(unit, article.price)}{DOT}{stock}{DOT}{state}"
    return f"{line}\n{DOT.join(article.facts)}" if article.facts else line


def _about(article: Article) -> list[Json]:
    edit = button("reward_edit", "Edit", article.id, about=article.name)
    if article.is_archived:
        return [edit, button("reward_restore", "Put back", article.id, about=article.name)]
    what = "Nobody can redeem it any more. What was redeemed before goes on as it is."
    sure = confirm("Archive this reward?", what, "Archive", "Keep it")
    return [edit, button("reward_archive", "Archive", article.id, style="danger", confirm=sure, about=article.name)]


def reward_form(unit: Unit, fields: RewardFields, metadata: str) -> Json:
    """To make a reward, or to change one."""
    kinds = [option(text, kind) for kind, text in KINDS.items()]
    approval = [option("Ask an admin first", "yes"), option("Deliver without asking", "no")]
    description = text_input(multiline=True, chars_max=DESCRIPTION_CHARS_MAX, initial=fields.description)
    blocks = [
        field("name", "Name", text_input(chars_min=1, chars_max=NAME_CHARS_MAX, initial=fields.name)),
        field("description", "What it is", description, optional=True),
        field("kind", "Kind", select(kinds, initial=fields.kind)),
        field("price", f"Price in {unit.plural}", number_input(0, POINTS_MAX, fields.price)),
    ]
    if fields.is_new:
        ways = [option(text, name, more) for name, (text, more) in PROVIDERS.items()]
        blocks.append(field("provider", "Who delivers it", radio(ways, initial=fields.provider)))
    if fields.is_new or fields.provider != "VOUCHER":
        hint = "Leave empty for as many as are wanted, and for codes."
        blocks.append(field("stock", "In stock", number_input(0, STOCK_MAX, fields.stock), hint=hint, optional=True))
    else:
        blocks.append(context("The stock is the number of codes. More of them are uploaded with a file."))
    hint = "Leave empty for no limit."
    blocks += [
        field("limit", "For each person, at most", number_input(1, LIMIT_MAX, fields.limit), hint=hint, optional=True),
        field("approval", "Before it is delivered", radio(approval, initial="yes" if fields.needs_approval else "no")),
    ]
    title, press = ("New reward", "Add") if fields.is_new else ("Edit reward", "Save")
    return modal("reward_save", title, blocks, metadata=metadata, submit=press)


def decline_form(who: str, reward: str, metadata: str) -> Json:
    """To say no, and why. `who`: as mrkdwn."""
    back = "What it cost goes back, and one into stock."
    blocks = [
        section(f"{who} is told why *{word(reward)}* is declined. {back}"),
        field("reason", "Why", text_input(chars_min=1, chars_max=REASON_CHARS_MAX, multiline=True)),
    ]
    return modal("redeem_declined", "Decline", blocks, metadata=metadata, submit="Decline")


def refund_form(unit: Unit, who: str, reward: str, price: int, metadata: str, *, restock: bool) -> Json:
    """To take back what was delivered, and why. `who`: as mrkdwn; `restock`: whether it can go back into stock."""
    blocks = [
        section(f"{who} gets *{points(unit, price)}* back for *{word(reward)}*, and is told why."),
        field("reason", "Why", text_input(chars_min=1, chars_max=REASON_CHARS_MAX, multiline=True)),
    ]
    if restock:
        ticks = checkboxes([option("It goes back into stock", "restock")])
        blocks.append(field("restock", "The item", ticks, optional=True))
    return modal("redeem_refunded", "Refund", blocks, metadata=metadata, submit="Refund")


def handed_list(unit: Unit, shown: HandedPage, metadata: str) -> Json:
    """What was delivered, each to be refunded."""
    blocks: list[Json] = []
    for one in shown.handed[:PAGE_MAX]:
        line = f"{one.person.mention}{DOT}*{word(one.reward)}*{DOT}{points(unit, one.price)}{DOT}{date(one.at)}"
        blocks.append(section(line, accessory=button("redeem_refund", "Refund…", one.id, about=one.reward)))
    if not blocks:
        blocks.append(section("There is nothing on this page." if shown.page else "Nothing was delivered yet."))
    way = turns("handed", shown.page, has_more=shown.has_more, back="Newer", on="Older")
    return modal("handed", "Delivered", [*blocks, *([actions(way)] if way else [])], metadata=metadata, close="Back")
