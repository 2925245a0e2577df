"""Forms for rules: one is filled in, its effect is shown, and only then it is applied."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from app import organization
from app.core.errors import Code, Refusal
from app.core.ids import new_key
from app.organization import EVERYONE, GIVING_MODES, RECEIVING_MODES, Audience
from integrations.slack import layouts, people
from integrations.slack.administering.foresight import effect
from integrations.slack.administration import Administration, RulesNow
from integrations.slack.interactions import Answer, Press
from integrations.slack.layouts import Json, RuleFields
from integrations.slack.ruling import ApplyRule, Line, Rule
from integrations.slack.windows import Windows, carried, filled, metadata, number, refused

PEOPLE_MAX = 100
"""Whom a rule names in person: so many fit into its form."""
_BLOCKS = {"reason": "note", "points": "allow", "groupIds": "group", "memberIds": "people", "version": "scope"}


class RuleForms:
    """Takes what admins press about rules."""

    def __init__(self, windows: Windows, administration: Administration) -> None:
        self.windows = windows
        self.administration = administration
        self.desk = windows.interactions.desk
        self.database = windows.interactions.database

    async def add(self, press: Press) -> Answer:
        """Opens an empty form."""
        rules = await self.administration.rules(press.asker.workspace)
        return await self.windows.open(press, await self._form(press, rules, RuleFields(), metadata()))

    async def _form(self, press: Press, rules: RulesNow, fields: RuleFields, carrying: str) -> Json:
        workspace, groups = press.asker.workspace, []
        if fields.scope == "group":
            groups = await self.administration.groups(workspace, UUID(fields.group_id) if fields.group_id else None)
        return layouts.rule_form(workspace.unit, fields, groups, carrying, period=rules.allowances.period.lower())

    async def show(self, press: Press) -> Answer:
        """Opens the list of rules."""
        rules = await self.administration.rules(press.asker.workspace)
        view = layouts.rule_list(rules.shown(), metadata(), web_url=self.administration.web_url)
        return await self.windows.open(press, view)

    async def menu(self, press: Press) -> Answer:
        """A rule of the list is to be edited, or removed: what removing it changes is shown first, too."""
        verb, _, id_ = press.value.partition(":")
        giving, allowances, line = map(int, id_.split("."))
        rules = await self.administration.rules(press.asker.workspace)
        if (giving, allowances) != (rules.giving_version, rules.allowance_version):
            return await self.windows.say(press, "The rules have changed since. Close this list, and open it again.")
        asked = {"g": giving, "a": allowances, "n": line}
        if verb == "remove":
            return await self.windows.open(press, await self._effect(press, {**asked, "r": None}))
        fields = await self._fields(press, rules.lines[line])
        if fields is None:
            sentence = "This rule says more than the form can. It can be removed here, and changed through the API."
            return await self.windows.say(press, sentence)
        return await self.windows.open(press, await self._form(press, rules, fields, metadata(**asked)))

    async def _fields(self, press: Press, line: Line) -> RuleFields | None:
        """A line as the form shows it; None where it cannot."""
        rule, audience, workspace = line.rule, line.rule.audience, press.asker.workspace
        said = RuleFields(gives=rule.gives, points=rule.points, receives=rule.receives, note=rule.note)
        if line.other is not None:
            return None
        if audience.everyone:
            return said
        if len(audience.group_ids) == 1 and not audience.member_ids:
            return replace(said, scope="group", group_id=str(*audience.group_ids))
        async with self.database.read() as connection:
            accounts = await people.by_member(connection, workspace, audience.member_ids)
            members = await organization.reads.members_by_id(connection, workspace.organization_id, audience.member_ids)
        if audience.group_ids or len(accounts) < len(audience.member_ids) or len(accounts) > PEOPLE_MAX:
            return None
        said = replace(said, scope="people", people=tuple(sorted(account.user_id for account in accounts.values())))
        if rule.member_id is None:
            return said
        mode = members[rule.member_id].mode
        return replace(said, gives=rule.gives and mode in GIVING_MODES, receives=rule.receives and mode in RECEIVING_MODES)

    async def scope(self, press: Press) -> Answer:
        """For whom the rule is: another choice asks for something else, and what was typed stays."""
        rules = await self.administration.rules(press.asker.workspace)
        fields = _typed(replace(press, state=filled(press)), press.value)
        return await self.windows.redraw(press, await self._form(press, rules, fields, carried(press)))

    async def foresee(self, press: Press) -> Answer:
        """The first step: what the rule would change is shown, and nothing is done."""
        asked = press.metadata
        if "n" not in asked:
            rules = await self.administration.rules(press.asker.workspace)
            asked = {"g": rules.giving_version, "a": rules.allowance_version, "n": None}
        try:
            number(press, "allow")
            fields = _typed(press)
            # Short names, as a hundred people, a reason and the rest share 3,000 characters.
            said: dict[str, Any] = {"s": fields.scope, "c": fields.group_id, "p": fields.people, "w": fields.note}
            said |= {"y": fields.gives, "m": fields.points, "z": fields.receives}
            view = await self._effect(press, {"g": asked["g"], "a": asked["a"], "n": asked["n"], "r": said})
        except Refusal as refusal:
            return refused(press, refusal, _BLOCKS, "scope")
        return {"response_action": "push", "view": view}

    async def _effect(self, press: Press, asked: dict[str, Any]) -> Json:
        """The second step. What is applied is what it carries along, in the versions of the policies that it was foreseen in."""
        asked = {**asked, "k": new_key()}
        lines = await effect(self.database, press.asker.workspace, await self._act(press, asked))
        return layouts.rule_effect(lines, metadata(**asked))

    async def _act(self, press: Press, asked: Mapping[str, Any]) -> ApplyRule:
        said, rule = asked["r"], None
        if said is not None:
            audience = await self._audience(press, said["s"], said["c"], said["p"])
            # Whoever cannot give needs no points to give: what stands in that field then is left over.
            rule = Rule(audience, said["y"], said["z"], said["m"] if said["y"] else None, said["w"])
            if rule.says_nothing:
                sentence = "This says nothing yet: choose No, or a number. A rule is taken away in the list of rules."
                raise Refusal(Code.INVALID_INPUT, sentence, "give")
        return ApplyRule(press.asker.actor, asked["g"], asked["a"], asked["n"], rule, f"slack:rule:{asked['k']}")

    async def _audience(self, press: Press, scope: str, group_id: str | None, user_ids: Iterable[str]) -> Audience:
        if scope == "all":
            return EVERYONE
        if scope == "group":
            if not group_id:
                raise Refusal(Code.INVALID_INPUT, "Choose a group, or somebody else whom this is for.", "group")
            return Audience(group_ids=frozenset([UUID(group_id)]))
        wanted = list(user_ids)
        known = await self.desk.people.known(press.asker.workspace, wanted)
        found = [known[user_id].member_id for user_id in wanted if user_id in known]
        members = frozenset(member_id for member_id in found if member_id is not None)
        if not members or None in found or len(found) < len(wanted):
            raise Refusal(
                Code.INVALID_INPUT, "Choose people of this company: apps and people from elsewhere take no part.", "people"
            )
        return Audience(member_ids=members)

    async def apply(self, press: Press) -> Answer:
        """Applies the rule that was shown, all of it or nothing. Sent twice, it is done once."""
        await self.database.submit(await self._act(press, press.metadata))
        return await self.windows.done(press)


def _typed(press: Press, scope: Any = None) -> RuleFields:
    """What stands in the form, as far as it can be read. `scope`: what was chosen this moment."""
    try:
        points = number(press, "allow")
    except Refusal:
        points = None
    group, scope = press.chosen("group"), scope or press.chosen("scope")
    return RuleFields(
        scope if scope in {"group", "people"} else "all",
        str(group) if group else None,
        tuple(press.chosen("people") or ()),
        press.chosen("give") != "no",
        points,
        press.chosen("recv") != "no",
        str(press.chosen("note") or "").strip(),
    )
