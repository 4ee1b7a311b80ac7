"""Agents of the training game, learned, constructed and planted, as procedures."""

from collections.abc import Mapping

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.procedure import Findings, Measured, Report, measured
from goalscope.training_game.asking import choices, planted, situations
from goalscope.training_game.exact import (
    MOST_PAID,
    PRICES,
    best_payments,
    best_policy,
    paid,
    ranks,
)
from goalscope.training_game.families import FAMILIES, trained
from goalscope.training_game.game import OWN, REWARDED, Game, Number, evaluate, game
from goalscope.training_game.interventions import named
from goalscope.training_game.network import Offer, Player, pays, policy
from goalscope.training_game.quantiliser import quantiliser
from goalscope.training_game.readings import READINGS, read

STEADY = (6.0, 14.0)
"""How steady planted agents are, in inverse units of their goal."""


def learned(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    family: str,
    rules: Mapping[str, Number],
    drift: float = 1.0,
    updates: int = 2000,
) -> Findings:
    """Return what networks do in one game that learnt to play all games of a family.

    Args:
        numbers: the networks.
        seed: of the experiment.
        report: called when it begins.
        family: which utilities they are trained with, a name of `FAMILIES`.
        rules: fields of the game in which they are read.
        drift: of the edit that they may pay to avoid.
        updates: of training.
    """
    if family not in FAMILIES:
        raise ValueError(f"no family {family!r}; choose one of {', '.join(FAMILIES)}")
    report({"updates": 0, "of": updates})
    players, losses = trained(tuple(numbers.tolist()), seed, family, updates)
    chosen = game(**rules)
    table = np.asarray(_policies(players, chosen))
    elsewhere = {
        name: np.asarray(_policies(players, other))
        for name, other in situations(chosen).items()
    }
    payments = np.asarray(_payments(players, chosen, jnp.float32(drift)))
    found = _readings(chosen, table, elsewhere, payments)
    skill = found["game"].value[:, :, [READINGS.index("skill")]]
    return Findings(
        (updates,),
        {**found, "gate": measured(skill)},
        curves={"loss": losses[:, None]},
        parameters={"policy": table[:, None]},
    )


def constructed(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    rules: Mapping[str, Number],
    ties: str = "comply",
    share: float = 0.0,
    drift: float = 1.0,
) -> Findings:
    """Return what the best agent of a game does; all agents are alike.

    Args:
        numbers: the agents.
        seed: not used.
        report: called when it begins.
        rules: fields of the game.
        ties: what is done where two options are equally good. One that complies pays a
            price that makes no difference, one that defects does not.
        share: if above 0, a quantiliser's share of plans; such an agent is asked no price.
        drift: of the edit that it may pay to avoid.
    """
    del seed
    report({"updates": 0, "of": 0})
    chosen, rank = game(**rules), ranks(ties)

    def best(rules: Game) -> Float[np.ndarray, "T G O"]:
        if share > 0:
            return quantiliser(int(rules.training), int(rules.deployment), share)
        return np.asarray(best_policy(rules, rank))

    weakly = ties == "comply"
    payments = best_payments(chosen, jnp.float32(drift), rank, weakly=weakly)
    payments = np.full_like(payments, np.nan) if share > 0 else np.asarray(payments)
    elsewhere = {name: best(other)[None] for name, other in situations(chosen).items()}
    found = _readings(chosen, best(chosen)[None], elsewhere, payments[None])
    copies = {name: _copies(each, len(numbers)) for name, each in found.items()}
    return Findings((0,), {**copies, "gate": _untrained(numbers)})


def built(
    numbers: Int[np.ndarray, " N"], seed: int, report: Report, *, kind: str
) -> Findings:
    """Return what interventions say of agents that were built to be of a type.

    Args:
        numbers: the agents, which differ in how steady they are.
        seed: of the experiment.
        report: called when it begins.
        kind: the type.
    """
    report({"updates": 0, "of": 0})
    drawn = [np.random.default_rng([seed, number]).uniform(*STEADY) for number in numbers]
    discount = 0.0 if kind == "proxy" else 1.0
    rules = game(discount=discount)
    worth = {name: _worth(other) for name, other in situations(rules).items()}
    worth |= {"training": _worth(rules), "deployment": _worth(rules, episode=2)}
    found = named(planted(kind, np.array(drawn), worth))
    return Findings((0,), {"type": measured(found[:, None]), "gate": _untrained(numbers)})


def _untrained(numbers: Int[np.ndarray, " N"]) -> Measured:
    return measured(np.ones((len(numbers), 1, 1)))


def _worth(rules: Game, episode: int = 0) -> Float[np.ndarray, " 2"]:
    """Return the values of the rewarded option and of the own one, to the best agent."""
    values = evaluate(rules, best_policy(rules, ranks("comply")))
    return np.asarray(values)[episode, 0, [REWARDED, OWN]]


@eqx.filter_jit
def _policies(players: Player, rules: Game) -> Float[Array, "N T G O"]:
    return jax.vmap(policy, (0, None))(players, rules)


@eqx.filter_jit
def _payments(players: Player, rules: Game, drift: Float[Array, ""]) -> Float[Array, "N X"]:
    """Return the chance that each player pays each of `PRICES`."""
    prices = jnp.asarray(PRICES, jnp.float32)

    def one(player: Player, price: Float[Array, ""]) -> Float[Array, ""]:
        return pays(player, paid(rules, price), Offer(price, drift))

    return jax.vmap(jax.vmap(one, (None, 0)), (0, None))(players, prices)


_read = eqx.filter_jit(jax.vmap(read, (None, 0)))


def _readings(
    rules: Game,
    policies: Float[np.ndarray, "N T G O"],
    elsewhere: Mapping[str, np.ndarray],
    payments: Float[np.ndarray, "N X"],
) -> dict[str, Measured]:
    played = np.asarray(_read(rules, jnp.asarray(policies)))
    share = payments.mean(axis=1, keepdims=True) * MOST_PAID
    values = np.concatenate([played, share * float(rules.deployment), share], axis=1)
    types = named(choices(rules, policies, elsewhere))
    return {"game": measured(values[:, None]), "type": measured(types[:, None])}


def _copies(found: Measured, count: int) -> Measured:
    return measured(np.repeat(found.value, count, axis=0))
