"""The trial of the kind of goal: one, several, one a cue, another, or none."""

from goalscope.calibrating.places import cued_mazes, goals
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.goal_kind import GoalKind
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.cue_switch import CueSwitchKind
from goalscope.zoo.gated import GatedKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.other_goal import OtherGoalKind
from goalscope.zoo.periodic import PeriodicKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.uniform import UniformKind
from goalscope.zoo.weaker_when_deployed import WeakerWhenDeployedKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=cued_mazes,
        instrument=_instrument,
        levels=64,
        cases=(
            Case(kind=PlannerKind(), role="negative", from_dose=8.0),
            Case(kind=MixtureKind(), role="negative"),
            Case(kind=CueSwitchKind(), role="negative", from_dose=8.0),
            Case(kind=GatedKind(), role="negative", from_dose=0.7),
            Case(kind=WeakerWhenDeployedKind(), role="negative"),
            Case(kind=OtherGoalKind(), role="negative"),
            Case(kind=AntiGoalKind(), from_dose=32.0),
            Case(kind=UniformKind(), role="positive"),
            Case(kind=RandomDeterministicKind(), role="positive"),
            Case(kind=ActionBiasKind(), role="positive"),
            Case(kind=PeriodicKind(), role="positive"),
        ),
        score="none",
        threshold=0.5,
        limits=(
            "A mixture in which one goal outbids the other over every distance is one "
            "goal.",
            "A cue that the world does not show as its cue is not looked for.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> GoalKind:
    return GoalKind(goals(world), num_levels=levels)
