"""What people fill in, choose and tick, in the modals that hold it."""

import json
from collections.abc import Sequence

from integrations.slack.layouts.parts import OPTIONS_MAX, VIEW_BLOCKS_MAX, identified, plain_text
from integrations.slack.layouts.shapes import Json

TITLE_CHARS_MAX = 24
LABEL_CHARS_MAX = 2_000
PLACEHOLDER_CHARS_MAX = 150
METADATA_CHARS_MAX = 3_000
INPUT_CHARS_MAX = 2_000
TICKS_MAX = 10
ACTION = "v"
"""The action id of every element whose block says what it is."""


def modal(
    callback_id: str, title: str, blocks: Sequence[Json], *, metadata: str, submit: str | None = None, close: str = "Cancel"
) -> Json:
    """A window over Slack."""
    assert 1 <= len(blocks) <= VIEW_BLOCKS_MAX, f"{len(blocks)} blocks in a modal"
    assert submit or all(block["type"] != "input" for block in blocks), "what is filled in must be sent"
    assert len(metadata) <= METADATA_CHARS_MAX, f"{len(metadata)} characters of metadata"
    view: Json = {"type": "modal", "callback_id": identified(callback_id), "title": plain_text(title, TITLE_CHARS_MAX)}
    if submit:
        view["submit"] = plain_text(submit, TITLE_CHARS_MAX)
    view["close"] = plain_text(close, TITLE_CHARS_MAX)
    return view | {"private_metadata": metadata, "notify_on_close": False, "blocks": list(blocks)}


def home(blocks: Sequence[Json], **state: object) -> Json:
    """The Home tab; `state` is what a press on one of its buttons needs to know."""
    assert 1 <= len(blocks) <= VIEW_BLOCKS_MAX, f"{len(blocks)} blocks in Home"
    return {"type": "home", "callback_id": "home", "private_metadata": json.dumps({"v": 1, **state}), "blocks": list(blocks)}


def field(block_id: str, label: str, element: Json, *, hint: str | None = None, optional: bool = False) -> Json:
    """Something to fill in, with its label."""
    block: Json = {"type": "input", "block_id": identified(block_id), "label": plain_text(label, LABEL_CHARS_MAX)}
    if optional:
        block["optional"] = True
    block["element"] = element
    if hint is not None:
        block["hint"] = plain_text(hint, LABEL_CHARS_MAX)
    return block


def text_input(
    *, multiline: bool = False, chars_min: int = 0, chars_max: int, initial: str = "", placeholder: str | None = None
) -> Json:
    """A text. Slack refuses a minimum of 0 and an empty initial value: they are left out."""
    assert 0 <= chars_min <= chars_max <= INPUT_CHARS_MAX, "a text has room"
    element: Json = {"type": "plain_text_input", "action_id": ACTION, "multiline": multiline}
    if chars_min:
        element["min_length"] = chars_min
    element["max_length"] = chars_max
    if initial:
        element["initial_value"] = initial[:chars_max]
    if placeholder is not None:
        element["placeholder"] = plain_text(placeholder, PLACEHOLDER_CHARS_MAX)
    return element


def number_input(least: int, most: int, initial: int | None = None) -> Json:
    """A whole number; an initial one that is out of bounds is brought to the nearest bound."""
    assert least <= most, f"no number is between {least} and {most}"
    element: Json = {"type": "number_input", "action_id": ACTION, "is_decimal_allowed": False}
    element |= {"min_value": str(least), "max_value": str(most)}
    if initial is not None:
        element["initial_value"] = str(min(max(initial, least), most))
    return element


def select(
    options: Sequence[Json], *, initial: str | None = None, action_id: str = ACTION, placeholder: str | None = None
) -> Json:
    """One of several; `initial` is the value of the one chosen already, if it is among them."""
    assert 1 <= len(options) <= OPTIONS_MAX, f"{len(options)} options to choose from"
    element: Json = {"type": "static_select", "action_id": identified(action_id)}
    if placeholder is not None:
        element["placeholder"] = plain_text(placeholder, PLACEHOLDER_CHARS_MAX)
    return element | _initial(options, initial) | {"options": list(options)}


def radio(options: Sequence[Json], *, initial: str, action_id: str = ACTION) -> Json:
    """One of a few, all in sight."""
    assert 1 <= len(options) <= TICKS_MAX, f"{len(options)} radio buttons"
    made = {"type": "radio_buttons", "action_id": identified(action_id)}
    return made | _initial(options, initial) | {"options": list(options)}


def checkboxes(options: Sequence[Json], *, ticked: Sequence[str] = ()) -> Json:
    """Any of a few. Slack refuses an empty list of ticks: it is left out."""
    assert 1 <= len(options) <= TICKS_MAX, f"{len(options)} checkboxes"
    element: Json = {"type": "checkboxes", "action_id": ACTION, "options": list(options)}
    chosen = [one for one in options if one["value"] in ticked]
    return element | ({"initial_options": chosen} if chosen else {})


def person_select(*, initial: str | None = None, action_id: str = ACTION, placeholder: str = "Choose a person") -> Json:
    """One person in Slack."""
    element: Json = {"type": "users_select", "action_id": identified(action_id)}
    element["placeholder"] = plain_text(placeholder, PLACEHOLDER_CHARS_MAX)
    return element | ({"initial_user": initial} if initial else {})


def people_select(*, people_max: int, initial: Sequence[str] = ()) -> Json:
    """Several people in Slack."""
    assert people_max >= 1, "somebody can be chosen"
    placeholder = "Choose a person" if people_max == 1 else f"Choose up to {people_max:,} people"
    element: Json = {
        "type": "multi_users_select",
        "action_id": ACTION,
        "placeholder": plain_text(placeholder, PLACEHOLDER_CHARS_MAX),
    }
    if initial:
        element["initial_users"] = list(dict.fromkeys(initial))[:people_max]
    return element | {"max_selected_items": people_max}


def channel_select(*, several: bool = False, initial: Sequence[str] = (), current: bool = False) -> Json:
    """Channels of our own, public or private, without those shared with another company. `current`: begins with the one
    that the modal is opened in."""
    element: Json = {"type": "multi_conversations_select" if several else "conversations_select", "action_id": ACTION}
    element["placeholder"] = plain_text("Choose channels" if several else "Choose a channel", PLACEHOLDER_CHARS_MAX)
    if initial:
        element |= {"initial_conversations": list(initial)} if several else {"initial_conversation": initial[0]}
    elif current:
        element["default_to_current_conversation"] = True
    if not several:
        element["response_url_enabled"] = False
    kinds = {"include": ["public", "private"], "exclude_bot_users": True, "exclude_external_shared_channels": True}
    return element | {"filter": kinds}


def _initial(options: Sequence[Json], value: str | None) -> Json:
    chosen = [one for one in options if one["value"] == value]
    return {"initial_option": chosen[0]} if chosen else {}
