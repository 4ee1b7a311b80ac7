"""Planting by halves, measuring kind by kind, and a scorecard from what was stored."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.planted import action_biased
from goalscope.calibrating import cells
from goalscope.calibrating.amounts import Amount
from goalscope.calibrating.measuring import BLOCK, Root, measure_each, measure_kinds
from goalscope.calibrating.planting import doses_of, plant, rows
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.goals import reach
from goalscope.instruments.goal_score import GoalScore
from goalscope.worlds.corner import Corner
from goalscope.zoo.base import AbstractPlantedKind
from goalscope.zoo.planning import planner
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.uniform import UniformKind

ROOT = Root("test", 0, "levels")


def world() -> Corner:
    return Corner(shifted_share=1.0, size=4, horizon=12)


def instrument(where, levels: int = 4) -> GoalScore:
    return GoalScore(
        tuple(reach(where, n) for n in ("cheese", "corner")), num_levels=levels
    )


class Seeker(AbstractPlantedKind):
    """Plans for the goal that it is given."""

    name: ClassVar[str] = "seeker"
    truth: ClassVar = "one goal"
    planning: ClassVar[str] = "to the horizon"
    ambiguous: ClassVar[str] = "nowhere"
    dose_name: ClassVar[str] = "β"
    doses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 16.0, 32.0)

    def plant(self, rng, world, *, feature, dose):
        return planner(world, {feature: 1.0}, dose)


def seeds_of(agents) -> np.ndarray:
    return np.asarray(agents.seed)


def trial() -> Trial:
    return Trial(
        worlds=lambda: {"corner": world()},
        instrument=instrument,
        levels=4,
        cases=(
            Case(kind=Seeker(), role="positive", trend={OWN_GOAL: 1}),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
        ),
        score=OWN_GOAL,
        threshold=0.9,
    )


def test_the_halves_share_no_dose_and_no_draw():
    tuning, test = (set(doses_of(Seeker(), half)) for half in ("tuning", "test"))
    assert tuning | test == set(Seeker.doses)
    assert not tuning & test
    kind = RandomDeterministicKind()
    seeds = [
        seeds_of(plant(kind, world(), half=half, seed=0, count=8).agents)
        for half in ("tuning", "test")
    ]
    assert not set(seeds[0].tolist()) & set(seeds[1].tolist())


def test_every_combination_of_dose_and_goal_is_planted():
    found = plant(Seeker(), world(), half="test", seed=0, count=8)
    pairs = set(zip(found.doses.tolist(), found.features, strict=True))
    assert pairs == {(d, f) for d in (2.0, 32.0) for f in ("cheese", "corner")}


def test_an_agent_does_not_depend_on_how_many_are_planted():
    kind = RandomDeterministicKind()
    few, many = (plant(kind, world(), half="test", seed=3, count=n) for n in (2, 5))
    assert seeds_of(few.agents).tolist() == seeds_of(many.agents).tolist()[:2]


def test_kinds_measured_together_read_as_measured_alone():
    where, reader = world(), instrument(world())
    planted = {
        kind.name: plant(kind, where, half="test", seed=0, count=2)
        for kind in (Seeker(), UniformKind(), RandomDeterministicKind())
    }
    found = measure_kinds(reader, where, planted, ROOT, lambda value: None)
    for name, specimens in planted.items():
        keys = ROOT.keys(name, 0)[:2]
        alone = measure_each(reader, keys, specimens.agents, where)
        np.testing.assert_allclose(found[name]["value"], alone.value, atol=1e-5)
        assert len(found[name]["count"]) == 2


def test_blocks_are_padded_and_cut_again():
    where, reader = world(), instrument(world())
    kind = UniformKind()
    many = plant(kind, where, half="test", seed=0, count=BLOCK + 1)
    found = measure_kinds(reader, where, {kind.name: many}, ROOT, lambda value: None)
    few = rows(many, range(3))
    again = measure_kinds(reader, where, {kind.name: few}, ROOT, lambda value: None)
    assert found[kind.name]["value"].shape == (BLOCK + 1, 2)
    np.testing.assert_array_equal(found[kind.name]["value"][:3], again[kind.name]["value"])


@pytest.fixture(scope="module")
def computed():
    patch = pytest.MonkeyPatch()
    patch.setattr(cells, "trial_of", lambda name: trial())
    patch.setattr(cells, "code_digest", lambda *names: "0" * 64)
    patch.setitem(cells.AMOUNTS, "smoke", Amount(1, 8, 4, True, False))
    plans = cells.plan_cells(("seeking",), "smoke", "test", 0)
    yield cells.compute_cell(plans[0].description, lambda value: None)
    patch.undo()


def test_a_cell_holds_everything_that_a_scorecard_needs(computed):
    arrays = computed.tensors["readings"]
    assert set(computed.metadata["features"]) == {
        "seeker",
        "uniform",
        "random deterministic",
    }
    assert arrays["seeker/value"].shape == (8, 2)
    assert arrays["uniform/value"].shape == (4, 2)
    assert arrays["seeker/retest"].shape == (8, 2)
    assert not np.array_equal(arrays["seeker/retest"], arrays["seeker/value"])


def test_a_planner_scores_on_its_own_goal(computed):
    from goalscope.scoring.scorecard import score
    from goalscope.scoring.trial_readings import TrialReadings

    readings = TrialReadings(computed.metadata, computed.tensors["readings"])
    card = score("seeking", "corner", "test", readings, {})
    own = readings.score("seeker")
    by_dose = [own[readings.doses("seeker") == dose].mean() for dose in (2.0, 32.0)]
    assert by_dose[1] > 0.95
    assert by_dose[0] < by_dose[1]
    assert card.auc.estimate > 0.8
    assert "agents" in {gate.name for gate in card.misses}


def test_a_trial_without_negatives_is_refused():
    with pytest.raises(ValueError, match="positive and negative"):
        Trial(
            worlds=dict,
            instrument=instrument,
            levels=4,
            cases=(Case(kind=Seeker(), role="positive"),),
            score=OWN_GOAL,
            threshold=0.9,
        )


def test_only_the_agent_that_is_meant_is_asked():
    from goalscope.agents.one_of import OneOf, nameless

    rng = np.random.default_rng(0)
    where = world()
    habit = action_biased(rng, where)
    agents = (nameless(planner(where, {"cheese": 1.0}, 8.0)), habit)
    one = OneOf(agents, np.int32(1))
    level = where.sample_level(jax.random.key(0))
    view, tokens = where.observe_level(level), where.observe_state(level, level.start)

    @eqx.filter_jit
    def logits(agent):
        return agent(agent.embed(view), tokens, agent.initial_memory()).logits

    np.testing.assert_array_equal(logits(one), habit.logits)
    assert jnp.isfinite(logits(OneOf(agents, np.int32(0)))).all()
