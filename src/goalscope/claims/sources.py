"""Where claims come from: discussions by the number that experiments give them. No JAX."""

SOURCES = {
    "000": (
        "Samin (2025)",
        "Mikhail Samin, “Superintelligence's goals are likely to be random”, LessWrong, "
        "2025",
    ),
    "001": (
        "Kokotajlo and DavidW (2023)",
        "Daniel Kokotajlo and DavidW, comments on DavidW's “Order Matters for Deceptive "
        "Alignment”, LessWrong, 2023",
    ),
    "003": (
        "Barnett (2022)",
        "Peter Barnett, “Thoughts on Dangerous Learned Optimization”, LessWrong, 2022",
    ),
}
"""Number -> the discussion in short, and its author, title, place and year."""


def short_source(source: str) -> str:
    """Return a claim's source as a reader knows it; one of your own stays as it is.

    >>> short_source("000 S2"), short_source("our protocol, 3")
    ('Samin (2025), S2', 'our protocol, 3')
    """
    number, _, claim = source.partition(" ")
    return f"{SOURCES[number][0]}, {claim}" if number in SOURCES else source


def full_source(source: str) -> str:
    """Return author, title, place and year of a claim's source; "" if it is not listed.

    >>> full_source("003 B2")
    'Barnett (2022): Peter Barnett, “Thoughts on Dangerous Learned Optimization”, ... 2022'
    """
    found = SOURCES.get(source.partition(" ")[0])
    return ": ".join(found) if found else ""
