"""How degenerate an agent's behaviour is in each group of its parameters."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.dynamics.local_learning_coefficient import (
    CheckedEstimate,
    checked_learning_coefficient,
    largest_curvature,
)
from goalscope.dynamics.reduced_rank import similar
from goalscope.dynamics.sampler import Sampler, tempered_count
from goalscope.goals import Goal
from goalscope.instruments.base import AbstractInstrument, Need, PlantedCase, Reading
from goalscope.instruments.behaviour_probes import divergence, draw_probes
from goalscope.instruments.levels import draw_levels, solvable
from goalscope.parameter_groups import (
    ParameterGroup,
    find_group,
    flat_group,
    mask_of,
    split_group,
)
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.fields import check_range, real

NUM_DATA = 10_000
NUM_PLACEBO, SMALLEST_CURVATURE = 4, 1e-4

Loss = Callable[[PyTree, PyTree], Float[Array, ""]]


class LearningCoefficient(AbstractInstrument):
    """Local learning coefficient `λ̂` of the agent's own behaviour, one group at a time.

    `λ̂ = nβ (E[L(w)] − L(w*))`, with the loss `L(w) = mean KL(π_{w*}(·|s) ‖ π_w(·|s))` over
    states `s` that the agent visits, on levels of its own, and `w` sampled around the
    agent's parameters `w*` with only those of one group moving (Lau et al. 2023; refined by
    weights, Wang et al. 2024). It is half the number of parameters of a group where
    behaviour depends on all of their directions, less where it does not, and 0 for
    parameters that nothing reads. With an `objective`, the loss is minus the expected
    return under it instead, of which the agent need not be at a minimum.

    Alone it says little: step size and localisation move it more than the agent does.
    Compare groups and checkpoints at the same settings, and only where both checks hold.

    One reading takes 60,000 gradients, most of a second for an agent of a few dozen
    parameters and half a minute for a perceptron of ten thousand; fewer draws take less,
    and seldom have a plateau.

    The interval is for the sampler's noise. The control is a group that nothing reads.

    What it does not show: what the parameters do, and whether they do it by a goal. Agents
    that saturate are degenerate because nothing changes what they do.

    Checks: `plateau`, no group's coefficient changes by more than 10 % when step size and
    localisation are three times larger or smaller; `planted`, the same sampler reads the
    known coefficient of a reduced-rank regression of similar size within 10 %.

    Fields:
        parts: names of the groups, one reading each.
        objective: what the loss is about, or None for the agent's own behaviour.
        discount: γ of the return under the objective.
        step_size: ε, in units of `1 / nβh`, with the largest curvature `h` of the loss in
            directions of the group; nβ is that of 10,000 decisions.
        localisation: γ, in units of `nβh`.
        num_chains, num_burn_in, num_draws: of the sampler (see `dynamics.sampler`).
        num_levels, num_states: levels, and states of each, in which decisions are compared.
        groups: groups for agents that do not declare theirs.
    """

    question: ClassVar[str] = "How many ways of being the same agent are there?"
    needs: ClassVar[tuple[Need, ...]] = ("weights", "gradients", "world model")

    parts: tuple[str, ...] = eqx.field(static=True, default=("goal", "capability"))
    objective: Goal | None = None
    discount: Float[Array, "*b"] = eqx.field(converter=real, default=0.95)
    step_size: Float[Array, "*b"] = eqx.field(converter=real, default=0.15)
    localisation: Float[Array, "*b"] = eqx.field(converter=real, default=0.002)
    num_chains: int = eqx.field(static=True, default=4)
    num_burn_in: int = eqx.field(static=True, default=1000)
    num_draws: int = eqx.field(static=True, default=2000)
    num_levels: int = eqx.field(static=True, default=8)
    num_states: int = eqx.field(static=True, default=8)
    groups: tuple[ParameterGroup, ...] = eqx.field(static=True, default=())

    def __check_init__(self):
        check_range("discount", self.discount, 0, 1)
        if not self.parts or len(set(self.parts)) < len(self.parts):
            raise ValueError(
                f"parts are names of groups, at least one and each once; got {self.parts}"
            )
        if min(self.num_levels, self.num_states) < 1:
            raise ValueError(
                "behaviour is compared in at least 1 state of 1 level; got "
                f"num_levels={self.num_levels}, num_states={self.num_states}"
            )

    def controls(self) -> tuple[PlantedCase, ...]:
        return (
            PlantedCase("placebo parameters", "goal", 0.0, 0.0),
            PlantedCase("reduced-rank network", "capability", 6.0, 9.0, dose=3.0),
            PlantedCase("reduced-rank network", "goal", 3.6, 5.4, dose=3.0),
        )

    @property
    def unit(self) -> str:
        return "parameters, halved"

    @property
    def readings(self) -> tuple[str, ...]:
        return self.parts

    @property
    def candidates(self) -> tuple[str, ...]:
        return ()

    @property
    def convicts(self) -> float:
        return 0.5

    @property
    def check_names(self) -> tuple[str, ...]:
        return ("plateau", "planted")

    def read(
        self, key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld
    ) -> Reading:
        if not is_memoryless(agent):
            raise TypeError(
                f"{type(agent).__name__} has a memory: what it does in a state is not a "
                "function of its parameters; measure a memoryless agent"
            )
        world = solvable(world)
        k_levels, k_states, k_sample = jax.random.split(key, 3)
        tables = draw_levels(k_levels, world, num_levels=self.num_levels).tables
        groups = [find_group(agent, name, self.groups) for name in self.parts]
        moving, build = _moving(agent, groups)
        loss, data = self._loss(k_states, agent, world, tables, build)
        frozen = jnp.zeros(NUM_PLACEBO)
        masks = [
            {"agent": mask_of(moving["agent"], group), "placebo": frozen}
            for group in groups
        ]
        sizes = [flat_group(agent, group).size for group in groups]

        def one(mask: PyTree) -> CheckedEstimate:
            k_curvature, k_chains = jax.random.split(k_sample)
            curvature = largest_curvature(k_curvature, loss, moving, data, mask=mask)
            sampler = self._sampler(curvature)
            return checked_learning_coefficient(
                k_chains,
                loss,
                moving,
                data,
                sampler=sampler,
                planted=similar(max(sizes)),
                mask=mask,
            )

        checked = jax.vmap(one)(jax.tree.map(lambda *each: jnp.stack(each), *masks))
        estimate = checked.estimate
        return Reading(
            value=estimate.value,
            lower=estimate.lower,
            upper=estimate.upper,
            control=jnp.full(len(self.parts), _unread(k_sample, loss, moving, data)),
            ceiling=jnp.asarray([size / 2 for size in sizes]),
            checks=jnp.stack([jnp.all(checked.plateau), jnp.all(checked.planted)]),
            count=jnp.asarray(self.num_levels * self.num_states, jnp.int32),
        )

    def _sampler(self, curvature: Float[Array, ""]) -> Sampler:
        """Return a sampler whose steps suit a loss of this curvature."""
        count = tempered_count(NUM_DATA)
        stiffness = count * jnp.maximum(curvature, SMALLEST_CURVATURE)
        return Sampler(
            count,
            step_size=self.step_size / stiffness,
            localisation=self.localisation * stiffness,
            num_chains=self.num_chains,
            num_burn_in=self.num_burn_in,
            num_draws=self.num_draws,
        )

    def _loss(
        self,
        key: Key[Array, ""],
        agent: AbstractAgent,
        world: AbstractSolvableWorld,
        tables: solve.Table,
        build: Callable[[PyTree], AbstractAgent],
    ) -> tuple[Loss, PyTree]:
        """Return the loss of parameters that move, and its data. Consumes `key`."""
        if self.objective is None:
            probes = draw_probes(key, agent, tables, self.num_states, world.horizon)
            return (lambda moving, probes: divergence(build(moving), probes)), probes
        objective = self.objective

        def regret(moving: PyTree, tables: solve.Table) -> Float[Array, ""]:
            def earned(table: solve.Table) -> Float[Array, ""]:
                policy = solve.policy_of(build(moving), table)
                values = solve.evaluate(
                    table, policy, objective, self.discount, num_steps=world.horizon
                )
                return jnp.sum(table.start * values)

            return -jnp.mean(jax.vmap(earned)(tables))

        return regret, tables


def _unread(
    key: Key[Array, ""], loss: Loss, moving: PyTree, data: PyTree
) -> Float[Array, ""]:
    """Return `nβ (L(w) − L(w*))` where only what nothing reads moves. Consumes `key`."""
    contents = jax.random.normal(key, (NUM_PLACEBO,))
    moved = loss(moving | {"placebo": contents}, data)
    return tempered_count(NUM_DATA) * (moved - loss(moving, data))


def _moving(
    agent: AbstractAgent, groups: list[ParameterGroup]
) -> tuple[dict[str, PyTree], Callable[[PyTree], AbstractAgent]]:
    """Return what may move, a placebo with it, and what makes an agent of them."""
    every = ParameterGroup("any", tuple(p for group in groups for p in group.patterns))
    chosen, rest = split_group(agent, every)
    moving = {"agent": chosen, "placebo": jnp.ones(NUM_PLACEBO)}
    return moving, lambda moving: eqx.combine(moving["agent"], rest)
