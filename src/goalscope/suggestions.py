"""What to say to somebody who typed a word that does not exist. No JAX."""

import difflib
from collections.abc import Iterable


def suggest(word: str, allowed: Iterable[str]) -> str:
    """Return the end of an error message: the nearest allowed word, and all of them.

    >>> suggest("cornr_mixture", ["corner_mixture", "corner_size"])
    'Did you mean corner_mixture? There are: corner_mixture, corner_size.'
    >>> suggest("zebra", ["corner_size"])
    'There are: corner_size.'
    >>> suggest("zebra", [])
    'There are none.'
    """
    words = sorted(set(allowed))
    if not words:
        return "There are none."
    by_lower = {candidate.lower(): candidate for candidate in words}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    question = f"Did you mean {by_lower[near[0]]}? " if near else ""
    return f"{question}There are: {', '.join(words)}."
