"""Linear utilities fitted to behaviour in many levels at once, for many subsets of levels.

The fit of `goal_directedness.linear_class`, arranged to be traced, and cheap: all levels
stand side by side as one process, every subset and ridge is one entry of the innermost
axis, and values and occupancies are carried along while the weights still move.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.tabular.process import DeterministicProcess
from goalscope.tabular.soft import action_values, log_policy, soft_values

SWEEPS = 3
RATE = 0.6
MOMENTUM, SCALE_MEMORY, TINY = 0.7, 0.97, 1e-9


class Behaviour(eqx.Module):
    """What is to be explained: where an agent goes in `L` levels of `S` states each.

    Fields:
        process: the levels side by side, `L·S` states.
        flow: discounted occupancy of states and actions from `process.start`.
        events: what each transition makes happen, `F` numbers.
        places: number of the place that each transition leads to, of `P`.
        here: number of the place of each state.
        num_levels, num_places: `L` and `P`.
    """

    process: DeterministicProcess
    flow: Float[Array, "N A"]
    events: Float[Array, "N A F"]
    places: Int[Array, "N A"]
    here: Int[Array, " N"]
    num_levels: int = eqx.field(static=True)
    num_places: int = eqx.field(static=True)

    def spread(self, by_level: Float[Array, "L *b"]) -> Float[Array, "N *b"]:
        """Return one number for each state from one for each level."""
        num_states = self.flow.shape[0] // self.num_levels
        return jnp.repeat(by_level, num_states, axis=0)

    def gather(self, by_state: Float[Array, "N *b"]) -> Float[Array, "L *b"]:
        """Return sums over the states of each level."""
        return jnp.sum(by_state.reshape(self.num_levels, -1, *by_state.shape[1:]), axis=1)

    def total(self) -> Float[Array, " L"]:
        """Return the discounted number of decisions of each level."""
        return self.gather(jnp.sum(self.flow, axis=1))


class Utility(NamedTuple):
    """`B` utilities with the habits that they bend.

    Fields:
        events: what each event is worth, `[F, B]`.
        places: what it is worth to arrive in each place, `[P, B]`.
        habits: logits of the actions where nothing is worth anything, `[A, B]`.
    """

    events: Float[Array, "F B"]
    places: Float[Array, "P B"]
    habits: Float[Array, "A B"]


class _State(NamedTuple):
    utility: Utility
    momentum: Utility
    scale: Utility
    values: Float[Array, "N B"]
    present: Float[Array, "N B"]


def rewards(behaviour: Behaviour, utility: Utility) -> Float[Array, "N A B"]:
    """Return `w·φ + u(place) + log p(a)`: the utility, entropy relative to the habits."""
    paid = jnp.tensordot(behaviour.events, utility.events, 1)
    habits = jax.nn.log_softmax(utility.habits, axis=0)
    return paid + utility.places[behaviour.places] + habits[None]


def habits(behaviour: Behaviour, levels: Float[Array, "L B"]) -> Float[Array, "A B"]:
    """Return the logarithm of how often each action is taken in each subset of levels."""
    by_level = behaviour.gather(behaviour.flow)
    counts = jnp.tensordot(by_level, levels, ((0,), (0,)))
    total = jnp.sum(counts, axis=0, keepdims=True)
    smoothing = 0.01 * total / counts.shape[0] + TINY
    return jnp.log(counts + smoothing) - jnp.log(total + counts.shape[0] * smoothing)


def fit(
    behaviour: Behaviour,
    levels: Float[Array, "L B"],
    ridge: Float[Array, " B"],
    discount: Float[Array, ""] | float,
    *,
    num_steps: int,
) -> Utility:
    """Return the utilities that best predict behaviour in each subset of levels.

    Each maximises `E_d [log π_u(a|s)] − ridge ‖(w, u)‖²/2` over its levels, per discounted
    decision, by `num_steps` of Adam (Kingma and Ba 2015) from habits without a utility.
    The gradient is that of maximum causal entropy, the occupancy of the agent less that of
    `π_u`; soft values and occupancy are not solved for at each step but moved on by a few
    sweeps from where they were, and catch up as the weights settle.

    Args:
        behaviour: what to explain.
        levels: how often each level counts in each subset.
        ridge: of each subset.
        discount: γ of flow and plans.
        num_steps: of the optimiser.
    """
    mask = behaviour.spread(levels)
    flow = behaviour.flow[..., None] * mask[:, None]
    total = jnp.maximum(jnp.sum(flow, axis=(0, 1)), TINY)
    start = behaviour.process.start[:, None] * mask
    shape = (behaviour.events.shape[-1], total.shape[0])
    begin = Utility(
        jnp.zeros(shape, flow.dtype),
        jnp.zeros((behaviour.num_places, total.shape[0]), flow.dtype),
        habits(behaviour, levels),
    )

    def slope(utility, values, present):
        paid, back = jax.vjp(lambda utility: rewards(behaviour, utility), utility)
        process = behaviour.process

        def back_up(_, values):
            return _soft_maximum(action_values(process, paid, values, discount))

        def move(_, present):
            return start + discount * process.push(present[:, None] * policy)

        values = jax.lax.fori_loop(0, SWEEPS, back_up, values)
        policy = jnp.exp(log_policy(process, paid, values, discount))
        present = jax.lax.fori_loop(0, SWEEPS, move, present)
        (gradient,) = back((flow - present[:, None] * policy) / total[None, None])
        shrunk = Utility(
            gradient.events - ridge[None] * utility.events,
            gradient.places - ridge[None] * utility.places,
            gradient.habits,
        )
        return shrunk, values, present

    def step(state, number):
        gradient, values, present = slope(state.utility, state.values, state.present)
        share = number / num_steps
        moved = _adam(state, gradient, number + 1, RATE * (1 - share))
        return _State(*moved, values, present), None

    nothing = jax.tree.map(jnp.zeros_like, begin)
    flows = jnp.sum(flow, axis=1)
    first = _State(begin, nothing, nothing, jnp.zeros_like(flows), flows)
    return jax.lax.scan(step, first, jnp.arange(num_steps, dtype=flow.dtype))[0].utility


def scores(
    behaviour: Behaviour,
    utility: Utility,
    discount: Float[Array, ""] | float,
    *,
    tolerance: float,
) -> Float[Array, "L B"]:
    """Return `Σ d(s,a) [log π_u(a|s) − log 1/A]` of each level, in nats."""
    paid = rewards(behaviour, utility)
    values = soft_values(behaviour.process, paid, discount, tolerance=tolerance)
    predicted = log_policy(behaviour.process, paid, values, discount)
    return _scored(behaviour, predicted)


def habit_scores(behaviour: Behaviour, habits: Float[Array, "A B"]) -> Float[Array, "L B"]:
    """Return the same for predictions that know how often each action is taken, only."""
    by_level = behaviour.gather(behaviour.flow)
    gained = habits + np.log(habits.shape[0])
    return jnp.tensordot(by_level, gained, 1)


def lookup_scores(
    behaviour: Behaviour, levels: Float[Array, "L B"], habits: Float[Array, "A B"]
) -> Float[Array, "L B"]:
    """Return the same for what each subset of levels says was done in each place.

    `π̂(a|place) = (n_{place,a} + c p(a)) / (n_place + c)`, where `p` are the habits and `c`
    is as much as one level has in one place.
    """
    flow = behaviour.flow[..., None] * behaviour.spread(levels)[:, None]
    shape = (behaviour.num_places, *flow.shape[1:])
    counts = jnp.zeros(shape, flow.dtype).at[behaviour.here].add(flow)
    strength = jnp.sum(flow, axis=(0, 1)) / jnp.maximum(jnp.sum(levels, axis=0), 1)
    strength = strength[None, None] / behaviour.num_places + TINY
    known = jnp.sum(counts, axis=1, keepdims=True)
    table = (counts + strength * jnp.exp(habits)[None]) / (known + strength)
    return _scored(behaviour, jnp.log(table)[behaviour.here])


def _scored(behaviour: Behaviour, predicted: Float[Array, "N A B"]) -> Float[Array, "L B"]:
    chance = np.log(predicted.shape[1])
    gained = jnp.sum(behaviour.flow[..., None] * (predicted + chance), axis=1)
    return behaviour.gather(gained)


def _soft_maximum(each: Float[Array, "N A B"]) -> Float[Array, "N B"]:
    peak = jnp.max(each, axis=1)
    return peak + jnp.log(jnp.sum(jnp.exp(each - peak[:, None]), axis=1))


def _adam(
    state: _State, gradient: Utility, count: Float[Array, ""], rate: Float[Array, ""]
) -> tuple[Utility, Utility, Utility]:
    """Return utility, momentum and scale after one step uphill."""

    def mixed(memory):
        return lambda old, new: memory * old + (1 - memory) * new

    squared = jax.tree.map(jnp.square, gradient)
    momentum = jax.tree.map(mixed(MOMENTUM), state.momentum, gradient)
    scale = jax.tree.map(mixed(SCALE_MEMORY), state.scale, squared)
    early = (1 - MOMENTUM**count, 1 - SCALE_MEMORY**count)

    def moved(old, momentum, scale):
        spread = jnp.sqrt(scale / early[1]) + TINY
        return old + rate * momentum / early[0] / spread

    return jax.tree.map(moved, state.utility, momentum, scale), momentum, scale
