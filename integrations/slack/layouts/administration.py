"""The Home tab of an admin: what waits, who may give and receive, and how it goes."""

from collections.abc import Sequence

from integrations.slack.layouts import parts
from integrations.slack.layouts.home import footer, tabs
from integrations.slack.layouts.inputs import home
from integrations.slack.layouts.parts import (
    actions,
    button,
    confirm,
    context,
    divider,
    ending,
    fields,
    header,
    option,
    overflow,
    section,
)
from integrations.slack.layouts.shapes import AdminHome, Approval, FeatureOff, Json, Setup, Unit
from integrations.slack.layouts.wording import PEOPLE, hashtags, link, mentions, plural, points, time, word

WAITING_MAX = 10
RULES_MAX = 17
"""With the default line and the people set one by one, two sections of fields are full."""
NAMED_CHARS_MAX = 100
"""Of a reward that somebody waits for, or of its trouble: ten of them with their notes and all the rules must fit into a view."""
FEATURES_MAX = 5
MESSAGES = Unit("message", "messages")
DAYS = Unit("day", "days")


def admin_home(unit: Unit, shown: AdminHome) -> Json:
    """What an admin sees under Admin."""
    blocks = tabs("admin")
    if not shown.setup.is_done:
        blocks += [*_setup(shown), divider()]
    if shown.waiting:
        blocks += [*_waiting(unit, shown), divider()]
    if shown.undelivered:
        blocks += [_undelivered(shown.undelivered), divider()]
    blocks += [*_who(shown), divider(), *_month(unit, shown), divider()]
    if shown.features_off:
        blocks += [*_features_off(shown.features_off, shown.web_url), divider()]
    blocks.append(footer(time(shown.updated_at), shown.web_url))
    return home(blocks, tab="admin")


def pause_confirm() -> Json:
    """The question before giving is paused for everyone."""
    what = "Nobody can give points until you start it again. Balances and rewards keep working."
    return confirm("Pause giving for everyone?", what, "Pause")


def _setup(shown: AdminHome) -> list[Json]:
    blocks = [header("Before you begin")]
    blocks += [_step(done, text, action_id, press) for done, text, action_id, press in _steps(shown.setup)]
    if shown.admins:
        blocks.append(context(f"Admins: {mentions(shown.admins)}"))
    return blocks


def _steps(setup: Setup) -> list[tuple[bool, str, str, str]]:
    steps = [
        (setup.allowance, "look at how much everyone can give", "adm_allowance", "Allowance"),
        (setup.values, "name your company values", "adm_values", "Values"),
        (setup.feed_channel, "choose a channel where everything is shown", "adm_channels", "Channels"),
    ]
    if setup.rewards is not None:
        steps.append((setup.rewards, "offer a first reward", "adm_rewards", "Rewards"))
    return [*steps, (setup.invited, "tell everyone", "setup_invite", "Tell everyone")]


def _step(done: bool, text: str, action_id: str, press: str) -> Json:
    if done:
        return section(f":white_check_mark: Done: {text}")
    return section(f":white_large_square: To do: {text}", accessory=button(action_id, press, "setup"))


def _waiting(unit: Unit, shown: AdminHome) -> list[Json]:
    blocks = [header("Waiting for you")]
    for one in shown.waiting[:WAITING_MAX]:
        blocks += [_approval(unit, one), *parts.quote(one.note, parts.EXCERPT_CHARS_MAX)]
    return blocks + ending(len(shown.waiting[WAITING_MAX:]) + shown.waiting_more, shown.web_url)


def _approval(unit: Unit, one: Approval) -> Json:
    what, since = (
        f"*{word(one.reward, NAMED_CHARS_MAX)}* ({points(unit, one.price)})",
        f"for {DAYS.of(one.days)}" if one.days else "since today",
    )
    line, said, press, value = {
        "decide": (f"{one.person.mention} wants {what}", f"Waits for approval {since}", "Approve", "ok"),
        "deliver": (f"{one.person.mention} gets {what}", f"To be delivered by hand {since}", "Mark as delivered", "done"),
        "trouble": (
            f"{one.person.mention} gets {what}",
            f":warning: Not delivered: {word(one.trouble, NAMED_CHARS_MAX)}",
            "Try again",
            "again",
        ),
    }[one.step]
    choices = [option(press, f"{value}:{one.id}"), option("Decline…", f"no:{one.id}", "Gives the price back")]
    return section(f"{line}\n{said}", accessory=overflow("redeem_admin", choices))


def _undelivered(number: int) -> Json:
    were = "was" if number == 1 else "were"
    text = f":warning: *{MESSAGES.of(number)} {were} not delivered.* Nothing is lost: points stand as they were given."
    return section(text, accessory=button("dead_retry", "Try again", "all"))


def _who(shown: AdminHome) -> list[Json]:
    blocks = [header("Who can give and receive")]
    if shown.paused:
        resume = button("resume_all", "Start giving again", "all", style="primary")
        blocks.append(section("*Giving is paused.* Nobody can give points. Balances keep working.", accessory=resume))
    lines = [f"*Everyone (default)*\n{word(shown.default_line)}"]
    lines += [f"*{word(rule.name)}*\n{word(rule.words)}" for rule in shown.rules[:RULES_MAX]]
    if shown.people_set:
        lines.append(f"*{PEOPLE.of(shown.people_set)} set one by one*\nCheck a person to see how.")
    blocks += [*fields(*lines), *ending(len(shown.rules) - RULES_MAX, shown.web_url)]
    press = [button("rule_add", "Add a rule", "new", style="primary")]
    if shown.rules:
        press.append(button("rule_list", "Edit rules", "all"))
    press += [button("rule_check", "Check a person", "any"), button("adm_allowance", "Allowance", "home")]
    if not shown.paused:
        press.append(button("pause_all", "Pause giving", "all", style="danger", confirm=pause_confirm()))
    return [*blocks, actions(press)]


def _month(unit: Unit, shown: AdminHome) -> list[Json]:
    month = shown.month
    numbers = fields(
        f"*{word(plural(unit))} given*\n{month.points_given:,}",
        f"*People who gave*\n{month.people_gave:,} of {month.people:,}",
        f"*Top value*\n{hashtags([month.top_value]) if month.top_value else 'none yet'}",
    )
    press = [button("adm_rewards", "Rewards", "home")] if shown.has_rewards else []
    press += [
        button("adm_values", "Values", "home"),
        button("adm_channels", "Channels", "home"),
        button("adm_settings", "Settings", "home"),
        button("adm_adjust", f"Adjust {unit.plural}", "home"),
    ]
    if shown.web_url is not None:
        press.append(button("adm_web", "Open admin site", url=shown.web_url))
    return [header("This month"), *numbers, actions(press)]


def _features_off(features: Sequence[FeatureOff], web_url: str | None) -> list[Json]:
    blocks = [header("Switched off")]
    for feature in features[:FEATURES_MAX]:
        text = f"*{word(feature.name)}*\n{word(feature.remedy)}"
        blocks.append(section(text if feature.url is None else f"{text} {link(feature.url, 'Change it')}"))
    return blocks + ending(len(features) - FEATURES_MAX, web_url)
