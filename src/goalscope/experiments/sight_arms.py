"""Arms of the experiment on what the first gradient sees: tasks, starts and networks."""

from typing import Any

from goalscope.experiment import ComputedArm
from goalscope.learning_tasks.procedures import (
    along_training,
    at_start,
    over_all_inputs,
)
from goalscope.procedure import Procedure

SHARES = (0.3, 0.5, 0.8)
PARITIES: tuple[dict[str, Any], ...] = (
    *({"length": length, "degree": k} for k in (2, 3, 4) for length in (12, 20, 30)),
    {"length": 12, "degree": 3, "bias": True},
    {"length": 20, "degree": 3, "bias": True},
    {"length": 20, "degree": 3, "share_up": 0.7},
    {"length": 30, "degree": 3, "share_up": 0.7},
    {"length": 12, "degree": 4, "share": 0.05},
)
POPULATIONS: tuple[dict[str, Any], ...] = (
    *({"degree": k} for k in (2, 3, 4, 5)),
    {"degree": 3, "bias": True},
    {"degree": 3, "share_up": 0.7},
)
SIGNS = {"width": 128}

COURSES = {
    "a + b mod 23, quadratic": (0.6, 1200),
    "a + b mod 23, quadratic, unit": (0.6, 1800),
    "a + b mod 23, relu": (0.6, 6000),
    "a + b mod 23, relu, unit": (0.6, 6000),
    "a + b mod 59, quadratic": (0.5, 720),
    "no rule, quadratic": (0.6, 1200),
    "grid": (0.3, 300),
    "torus": (0.8, 600),
}
"""Pairs that are trained on: share of the cases that is taught, and updates."""

SIGN_COURSES: tuple[tuple[dict[str, Any], int], ...] = (
    ({"length": 20, "degree": 2}, 240),
    ({"length": 20, "degree": 3, "bias": True}, 900),
    ({"length": 20, "degree": 3, "share_up": 0.7}, 300),
    ({"length": 12, "degree": 4}, 240),
    ({"length": 20, "degree": 3}, 900),
)


def starts(agents: int, moduli: tuple[int, ...]) -> dict[str, ComputedArm]:
    """Return untrained networks on every task, for several shares of taught cases."""
    names = ["no rule, relu", "no rule, quadratic", "grid", "torus"]
    for activation in ("relu", "quadratic"):
        names += [f"a + b mod {modulus}, {activation}" for modulus in moduli]
        names += [f"a + b mod 23, {activation}, unit"]
    arms = {}
    for name in names:
        for share in SHARES:
            task, network = pair_task(name, share)
            options = {"task": task, "network": network}
            title, group = f"{name}, {share:g} taught", f"{task['kind']} at the start"
            factors = {"taught": share, **_factors(name, task)}
            arms[title] = _arm(title, at_start, agents, group, options, factors)
    for parity in PARITIES:
        name = parity_name(**parity)
        options = {"task": {"kind": "parity", **parity}, "network": SIGNS}
        plain = set(parity) == {"length", "degree"}
        group = "signs at the start" if plain else "other signs at the start"
        factors = {key: float(value) for key, value in parity.items()} if plain else None
        arms[name] = _arm(name, at_start, agents, group, options, factors)
    return arms


def populations(agents: int) -> dict[str, ComputedArm]:
    """Return untrained networks on parity, seen by the gradient over all inputs."""
    arms = {}
    for options in POPULATIONS:
        name = population_name(**options)
        arms[name] = _arm(name, over_all_inputs, agents, "all inputs", options)
    return arms


def courses(agents: int, pairs: tuple[str, ...], *, signs: int) -> dict[str, ComputedArm]:
    """Return networks in training on tasks on pairs, and on the first `signs` parities."""
    arms = {}
    for name in pairs:
        share, updates = COURSES[name]
        task, network = pair_task(name, share)
        options = {"task": task, "network": network, "rule": _rule(updates)}
        title = f"training: {name}"
        arms[title] = _arm(title, along_training, agents, "training", options)
        if name == "a + b mod 23, quadratic":
            title += ", shuffled"
            options = {**options, "shuffle": True}
            arms[title] = _arm(title, along_training, agents, "training", options)
    for parity, updates in SIGN_COURSES[:signs]:
        task = {"kind": "parity", **parity, "count": 2048, "share": 0.5}
        options = {"task": task, "network": SIGNS, "rule": _rule(updates)}
        title = f"training: {parity_name(**parity)}"
        arms[title] = _arm(title, along_training, agents, "training", options)
    return arms


def pair_task(name: str, share: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return task and network of a name such as "a + b mod 23, relu, unit".

    First weights have variance 1 / (number of one-hot inputs), or 1/2 where the name ends
    in "unit", so that the sum of two has unit variance.
    """
    kind, *rest = name.split(", ")
    if kind in ("grid", "torus"):
        task = {"kind": "stepping", "side": 7, "wrapped": kind == "torus", "share": share}
        tokens = 49
    else:
        tokens = 23 if kind == "no rule" else int(kind.rsplit(" ", 1)[1])
        rule = "ruleless" if kind == "no rule" else "addition"
        task = {"kind": rule, "modulus": tokens, "share": share}
    activation = rest[0] if rest else "relu"
    scale = 1.0 if rest[-1:] == ["unit"] else tokens**-0.5
    return task, {"width": 128, "activation": activation, "scale": scale}


def parity_name(
    *,
    length: int,
    degree: int,
    bias: bool = False,
    share_up: float = 0.5,
    share: float = 0.25,
) -> str:
    """Return what a parity task is called.

    >>> parity_name(length=20, degree=3, bias=True)
    'parity of 3 in 20, biases'
    """
    parts = (
        f"parity of {degree} in {length}",
        "biases" if bias else "",
        f"{share_up:g} up" if share_up != 0.5 else "",
        f"{share:g} taught" if share != 0.25 else "",
    )
    return ", ".join(part for part in parts if part)


def population_name(**options: Any) -> str:
    """Return what a parity task of 12 signs is called where all inputs are looked at.

    >>> population_name(degree=3)
    'all inputs: parity of 3 in 12'
    """
    return f"all inputs: {parity_name(length=12, **options)}"


def _factors(name: str, task: dict[str, Any]) -> dict[str, float]:
    """Return a pair task's place among those of its kind, besides the share taught."""
    quadratic = {"quadratic": float("quadratic" in name)}
    return {
        "addition": {
            "modulus": float(task["modulus"]) if "modulus" in task else 0.0,
            "unit": float("unit" in name),
        },
        "ruleless": {},
        "stepping": {"torus": float(name == "torus")},
    }[task["kind"]] | (quadratic if task["kind"] != "stepping" else {})


def _rule(updates: int) -> dict[str, float]:
    return {"learning_rate": 3e-3, "decay": 1.0, "updates": updates}


def _arm(
    title: str,
    function: Any,
    agents: int,
    group: str,
    options: dict[str, Any],
    factors: dict[str, float] | None = None,
) -> ComputedArm:
    return ComputedArm(
        title=title,
        procedure=Procedure(function, options),
        agents=agents,
        group=group,
        factors=factors or {},
    )
