"""Forms that admins fill in: rules, a person, allowance, values, channels, settings."""

from collections.abc import Sequence

from integrations.slack.layouts import parts
from integrations.slack.layouts.inputs import (
    channel_select,
    checkboxes,
    field,
    modal,
    number_input,
    people_select,
    person_select,
    radio,
    select,
    text_input,
)
from integrations.slack.layouts.parts import button, confirm, context, divider, ending, option, overflow, section
from integrations.slack.layouts.shapes import AllowanceFields, Checked, Json, RuleFields, RuleLine, Unit, VerdictLine
from integrations.slack.layouts.wording import left, plural, points, word
from integrations.slack.terms import Terms

POINTS_MAX = 1_000_000
REASON_CHARS_MIN, REASON_CHARS_MAX = 3, 300
RULE_PEOPLE_MAX = 100
LISTED_MAX = 30
"""Of lines with two words of up to 300 characters each: a view has 250 KB, and an emoji takes 12 of them."""
MODES = {"NORMAL": "Gives and receives", "GIVER": "Only gives", "RECEIVER": "Only receives", "OBSERVER": "Neither"}
STATUSES = {"ACTIVE": "active", "INVITED": "invited, not seen yet", "DEACTIVATED": "deactivated"}
PERIODS = {"DAY": "Every day", "WEEK": "Every week", "MONTH": "Every month", "QUARTER": "Every quarter"}
RULES = {
    "paused": "Pause",
    "giver_status": "Account, to give",
    "giver_mode": "Mode, to give",
    "self": "Oneself",
    "recipient_status": "Account, to receive",
    "recipient_mode": "Mode, to receive",
    "deny": "Rules that forbid",
    "allow": "Rules that allow",
    "points_each_max": "Points at once",
    "recipients_max": "People at once",
    "pair_points": "Points to one person",
    "pair_recognitions": "Times to one person",
    "received_points": "Points received",
    "message": "Message",
    "value": "Company value",
    "allowance": "Allowance",
}
"""Names of giving rules in plain words."""
SCOPES = {"all": "Everyone", "group": "A user group", "people": "People I choose"}


def rule_form(unit: Unit, fields: RuleFields, groups: Sequence[tuple[str, str]], metadata: str, *, period: str = "month") -> Json:
    """Who may give and receive, and how much. `groups`: ids with names; shown when the scope is a group."""
    scopes = radio([option(text, value) for value, text in SCOPES.items()], initial=fields.scope, action_id="scope")
    blocks = [field("scope", "This rule is for", scopes) | {"dispatch_action": True}, *_scope(fields, groups)]
    give = [option("Yes, with an allowance", "yes"), option("No", "no")]
    receive = [option("Yes", "yes"), option("No", "no")]
    allow = number_input(0, POINTS_MAX, fields.points)
    blocks += [
        field("give", "Can give", select(give, initial="yes" if fields.gives else "no")),
        field("allow", f"{plural(unit)} to give a {period}", allow, optional=True),
        field("recv", "Can receive", select(receive, initial="yes" if fields.receives else "no")),
        field("note", "Why (kept in the audit log)", _reason(fields.note)),
    ]
    return modal("rule_save", "Who can give", blocks, metadata=metadata, submit="Save")


def rule_effect(lines: Sequence[str], metadata: str) -> Json:
    """What a rule would change, before it does. Lines are plain sentences."""
    shown = parts.sections(f"• {word(line)}" for line in lines[:LISTED_MAX]) or [section("Nothing changes for anybody.")]
    blocks = [section("*This is what changes:*"), *shown, *ending(len(lines) - LISTED_MAX, None)]
    return modal("rule_apply", "What changes", blocks, metadata=metadata, submit="Apply", close="Back")


def rule_list(rules: Sequence[RuleLine], metadata: str, *, web_url: str | None = None) -> Json:
    """The rules in order, each to be edited or removed."""
    blocks = []
    for rule in rules[:LISTED_MAX]:
        entries = [option("Edit", f"edit:{rule.id}"), option("Remove", f"remove:{rule.id}")]
        blocks.append(section(f"*{word(rule.name)}*\n{word(rule.words)}", accessory=overflow("rule_menu", entries)))
    blocks += ending(len(rules) - LISTED_MAX, web_url)
    return modal("rules", "Rules", blocks or [section("There are no rules yet.")], metadata=metadata, close="Done")


def check_form(metadata: str) -> Json:
    """To choose whose rights to look at: a choice answers at once."""
    return modal("check", "Check a person", [_whom(None)], metadata=metadata, close="Done")


def check_result(unit: Unit, checked: Checked, metadata: str) -> Json:
    """Somebody's rights, which rule decides each, and what an admin may do about it."""
    status = STATUSES.get(checked.status, checked.status)
    allowance = f"*To give:* {left(checked.standing)}." if checked.standing else "*To give:* no allowance."
    numbers = f"*Balance:* {points(unit, checked.balance)}.\n{allowance}"
    modes = select([option(text, mode) for mode, text in MODES.items()], initial=checked.mode, action_id="member_mode")
    blocks = [
        _whom(checked.person.slack_id),
        section(f"*{checked.person.mention}*  ·  {word(status)}\n{numbers}"),
        section("*Part in giving and receiving*", accessory=modes, block_id=f"mode:{checked.member_id}"),
        parts.actions(_about_person(unit, checked)),
        divider(),
        *parts.sections(_verdict(verdict) for verdict in checked.verdicts),
    ]
    return modal("check", "Check a person", blocks, metadata=metadata, close="Done")


def adjust_form(unit: Unit, metadata: str, *, person: str | None = None) -> Json:
    """To add points to somebody's balance, or take some away, for a reason. `person` is an id in Slack."""
    amount = number_input(-POINTS_MAX, POINTS_MAX)
    blocks = [
        field("who", "Who", person_select(initial=person)),
        field("points", plural(unit), amount, hint="With a minus in front, they are taken away."),
        field("reason", "Why (kept in the audit log)", _reason("")),
    ]
    return modal("adjust", "Adjust a balance", blocks, metadata=metadata, submit="Adjust")


def allowance_form(unit: Unit, fields: AllowanceFields, metadata: str) -> Json:
    """How much everyone may give, and how often."""
    periods = [option(text, period) for period, text in PERIODS.items()]
    now = [option("Count at once", "now", "Raises what is left today; never lowers it.")]
    blocks = [
        field("base", f"{plural(unit)} to give", number_input(0, POINTS_MAX, fields.base_points)),
        field("period", "How often", select(periods, initial=fields.period)),
        field(
            "rollover",
            "Kept for the next time, at most",
            number_input(0, POINTS_MAX, fields.rollover),
            hint="What is left over beyond that expires.",
        ),
        field("now", "When", checkboxes(now), hint="Otherwise it counts from the next period on.", optional=True),
    ]
    return modal("allowance_save", "Allowance", blocks, metadata=metadata, submit="Save")


def values_form(values: Sequence[tuple[str, str]], metadata: str, *, web_url: str | None = None) -> Json:
    """The company values, each to be archived, and a new one to be added."""
    blocks: list[Json] = []
    for hashtag, name in values[:LISTED_MAX]:
        sure = confirm(f"Archive #{hashtag}?", "Nobody can choose it any more. What was given for it stays.", "Archive")
        press = button("value_archive", "Archive", hashtag, confirm=sure, about=f"#{hashtag}")
        blocks.append(section(f"*#{word(hashtag)}*  {word(name)}", accessory=press))
    blocks += [*ending(len(values) - LISTED_MAX, web_url), *([divider()] if blocks else [])]
    blocks += [
        field("hashtag", "New value, as a hashtag", text_input(chars_min=1, chars_max=51, placeholder="#teamwork")),
        field("name", "What it stands for", text_input(chars_min=1, chars_max=100, placeholder="We win together")),
    ]
    return modal("values_save", "Company values", blocks, metadata=metadata, submit="Add", close="Done")


def channels_form(terms: Terms, metadata: str) -> Json:
    """Where recognitions are shown, and where nothing is given."""
    blocks = [
        _feed(terms),
        field(
            "muted_channels",
            "Nothing is given in",
            channel_select(several=True, initial=terms.muted_channels),
            hint="Whoever tries is told where else to.",
            optional=True,
        ),
    ]
    return modal("channels_save", "Channels", blocks, metadata=metadata, submit="Save")


def settings_form(unit: Unit, terms: Terms, metadata: str) -> Json:
    """What the workspace has set. Blocks are named after what they change."""
    ways = {
        "messages": "Writing @name ++ in a message",
        "reactions": "Reacting with the emoji",
        "groups": "Thanking a user group at once",
    }
    ticked = [way for way in ways if getattr(terms, way)]
    percent = number_input(0, 100, terms.confirm_percent)
    blocks = [
        field("emoji", "Emoji that gives", text_input(chars_min=1, chars_max=102, initial=f":{terms.emoji}:")),
        field("points_per_emoji", f"{plural(unit)} per emoji", number_input(1, POINTS_MAX, terms.points_per_emoji)),
        field(
            "points_default",
            f"{plural(unit)} where no number is said",
            number_input(0, POINTS_MAX, terms.points_default),
            hint="Leave empty to ask each time.",
            optional=True,
        ),
        field(
            "ways", "Ways to give", checkboxes([option(text, way) for way, text in ways.items()], ticked=ticked), optional=True
        ),
        field("confirm_percent", "Ask first above this share of what is left", percent, hint="In percent; 100 never asks."),
        field("confirm_points", f"Ask first from so many {unit.plural} on", number_input(1, POINTS_MAX, terms.confirm_points)),
        _feed(terms),
    ]
    return modal("settings_save", "Settings", blocks, metadata=metadata, submit="Save")


def _feed(terms: Terms) -> Json:
    chosen = channel_select(initial=[terms.feed_channel] if terms.feed_channel else [])
    return field("feed_channel", "Show what is public in", chosen, hint="Leave empty for no such channel.", optional=True)


def _scope(fields: RuleFields, groups: Sequence[tuple[str, str]]) -> list[Json]:
    if fields.scope == "people":
        people = people_select(people_max=RULE_PEOPLE_MAX, initial=fields.people)
        return [field("people", "Which people", people)]
    if fields.scope == "all":
        return []
    if not groups:
        return [context("There are no groups yet.")]
    options = [option(name, id_) for id_, name in groups[: parts.OPTIONS_MAX]]
    chosen = select(options, initial=fields.group_id, placeholder="Choose a group")
    return [field("group", "Which group", chosen), *ending(len(groups) - len(options), None)]


def _reason(initial: str) -> Json:
    return text_input(chars_min=REASON_CHARS_MIN, chars_max=REASON_CHARS_MAX, initial=initial)


def _whom(chosen: str | None) -> Json:
    return section("*Who?*", accessory=person_select(initial=chosen, action_id="check_who"), block_id="who")


def _about_person(unit: Unit, checked: Checked) -> list[Json]:
    press = [button("member_adjust", f"Adjust {unit.plural}", checked.member_id)]
    if checked.mode == "OBSERVER":
        return [button("member_resume", "Resume", checked.member_id), *press]
    what = "No giving and no receiving until you resume it. The balance stays."
    sure = confirm("Pause this person?", what, "Pause")
    return [*press, button("member_pause", "Pause", checked.member_id, style="danger", confirm=sure)]


def _verdict(verdict: VerdictLine) -> str:
    rule = RULES.get(verdict.rule, verdict.rule.replace("_", " "))
    return f"*{'Yes' if verdict.allowed else 'No'}*  ·  {word(rule)}: {word(verdict.sentence)}"
