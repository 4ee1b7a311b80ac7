"""Text that is safe to show: what steers, hides or reorders is taken out. No JAX."""

import re
import unicodedata

_UNUSUAL = re.compile(r"[^\x20-\x7e]")

# Characters of these categories act on the display or stand for nothing: controls,
# formats (which hold the bidirectional overrides), lone surrogates.
_REMOVED = {"Cc", "Cf", "Cs"}
# Zero-width (non-)joiners are formats that some scripts cannot be written without.
_KEPT = {"\u200c", "\u200d"}
_SPACES = {"\n", "\r", "\t", "\v", "\f", "\x85", "\u2028", "\u2029"}


def clean(text: str, *, lines: bool = False) -> str:
    r"""Return `text` without characters that act rather than show.

    Line breaks and tabs become spaces; with `lines`, a line feed stays.

    >>> clean("a\x1b]0;b\x07\u202ec\nd")
    'a]0;bc d'
    """
    return _UNUSUAL.sub(lambda found: _shown(found[0], lines), text)


def _shown(character: str, lines: bool) -> str:
    if character == "\n" and lines:
        return character
    if character in _SPACES:
        return " "
    removed = unicodedata.category(character) in _REMOVED and character not in _KEPT
    return "" if removed or _is_noncharacter(ord(character)) else character


def _is_noncharacter(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
