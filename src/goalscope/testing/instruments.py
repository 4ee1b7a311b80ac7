"""What every instrument must satisfy."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Key

from goalscope.agents.base import AbstractAgent
from goalscope.instruments.base import AbstractInstrument, Reading
from goalscope.instruments.checkpoint_series import checkpoint
from goalscope.testing.compare import TOLERANCE, require, same
from goalscope.worlds.base import AbstractWorld


def check_instrument(
    instrument: AbstractInstrument,
    world: AbstractWorld,
    agent: AbstractAgent,
    *,
    key: Key[Array, ""],
) -> None:
    """Raise `AssertionError` with a reason unless `instrument` is a well-behaved one.

    Readings of `agent` in `world` have a number, an interval around it, a control and a
    ceiling for every name, and a truth value for every check; they are the same for the
    same key, others for another, and the same alone as in a stack of agents. With NaN for
    all its numbers the agent has no behaviour, and then nothing is read. Consumes `key`.
    """
    _check_names(instrument)
    k_one, k_other = jax.random.split(key)
    alone = eqx.filter_jit(instrument.measure)
    reading = alone(k_one, agent, world)
    _check_form(instrument, reading)
    _check_numbers(reading)
    require(
        _identical(reading, alone(k_one, agent, world)),
        "the same key gave two different readings of one agent",
    )
    require(
        not _identical(reading, alone(k_other, agent, world)),
        "another key gave the same reading: every agent is measured on levels of its own",
    )
    broken = jax.tree.map(
        lambda leaf: jnp.full_like(leaf, jnp.nan) if eqx.is_inexact_array(leaf) else leaf,
        agent,
    )
    along = "checkpoints" in instrument.needs
    if not _acts(k_one, checkpoint(broken, 0) if along else broken, world):
        _check_silence(alone(k_one, broken, world))
    keys = jnp.stack([k_other, k_one])
    stacked = jax.tree.map(
        lambda leaf: jnp.stack([leaf, leaf]) if eqx.is_array(leaf) else leaf, agent
    )
    together = eqx.filter_vmap(
        instrument.measure, in_axes=(0, eqx.if_array(0), None), out_axes=0
    )
    last = jax.tree.map(
        lambda leaf: leaf[1], eqx.filter_jit(together)(keys, stacked, world)
    )
    one, other = (jax.tree.map(jnp.nan_to_num, found) for found in (reading, last))
    require(
        same(one, other, TOLERANCE),
        "the reading of an agent in a stack differs from that of the same agent alone",
    )


def _check_names(instrument: AbstractInstrument) -> None:
    readings, checks = instrument.readings, instrument.check_names
    for what, names in (("readings", readings), ("check_names", checks)):
        require(
            len(set(names)) == len(names) and all(names),
            f"{what} are {', '.join(names)}; they differ from each other and are not empty",
        )
    require(bool(readings), "an instrument has at least one reading")
    require(bool(checks), "an instrument has at least one check, which can fail")
    strangers = sorted(set(instrument.candidates) - set(readings))
    require(not strangers, f"candidates are readings; {', '.join(strangers)} is none")
    require(bool(instrument.unit), "an instrument says the unit of its readings")
    require(bool(np.isfinite(instrument.convicts)), "`convicts` is a finite reading")


def _check_form(instrument: AbstractInstrument, reading: Reading) -> None:
    num_readings, num_checks = len(instrument.readings), len(instrument.check_names)
    for what, shape, kind in (
        ("value", (num_readings,), jnp.floating),
        ("lower", (num_readings,), jnp.floating),
        ("upper", (num_readings,), jnp.floating),
        ("control", (num_readings,), jnp.floating),
        ("ceiling", (num_readings,), jnp.floating),
        ("checks", (num_checks,), jnp.bool_),
        ("count", (), jnp.integer),
    ):
        leaf = getattr(reading, what)
        require(
            leaf.shape == shape and jnp.issubdtype(leaf.dtype, kind),
            f"{what} is {leaf.dtype}{list(leaf.shape)}, not {kind.__name__}{list(shape)}",
        )


def _check_numbers(reading: Reading) -> None:
    """Check that numbers are finite, or NaN together where there is nothing to measure."""
    values = [np.asarray(x) for x in (reading.lower, reading.value, reading.upper)]
    finite = [np.isfinite(numbers) for numbers in values]
    require(
        all(np.array_equal(finite[0], other) for other in finite),
        "a value and its interval are finite together",
    )
    infinite = any(np.any(np.isinf(x)) for x in (*values, reading.control, reading.ceiling))
    require(not infinite, "a reading is infinite; give NaN where it cannot be measured")
    lower, value, upper = (x[finite[0]] for x in values)
    require(
        bool(np.all((lower <= value) & (value <= upper))),
        f"the interval [{lower}, {upper}] does not hold the value {value}",
    )
    require(int(reading.count) >= 0, "`count` is negative")


@eqx.filter_jit
def _acts(
    key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
) -> Bool[Array, ""]:
    """Return whether an agent has a policy where an episode begins."""
    memory = agent.initial_memory()
    level = world.sample_level(key)
    tokens = world.observe_state(level, world.reset(level))
    response = agent(agent.embed(world.observe_level(level)), tokens, memory)
    return ~jnp.any(jnp.isnan(jax.nn.softmax(response.logits)))


def _check_silence(reading: Reading) -> None:
    numbers = (reading.value, reading.lower, reading.upper)
    require(
        all(np.all(np.isnan(each)) for each in numbers) and not np.any(reading.checks),
        "an agent whose policy is NaN was read: ask agents through `rollout` and "
        "`solve.policy_of`, or mark what they answer with `answered`",
    )


def _identical(one: Reading, other: Reading) -> bool:
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)
