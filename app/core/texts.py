"""Text that people type, made fit to keep: normalized, trimmed, bounded, free of what no database or screen can hold."""

import unicodedata

from app.core.errors import Code, Refusal

_CONTROLS_KEPT = "\n\t"


def clean(text: str, *field: str, chars_max: int, chars_min: int = 0, one_line: bool = True) -> str:
    """The text in NFC, trimmed. Raises INVALID_INPUT when it has too few or too many characters (Unicode code points), or
    characters that cannot be kept."""
    kept = normalized(text, *field)
    if one_line:
        kept = " ".join(kept.split())
    if not chars_min <= len(kept) <= chars_max:
        raise Refusal(
            Code.INVALID_INPUT, f"Between {chars_min} and {chars_max} characters, please; this has {len(kept)}.", *field
        )
    return kept


def normalized(text: str, *field: str) -> str:
    """NFC and trimmed, without judging the length. Raises INVALID_INPUT for control characters and halves of surrogate pairs."""
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in _CONTROLS_KEPT and character != "\r"):
            raise Refusal(Code.INVALID_INPUT, f"The character U+{ord(character):04X} cannot be kept. Leave it out.", *field)
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
