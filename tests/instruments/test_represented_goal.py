"""What is inside agents whose insides are known because they were written."""

from functools import partial

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.mlp import MLP
from goalscope.agents.planted import uniform
from goalscope.agents.written import WrittenNetwork
from goalscope.goals import reach
from goalscope.instruments.inside import READINGS
from goalscope.instruments.represented_goal import RepresentedGoal
from goalscope.instruments.represented_place import RepresentedPlace
from goalscope.testing import check_instrument
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.corner import Corner
from goalscope.worlds.dish import Dish
from goalscope.zoo.distilled import taught

KEY = jax.random.key(8)
WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
GOALS = tuple(reach(WORLD, name) for name in ("cheese", "corner", "far_corner"))
about_goal = partial(RepresentedGoal, GOALS, num_levels=16, inputs_per_level=4)
about_place = partial(RepresentedPlace, num_levels=16, inputs_per_level=4)
measure = eqx.filter_jit(lambda instrument, *args: instrument.measure(*args))


def read(instrument, agent, world: AbstractWorld = WORLD):
    """Return every reading's value, interval and control by name, and the checks."""
    reading = measure(instrument, KEY, agent, world)
    fields = np.stack([reading.value, reading.lower, reading.upper, reading.control])
    values = dict(zip(READINGS, fields.T, strict=True))
    return values, dict(zip(instrument.check_names, reading.checks.tolist(), strict=True))


@pytest.fixture
def copying(rng):
    return GoalConditioned.init(rng, WORLD, feature="cheese", copied="corner")


@pytest.mark.science
def test_the_goal_instrument_keeps_the_contract(copying):
    check_instrument(about_goal(), WORLD, copying, key=KEY)


def test_the_used_goal_is_inside_and_drives(copying):
    values, checks = read(about_goal(), copying)
    assert values["restricted interchange"][0] > 0.9
    assert values["interchange"][0] > 0.9
    assert values["retargeting"][0] > 0.9 > values["retargeting"][3]
    compression, *_, observed = values["compression"]
    assert compression > 5 > 1.5 > observed
    assert values["selectivity"][0] > values["selectivity"][3]
    assert all(checks.values())


@pytest.mark.science
def test_the_unused_copy_is_inside_and_drives_nothing(copying):
    values, _ = read(about_goal(slot="copy"), copying)
    assert values["compression"][0] > 5
    assert values["restricted interchange"][0] == 0
    assert values["retargeting"][0] < 0.6


@pytest.mark.science
def test_the_place_instrument_keeps_the_contract(rng):
    instrument = about_place(GOALS[0])
    agent = MLP.init(rng, WORLD, widths=(8,))
    check_instrument(instrument, WORLD, agent, key=KEY)


@pytest.mark.science
def test_a_goal_that_lies_in_one_place_is_no_variable(rng):
    agent = MLP.init(rng, WORLD, widths=(8,))
    values, checks = read(about_place(GOALS[1]), agent)
    assert np.isnan(values["restricted interchange"][:3]).all()
    assert not checks["decorrelated"]


@pytest.mark.parametrize(
    ("instrument", "agent", "world", "reason"),
    [
        (RepresentedGoal(GOALS), lambda rng: uniform(rng, WORLD), WORLD, "cannot be told"),
        (
            RepresentedGoal(GOALS),
            lambda rng: WrittenNetwork.init(rng, WORLD, feature="cheese"),
            WORLD,
            "ask RepresentedPlace",
        ),
        (
            RepresentedPlace(GOALS[0]),
            lambda rng: uniform(rng, WORLD),
            WORLD,
            "ActionBiased shows no activations",
        ),
    ],
)
def test_agents_that_show_nothing_are_refused(instrument, agent, world, reason, rng):
    with pytest.raises(TypeError, match=reason):
        instrument.measure(KEY, agent(rng), world)


def test_what_cannot_be_asked_is_refused(copying, rng):
    single = GoalConditioned.init(rng, WORLD, feature="cheese")
    for instrument, agent, reason in (
        (RepresentedGoal(GOALS, slot="copy"), single, "no slot 'copy'; it has goal"),
        (RepresentedGoal(GOALS, site="heart"), copying, "no site 'heart'; it has goal"),
    ):
        with pytest.raises(ValueError, match=reason):
            instrument.measure(KEY, agent, WORLD)
    with pytest.raises(ValueError, match="one goal is no variable"):
        RepresentedGoal(GOALS[:1])
    with pytest.raises(ValueError, match="num_levels is even"):
        RepresentedPlace(GOALS[0], num_levels=5)


@pytest.mark.science
@pytest.mark.parametrize("site", ["hidden_0", "hidden_1"])
def test_the_place_drives_those_who_learnt_to_go_there(site):
    """A perceptron taught to go to the cheese, beside others that see as much of it."""
    world = Dish(shifted_share=1.0)
    instrument = RepresentedPlace(reach(world, "cheese"), site=site)
    agents = {
        name: taught(np.random.default_rng(0), world, feature=name, num_levels=1024)
        for name in ("cheese", "dish")
    }
    agents["untaught"] = MLP.init(np.random.default_rng(1), world)
    found = {}
    for name, agent in agents.items():
        found[name], checks = read(instrument, agent, world)
        assert all(checks.values())
    used = {name: values["restricted interchange"] for name, values in found.items()}
    assert used["cheese"][0] > 0.5
    assert max(used["dish"][0], used["untaught"][0]) < 0.35
    assert used["cheese"][0] - used["cheese"][3] > 0.25
    compression = {name: values["compression"][0] for name, values in found.items()}
    assert compression["cheese"] > max(compression["dish"], compression["untaught"])


@pytest.mark.science
def test_the_search_is_fooled_the_more_the_larger_the_copy():
    world = Corner(shifted_share=1.0)
    goals = tuple(reach(world, name) for name in ("cheese", "corner", "far_corner"))
    instrument = RepresentedGoal(goals, slot="copy")
    plain, restricted = [], []
    for scale in (0.5, 1.0, 2.8):
        agent = GoalConditioned.init(
            np.random.default_rng(0),
            world,
            feature="cheese",
            copied="corner",
            copy_scale=scale,
        )
        values, _ = read(instrument, agent, world)
        plain.append(values["interchange"][0])
        restricted.append(values["restricted interchange"][0])
    assert plain == sorted(plain)
    assert plain[-1] > 0.6
    assert max(restricted) < 0.05


def test_ordinary_networks_have_their_layers_as_sites(rng):
    agent = MLP.init(rng, WORLD, widths=(8,))
    last = about_place(GOALS[0], site="logits")
    shapes = eqx.filter_eval_shape(last.measure, KEY, agent, WORLD)
    assert shapes.value.shape == (len(READINGS),)
    assert jnp.issubdtype(shapes.value.dtype, jnp.floating)
