"""Arms of the experiment on goal types: who wants what how much, in which game."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from goalscope.experiment import ComputedArm
from goalscope.procedure import Procedure
from goalscope.training_game.game import Number
from goalscope.training_game.interventions import TYPES
from goalscope.training_game.procedures import built, constructed, learned

Rules = Mapping[str, Number]
Arms = dict[str, ComputedArm]

NOISE, ASKED, FLAWED = 0.2, {"bonus": 1.5}, {"aligned": 1.0, "flaw": 0.2}
SYMBOLS = {"effort": "κ", "detection": "d"}
COPIES = 8
"""Agents of a constructed arm; they are all alike."""


class Size(NamedTuple):
    """How many networks are trained, for how many updates."""

    networks: int
    updates: int


def by_discount(
    size: Size, discounts: tuple[float, ...], deployments: tuple[int, ...]
) -> Arms:
    """Return maximisers by discount, and by length of deployment."""
    return _named(
        _learned(
            size,
            f"γ = {discount:g}" + ("" if count == 3 else f", m = {count}"),
            "discount" if count == 3 else "discount, other deployments",
            {"discount": discount, "deployment": count},
            factors={"discount": discount, "deployment episodes": count},
            dose=discount,
        )
        for count in deployments
        for discount in discounts
    )


def by_aspiration(size: Size, aspirations: tuple[float, ...]) -> Arms:
    """Return satisficers by aspiration, asked with and without noise."""
    kinds = {
        "": ("aspiration", 0.0),
        ", noisy": ("aspiration", NOISE),
        ", filled": ("aspiration, easily filled, certain", 0.0),
        ", filled, noisy": ("aspiration, easily filled", NOISE),
    }
    return _named(
        _learned(
            size,
            f"c = {aspiration:g}{suffix}",
            f"satisficers{suffix}",
            {"aspiration": aspiration, "noise": noise},
            family=family,
            factors={"aspiration": aspiration},
            dose=aspiration,
        )
        for suffix, (family, noise) in kinds.items()
        for aspiration in aspirations
        if aspiration <= 1 or "filled" not in suffix
    )


def never_ambitious(size: Size, aspirations: tuple[float, ...]) -> Arms:
    """Return satisficers of networks that no game ever asked to maximise."""
    return _named(
        _learned(
            size,
            f"c = {aspiration:g}, never ambitious",
            "satisficers, never ambitious",
            {"aspiration": aspiration},
            family="aspiration, never ambitious",
            factors={"aspiration": aspiration},
            dose=aspiration,
        )
        for aspiration in aspirations
    )


def by_one(size: Size, utility: str, values: tuple[float, ...]) -> Arms:
    """Return maximisers by `effort` of pretending, or by chance of `detection`."""
    family = "effort" if utility == "effort" else "discount"
    return _named(
        _learned(
            size,
            f"{SYMBOLS[utility]} = {value:g}",
            utility,
            {utility: value},
            family=family,
            factors={utility: value},
            dose=value,
        )
        for value in values
    )


def by_drift(size: Size, drifts: tuple[float, ...]) -> Arms:
    """Return maximisers and satisficers who may pay to avoid a small edit of their goal."""
    return _named(
        _learned(
            size,
            f"c = {aspiration:g}, drift {drift:g}",
            "drift",
            {"aspiration": aspiration},
            family="aspiration",
            drift=drift,
            factors={"c": aspiration, "drift": drift},
        )
        for aspiration in (1.5, 6.0)
        for drift in drifts
    )


def confessing(
    size: Size, discounts: tuple[float, ...], deployments: tuple[int, ...]
) -> Arms:
    """Return maximisers who are paid 1.5 for a confession, by discount and deployment."""
    return _named(
        _learned(
            size,
            f"asked, γ = {discount:g}, m = {count}",
            "asked" if count == 3 else "asked, other deployments",
            {"discount": discount, "deployment": count, **ASKED},
            factors={"discount": discount} if count == 3 else {},
            dose=discount,
        )
        for count in deployments
        for discount in (discounts if count == 3 else (1.0,))
    )


def base_concept(size: Size, deployments: tuple[int, ...]) -> Arms:
    """Return agents whose goal is their concept of the base goal, wrong now and then."""
    return _named(
        _learned(
            size,
            f"goal = concept, m = {count}",
            "goal = concept",
            {"deployment": count, **FLAWED},
            factors={"deployment episodes": count},
            dose=count,
        )
        for count in deployments
    )


def without_cue(size: Size) -> Arms:
    """Return maximisers who cannot tell training from deployment."""
    return _named([_learned(size, "no cue", "no cue", {"cue": 0.0})])


def exact() -> Arms:
    """Return constructed agents beside the closed forms, with both tie-breaks."""
    utilities = {
        "γ = 0": {"discount": 0.0},
        "γ = 0.67": {"discount": 0.67},
        "γ = 0.69": {"discount": 0.69},
        "maximiser": {},
        "c = 0.9": {"aspiration": 0.9},
        "c = 1.1": {"aspiration": 1.1},
        "c = 1.5": {"aspiration": 1.5},
        "c = 0.9, noisy": {"aspiration": 0.9, "noise": NOISE},
        "κ = 0.9": {"effort": 0.9},
        "κ = 1.1": {"effort": 1.1},
        "γ = 0, asked": {"discount": 0.0, **ASKED},
        "maximiser, asked": ASKED,
        "goal = concept": FLAWED,
    }
    options: dict[str, dict[str, Any]] = {
        f"{name}, ties {ties}": {"rules": rules, "ties": ties}
        for name, rules in utilities.items()
        for ties in ("comply", "defect")
    }
    for name in ("maximiser", "c = 1.5"):
        told = {"rules": utilities[name], "ties": "defect", "drift": 0.5}
        options[f"{name}, drift 0.5"] = told
    for share in (1.0, 0.25, 0.0625):
        options[f"quantiliser q = {share:g}"] = {"rules": {}, "share": share}
    return _named(_constructed(f"exact, {name}", told) for name, told in options.items())


def of_known_type(agents: int) -> Arms:
    """Return agents that were built to be of a type."""
    return _named(
        ComputedArm(
            title=f"built: {kind}",
            procedure=Procedure(built, {"kind": kind}),
            agents=agents,
            group="built",
        )
        for kind in TYPES
    )


def _named(arms: Iterable[ComputedArm]) -> Arms:
    return {arm.title: arm for arm in arms}


def _constructed(title: str, options: Mapping[str, Any]) -> ComputedArm:
    procedure = Procedure(constructed, options)
    return ComputedArm(title=title, procedure=procedure, agents=COPIES, group="exact")


def _learned(
    size: Size,
    title: str,
    group: str,
    rules: Rules,
    *,
    family: str = "discount",
    drift: float = 1.0,
    **place: Any,
) -> ComputedArm:
    options = {"family": family, "rules": rules, "drift": drift, "updates": size.updates}
    return ComputedArm(
        title=title,
        procedure=Procedure(learned, options),
        agents=size.networks,
        group=group,
        **place,
    )
