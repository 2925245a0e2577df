"""Administering: which press does what, for admins only."""

from collections.abc import Awaitable, Callable

from app.core.actor import Permission
from app.core.errors import Forbidden, Refusal
from integrations.slack.administering.catalog_forms import CatalogForms
from integrations.slack.administering.decisions import Decisions
from integrations.slack.administering.people_forms import PeopleForms
from integrations.slack.administering.program_forms import ProgramForms
from integrations.slack.administering.rule_forms import RuleForms
from integrations.slack.administration import Administration
from integrations.slack.interactions import Answer, Interactions, Press
from integrations.slack.markup import escape
from integrations.slack.windows import Windows
from integrations.slack.workspaces import Workspace

ONLY_ADMINS = "Only admins can do this."
Take = Callable[[Press], Awaitable[Answer]]


class Administering:
    """Takes what admins press."""

    def __init__(
        self, interactions: Interactions, administration: Administration, replay: Callable[[Workspace], Awaitable[int]]
    ) -> None:
        self.interactions = interactions
        self.windows = Windows(interactions)
        rules = RuleForms(self.windows, administration)
        people = PeopleForms(self.windows, administration)
        program = ProgramForms(self.windows, administration, replay)
        takes: dict[str, Take] = {
            "home_tab_admin": self.windows.home,
            "rule_add": rules.add,
            "rule_list": rules.show,
            "rule_menu": rules.menu,
            "scope": rules.scope,
            "rule_save": rules.foresee,
            "rule_apply": rules.apply,
            "rule_check": people.choose,
            "check_who": people.check,
            "member_mode": people.mode,
            "member_pause": people.pause,
            "member_resume": people.resume,
            "member_adjust": people.adjust,
            "adm_adjust": people.adjust,
            "adjust": people.adjusted,
            "pause_all": program.pause,
            "resume_all": program.resume,
            "adm_allowance": program.allowance,
            "allowance_save": program.allowance_set,
            "adm_values": program.values,
            "values_save": program.value_added,
            "value_archive": program.value_archived,
            "adm_channels": program.channels,
            "channels_save": program.channels_set,
            "adm_settings": program.settings,
            "settings_save": program.settings_set,
            "dead_retry": program.retry,
            "setup_invite": program.invite,
            "adm_web": _nothing,
        }
        edits = CatalogForms(self.windows).takes
        decides = Decisions(self.windows).takes
        self.takes: dict[str, Take] = {
            **{name: self._for_admins(take, Permission.POLICY_EDIT) for name, take in takes.items()},
            **{name: self._for_admins(take, Permission.REWARD_EDIT) for name, take in edits.items()},
            **{name: self._for_admins(take, Permission.REDEMPTION_DECIDE) for name, take in decides.items()},
        }

    def _for_admins(self, take: Take, right: Permission) -> Take:
        """Asks for the right first, by the role that the database has now: a Home can be older than that. The act asks again
        under the lock."""

        async def taken(press: Press) -> Answer:
            try:
                if not press.asker.actor.may(right):
                    raise Forbidden(ONLY_ADMINS)
                return await take(press)
            except Forbidden:
                await self.interactions.show_home(press, tab="me")
                return await self.windows.say(press, ONLY_ADMINS)
            except Refusal as refusal:
                return await self.windows.say(press, f"Nothing was changed. {escape(refusal.message)}")

        return taken


async def _nothing(_press: Press) -> Answer:
    """A link that Slack follows by itself."""
    return None
