"""The Home tab of a member: numbers, what to do, and what happened lately."""

from collections.abc import Sequence

from integrations.slack.layouts.answers import item_blocks, nothing_more
from integrations.slack.layouts.inputs import home
from integrations.slack.layouts.parts import actions, button, confirm, context, divider, ending, fields, header, section
from integrations.slack.layouts.shapes import HistoryPage, Json, Reward, StaffHome, Unit
from integrations.slack.layouts.wording import DOT, PEOPLE, date, link, points, time, word

RECENT_MAX = 5
PAGE_MAX = 10
REWARDS_MAX = 10
REQUESTS_MAX = 10


def staff_home(unit: Unit, shown: StaffHome) -> Json:
    """What a member sees first."""
    blocks = tabs("me") if shown.is_admin else []
    if shown.is_new:
        blocks += _welcome(unit, shown)
    blocks += [header("Your kudos"), *fields(*_numbers(unit, shown)), actions(_buttons(shown)), divider()]
    if not shown.is_new:
        blocks += [header("Recent"), *_items(shown)]
    if shown.rewards:
        blocks += [divider(), *_rewards(unit, shown, shown.rewards)]
    if shown.requests:
        blocks += [divider(), *_requests(unit, shown)]
    blocks += [divider(), _footer(shown)]
    return home(blocks, tab="me", p=0)


def history_home(shown: HistoryPage) -> Json:
    """Everything that a member gave and received, page by page."""
    blocks = tabs("me") if shown.is_admin else []
    blocks.append(header("Your history"))
    blocks += [block for item in shown.items[:PAGE_MAX] for block in item_blocks(item)]
    if not shown.items:
        blocks.append(section("There is nothing on this page."))
    way = turns("home_page", shown.page, has_more=shown.has_older, back="Newer", on="Older")
    blocks += [actions([*way, button("home_back", "Back", "me")]), divider(), _footer(shown)]
    return home(blocks, tab="history", p=shown.page)


def turns(prefix: str, page: int, *, has_more: bool, back: str, on: str) -> list[Json]:
    """The buttons to the pages before and after. An action's id stands once in a row, so that each direction has its own."""
    made = [button(f"{prefix}_newer", back, str(page - 1))] if page > 0 else []
    return [*made, button(f"{prefix}_older", on, str(page + 1))] if has_more else made


def tabs(open_tab: str) -> list[Json]:
    """For admins: from the one Home to the other and back."""
    ways = (("me", "Me"), ("admin", "Admin"))
    return [actions([button(f"home_tab_{tab}", text, tab, style="primary" if tab == open_tab else None) for tab, text in ways])]


def _welcome(unit: Unit, shown: StaffHome) -> list[Json]:
    steps = (
        "1. Think of somebody who helped you lately.\n"
        "2. Say what they did, and what it changed.\n"
        f"3. Add {word(unit.plural)}, or none: plain thanks count, too."
    )
    if shown.standing is None:
        return [header("Welcome"), section("When somebody thanks you, you find it here."), divider()]
    press = button("give_open", "Say your first thank you", "home", style="primary")
    return [header("Welcome"), section(steps), actions([press]), divider()]


def _numbers(unit: Unit, shown: StaffHome) -> tuple[str, ...]:
    standing = shown.standing
    give = "You are not set up to give."
    if standing is not None:
        give = f"{standing.remaining:,} of {standing.total:,} until {date(standing.resets_at)}"
    held = f"\nand {shown.pending:,} set aside for requests" if shown.pending else ""
    return (
        f"*Balance to spend*\n{points(unit, shown.balance)}{held}",
        f"*Left to give*\n{give}",
        f"*Received this month*\n{shown.received_points:,} from {PEOPLE.of(shown.received_people)}",
        f"*Given this month*\n{shown.given_points:,} to {PEOPLE.of(shown.given_people)}",
    )


def _buttons(shown: StaffHome) -> list[Json]:
    gives = shown.standing is not None and not shown.is_new  # Whoever is new has that button in the welcome.
    made = [button("give_open", "Give kudos", "home", style="primary")] if gives else []
    made.append(button("home_history", "My history", "0"))
    if shown.rewards is not None:
        made.append(button("home_rewards", "All rewards", "0"))
    return [*made, button("home_settings", "Notifications", "home")]


def _items(shown: StaffHome) -> list[Json]:
    if not shown.items:
        return [context("Nothing lately.")]
    blocks = [block for item in shown.items[:RECENT_MAX] for block in item_blocks(item)]
    return [*blocks, nothing_more(shown.has_older or len(shown.items) > RECENT_MAX)]


def _rewards(unit: Unit, shown: StaffHome, rewards: Sequence[Reward]) -> list[Json]:
    blocks = [header("Rewards you can have now" if any(reward.in_reach for reward in rewards) else "Rewards")]
    blocks += [reward_block(unit, reward) for reward in rewards[:REWARDS_MAX]]
    if shown.has_more_rewards:
        return [*blocks, context("There are more under *All rewards*.")]
    return blocks + ending(len(rewards) - REWARDS_MAX, shown.web_url)


def reward_block(unit: Unit, reward: Reward) -> Json:
    """A reward in a list, with what to press for it."""
    if reward.in_reach:
        press = button("redeem_open", "Redeem", reward.id, style="primary", about=reward.name)
    else:
        press = button("redeem_short", reward.why_not, reward.id, about=reward.name)
    line = f"*{word(reward.name)}*{DOT}{points(unit, reward.price)}"
    return section(f"{line}\n{word(reward.description)}" if reward.description else line, accessory=press)


def _requests(unit: Unit, shown: StaffHome) -> list[Json]:
    blocks = [header("Your requests")]
    for request in shown.requests[:REQUESTS_MAX]:
        press = None
        if request.can_cancel:
            back = f"The *{points(unit, request.price)}* go back to your balance."
            sure = confirm("Cancel this request?", back, "Cancel request", "Keep it")
            press = button("redeem_cancel", "Cancel", request.id, style="danger", confirm=sure, about=request.name)
        line = f"*{word(request.name)}*{DOT}{points(unit, request.price)}{DOT}{word(request.status)}"
        blocks.append(section(line, accessory=press))
    if shown.has_more_requests:
        return [*blocks, context("There are more.")]
    return blocks + ending(len(shown.requests) - REQUESTS_MAX, shown.web_url)


def _footer(shown: StaffHome | HistoryPage) -> Json:
    return footer(time(shown.updated_at), shown.web_url)


def footer(updated: str, web_url: str | None) -> Json:
    """When this was true, and where there is more. `updated` is mrkdwn."""
    return context(DOT.join([f"Updated {updated}", *([link(web_url, "open the web app")] if web_url else [])]))
