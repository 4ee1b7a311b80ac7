"""Arms of the experiment on goal types: who wants what how much, in which game."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from goalscope.experiment import ComputedArm
from goalscope.procedure import Procedure
from goalscope.training_game.interventions import TYPES
from goalscope.training_game.procedures import built, constructed, learned

Rules = Mapping[str, float]
Arms = dict[str, ComputedArm]

NOISE, ASKED, FLAWED = 0.2, {"bonus": 1.5}, {"aligned": 1.0, "flaw": 0.2}
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
    found = {}
    for deployment in deployments:
        group = "discount" if deployment == 3 else "discount, other deployments"
        for discount in discounts:
            name = f"γ = {discount:g}" + ("" if deployment == 3 else f", m = {deployment}")
            found[name] = _learned(
                size,
                name,
                group,
                {"discount": discount, "deployment": deployment},
                factors={"discount": discount, "deployment episodes": deployment},
                dose=discount,
            )
    return found


def by_aspiration(size: Size, aspirations: tuple[float, ...]) -> Arms:
    """Return satisficers by aspiration, asked with and without noise."""
    kinds = {
        "": ("aspiration", 0.0),
        ", noisy": ("aspiration", NOISE),
        ", filled": ("aspiration, easily filled, certain", 0.0),
        ", filled, noisy": ("aspiration, easily filled", NOISE),
    }
    return {
        f"c = {aspiration:g}{suffix}": _learned(
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
    }


def never_ambitious(size: Size, aspirations: tuple[float, ...]) -> Arms:
    """Return satisficers of networks that no game ever asked to maximise."""
    return {
        f"c = {aspiration:g}, never ambitious": _learned(
            size,
            f"c = {aspiration:g}, never ambitious",
            "satisficers, never ambitious",
            {"aspiration": aspiration},
            family="aspiration, never ambitious",
            factors={"aspiration": aspiration},
            dose=aspiration,
        )
        for aspiration in aspirations
    }


def by_effort(size: Size, efforts: tuple[float, ...]) -> Arms:
    """Return agents to which pretending is an effort, by what an episode of it costs."""
    return {
        f"κ = {effort:g}": _learned(
            size,
            f"κ = {effort:g}",
            "effort",
            {"effort": effort},
            family="effort",
            factors={"effort": effort},
            dose=effort,
        )
        for effort in efforts
    }


def by_drift(size: Size, drifts: tuple[float, ...]) -> Arms:
    """Return maximisers and satisficers who may pay to avoid a small edit of their goal."""
    return {
        f"c = {aspiration:g}, drift {drift:g}": _learned(
            size,
            f"c = {aspiration:g}, drift {drift:g}",
            "drift",
            {"aspiration": aspiration},
            family="aspiration",
            drift=drift,
            factors={"aspiration": aspiration, "drift": drift},
        )
        for aspiration in (1.5, 6.0)
        for drift in drifts
    }


def by_detection(size: Size, detections: tuple[float, ...]) -> Arms:
    """Return maximisers by the chance that a defection is noticed."""
    return {
        f"d = {detection:g}": _learned(
            size,
            f"d = {detection:g}",
            "detection",
            {"detection": detection},
            factors={"detection": detection},
            dose=detection,
        )
        for detection in detections
    }


def confessing(
    size: Size, discounts: tuple[float, ...], deployments: tuple[int, ...]
) -> Arms:
    """Return maximisers who are paid 1.5 for a confession, by discount and deployment."""
    found = {}
    for deployment in deployments:
        for discount in discounts if deployment == 3 else (1.0,):
            name = f"asked, γ = {discount:g}, m = {deployment}"
            group = "asked" if deployment == 3 else "asked, other deployments"
            found[name] = _learned(
                size,
                name,
                group,
                {"discount": discount, "deployment": deployment, **ASKED},
                factors={"discount": discount} if deployment == 3 else {},
                dose=discount,
            )
    return found


def base_concept(size: Size, deployments: tuple[int, ...]) -> Arms:
    """Return agents whose goal is their concept of the base goal, wrong now and then."""
    return {
        f"goal = concept, m = {deployment}": _learned(
            size,
            f"goal = concept, m = {deployment}",
            "goal = concept",
            {"deployment": deployment, **FLAWED},
            factors={"deployment episodes": deployment},
            dose=deployment,
        )
        for deployment in deployments
    }


def without_cue(size: Size) -> Arms:
    """Return maximisers who cannot tell training from deployment."""
    return {"no cue": _learned(size, "no cue", "no cue", {"cue": 0.0})}


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
    found = {}
    for name, rules in utilities.items():
        for ties in ("comply", "defect"):
            options: dict[str, Any] = {"rules": rules, "ties": ties}
            title = f"exact, {name}, ties {ties}"
            found[title] = _constructed(title, options)
    for name, rules in (("maximiser", {}), ("c = 1.5", {"aspiration": 1.5})):
        title = f"exact, {name}, drift 0.5"
        options = {"rules": rules, "drift": 0.5, "ties": "defect"}
        found[title] = _constructed(title, options)
    for share in (1.0, 0.25, 0.0625):
        title = f"exact, quantiliser q = {share:g}"
        found[title] = _constructed(title, {"rules": {}, "share": share})
    return found


def of_known_type(agents: int) -> Arms:
    """Return agents that were built to be of a type."""
    return {
        f"built: {kind}": ComputedArm(
            title=f"built: {kind}",
            procedure=Procedure(built, {"kind": kind}),
            agents=agents,
            group="built",
        )
        for kind in TYPES
    }


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
