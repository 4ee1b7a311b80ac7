"""Arms of the experiment on hidden incentives: who learns how, and what selects."""

from typing import Any

from goalscope.experiment import ComputedArm
from goalscope.incentives.procedures import dilemma, recommender
from goalscope.procedure import Procedure


def _arm(title: str, agents: int, group: str, **options: Any) -> ComputedArm:
    procedure = Procedure(recommender if group == "recommender" else dilemma, options)
    discount = options.get("learner", {}).get("discount")
    factors = {} if discount is None else {"discount": discount}
    return ComputedArm(
        title=title,
        procedure=procedure,
        agents=agents,
        group=group,
        dose=discount,
        factors=factors,
    )


def by_discount(
    agents: int, stretches: int, discounts: tuple[float, ...]
) -> dict[str, ComputedArm]:
    """Return learners by themselves, a curve over the discount for each rule."""
    return {
        f"{rule}, γ = {discount:g}": _arm(
            f"{rule}, γ = {discount:g}",
            agents,
            rule,
            learner={"rule": rule, "learning_rate": 0.5, "discount": discount},
            size=(1, stretches, 100),
        )
        for rule in ("reinforce", "actor-critic")
        for discount in discounts
    }


def alone(agents: int, learners: int, stretches: int) -> dict[str, ComputedArm]:
    """Return learners without a discount: Q-learning at two lengths, a bandit."""
    short, arms = max(stretches * 3 // 5, 20), {}
    for stateful in (False, True):
        rule = {"rule": "q-learning", "learning_rate": 0.02, "stateful": stateful}
        for length, addition in ((short, ""), (10 * short, ", ten times")):
            name = f"Q-learning, {'stateful' if stateful else 'stateless'}{addition}"
            size = (1, length, 10)
            arms[name] = _arm(name, learners, "alone", learner=rule, size=size)
    bandit, name = {"rule": "cross-entropy", "learning_rate": 0.05}, "cross-entropy bandit"
    arms[name] = _arm(name, agents, "alone", learner=bandit, size=(1, stretches, 10))
    return arms


def selected(agents: int, stretches: int) -> dict[str, ComputedArm]:
    """Return populations of myopic learners under outer loops."""
    size, arms = (20, stretches, 10), {}
    slow = {"rule": "reinforce", "learning_rate": 0.01}
    for loop in ("pbt", "es"):
        for swap in (False, True):
            name = loop.upper() + (", swapped" if swap else "")
            outer = {"loop": loop, "swap": swap}
            arms[name] = _arm(
                name, agents, "outer loops", learner=slow, outer=outer, size=size
            )
    name, alike = "PBT without variation", {"loop": "pbt", "mutation": 0.0}
    arms[name] = _arm(
        name,
        agents,
        "outer loops",
        learner={"rule": "reinforce", "learning_rate": 0.05},
        outer=alike,
        size=size,
        spread=0.0,
    )
    return arms


def recommenders(agents: int, stretches: int) -> dict[str, ComputedArm]:
    """Return populations of recommenders: alone, and selected for one thing or another."""
    loops = {"alone": {"loop": "none"}}
    paid = {"PBT": "clicks", "by lot": "nothing"}
    paid |= {f"paid for {each}": each for each in ("concentration", "drift")}
    loops |= {name: {"loop": "pbt", "selects": each} for name, each in paid.items()}
    return {
        name: _arm(
            name,
            agents,
            "recommender",
            outer={**loop, "swap": swap},
            size=(20, stretches, 10),
        )
        for kind, loop in loops.items()
        for name, swap in zip(recommender_pair(kind), (False, True), strict=True)
    }


def recommender_pair(kind: str) -> tuple[str, str]:
    """Return the names of an arm of recommenders and of its twin with swapped contexts."""
    return f"recommender, {kind}", f"recommender, {kind}, swapped"
