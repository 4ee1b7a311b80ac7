"""What holds for all instruments, and what `check_instrument` refuses."""

from typing import ClassVar

import equinox as eqx
import jax
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.recurrent import GRU
from goalscope.instruments.base import AbstractInstrument, Need, Reading
from goalscope.instruments.first_choice import FirstChoice
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.instruments.goal_score import GoalScore
from goalscope.instruments.levels import solvable
from goalscope.testing import check_instrument

KEY = jax.random.key(8)
INSTRUMENTS = {
    "goal_score": lambda goals: GoalScore(goals, num_levels=4),
    "first_choice": lambda goals: FirstChoice(goals, num_levels=4),
    "goal_posterior": lambda goals: GoalPosterior(
        goals, inverse_temperatures=jnp.array([1.0, 9.0]), num_levels=4, num_decisions=6
    ),
}


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_the_instrument_keeps_the_contract(name, goals, world, agent):
    check_instrument(INSTRUMENTS[name](goals), world, agent("cheese", 4.0), key=KEY)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_agents_with_memory_are_read_in_the_same_form(name, goals, world, agent, rng):
    instrument = INSTRUMENTS[name](goals)
    measure = eqx.filter_eval_shape
    with_memory = GRU.init(rng, world, width=4, memory_size=3)
    one, other = (
        measure(instrument.measure, KEY, each, world)
        for each in (agent("cheese"), with_memory)
    )
    assert jax.tree.map(jnp.shape, one) == jax.tree.map(jnp.shape, other)


class Odd(AbstractInstrument):
    """Reads one number between 0 and 1, drawn with the key, and looks at the agent."""

    question: ClassVar[str] = "Which number?"
    needs: ClassVar[tuple[Need, ...]] = ("behaviour",)
    names: tuple[str, ...] = eqx.field(static=True, default=("one",))
    asked: tuple[str, ...] = eqx.field(static=True, default=("one",))
    checks: tuple[str, ...] = eqx.field(static=True, default=("always",))
    looks: bool = eqx.field(static=True, default=True)
    constant: bool = eqx.field(static=True, default=False)
    shift: float = 0.0
    count: int = 1

    def controls(self):
        return ()

    @property
    def unit(self):
        return "share"

    @property
    def readings(self):
        return self.names

    @property
    def candidates(self):
        return self.asked

    @property
    def convicts(self):
        return 0.5

    @property
    def check_names(self):
        return self.checks

    def read(self, key, agent, world):
        if self.looks:
            world = solvable(world)
            solve.policy_of(agent, solve.tabulate(world, world.sample_level(key)))
        draw = jnp.float32(0.5) if self.constant else jax.random.uniform(key)
        value, low = draw[None], draw[None] + self.shift
        nothing, passed = jnp.full(1, jnp.nan), jnp.ones(1, bool)
        count = jnp.int32(self.count)
        return Reading(value, low, value, nothing, nothing, passed, count)


@pytest.mark.parametrize(
    ("instrument", "reason"),
    [
        (Odd(shift=0.1), "does not hold the value"),
        (Odd(constant=True), "levels of its own"),
        (Odd(shift=float("nan")), "finite together"),
        (Odd(shift=-float("inf")), "finite together"),
        (Odd(count=-1), "negative"),
        (Odd(names=("one", "one")), "differ from each other"),
        (Odd(asked=("two",)), "two is none"),
        (Odd(checks=("always", "never computed")), "checks is bool"),
        (Odd(checks=()), "at least one check"),
        (Odd(looks=False), "an agent whose policy is NaN was read"),
    ],
)
def test_an_instrument_that_breaks_the_contract_is_refused(
    instrument, reason, world, agent
):
    with pytest.raises(AssertionError, match=reason):
        check_instrument(instrument, world, agent("chance"), key=KEY)
    check_instrument(Odd(), world, agent("chance"), key=KEY)
