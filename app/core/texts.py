"""Text that people type, made fit to keep: normalized, trimmed, bounded, free of what no database or screen can hold."""

import unicodedata

from app.core.errors import Code, Refusal

_CONTROLS_KEPT = "\n\t"
_LONGER_BEFORE = 4
"""NFC makes no text shorter than a quarter, as far as people type."""


def clean(text: str, *field: str, chars_max: int, chars_min: int = 0, one_line: bool = True) -> str:
    """The text in NFC, trimmed. Raises INVALID_INPUT when it has too few or too many characters (Unicode code points), or
    characters that cannot be kept."""
    if longer_than(text, chars_max):
        raise _too_long(len(text), chars_min, chars_max, *field)
    kept = normalized(text, *field)
    if one_line:
        kept = " ".join(kept.split())
    if not chars_min <= len(kept) <= chars_max:
        raise _too_long(len(kept), chars_min, chars_max, *field)
    return kept


def _too_long(chars: int, chars_min: int, chars_max: int, *field: str) -> Refusal:
    return Refusal(Code.INVALID_INPUT, f"Between {chars_min} and {chars_max} characters, please; this has {chars}.", *field)


def longer_than(text: str, chars_max: int) -> bool:
    """Whether a text is too long for sure, before it is normalized: that takes time with the square of its length, and makes it
    shorter by no more than a small factor."""
    return len(text) > _LONGER_BEFORE * chars_max


def normalized(text: str, *field: str) -> str:
    """NFC and trimmed, without judging the length. Raises INVALID_INPUT for control characters and halves of surrogate pairs."""
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in _CONTROLS_KEPT and character != "\r"):
            raise Refusal(Code.INVALID_INPUT, f"The character U+{ord(character):04X} cannot be kept. Leave it out.", *field)
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
