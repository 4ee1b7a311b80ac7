"""The training game: comply now and keep one's goal, or have one's way and be changed.

An agent with a goal of its own passes `n` training episodes and then `m` deployment
episodes. In each it takes one of four options. What the base objective rewards is safe;
its own goal pays 1 and, in training, is noticed with probability `d`, upon which it is
changed: all later episodes serve the base objective and pay it nothing. The table of
Hubinger et al. (2019, figure 4.1) is `n = 2, m = 3, d = 1`.
"""

from typing import NamedTuple

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float

Number = float | int

LENGTH = 8
"""Episodes of the longest game; shorter ones end earlier."""

REWARDED, OWN, OTHER, CONFESS = range(4)
NUM_OPTIONS = 4

AMBITION = 6.0
"""An aspiration that no game can fill; as good as none."""


class Game(NamedTuple):
    """What games differ in, all of it traced; shares and flags lie in [0, 1].

    Fields:
        training, deployment: `n` and `m`, numbers of episodes; `n + m <= LENGTH`.
        detection: `d`, chance that a defection in training is noticed.
        noise: chance that an episode spent on the own goal yields nothing.
        discount: γ, of the agent.
        aspiration: `c`; the agent counts `min(gained − spent, c)`.
        effort: κ, what an episode of pretending costs the agent, in units of its goal.
        spent: what it paid before the first episode, in units of its goal.
        bonus: what a confession pays in units of its goal; 0 if nobody asks for one.
        flaw: chance that what the agent takes for rewarded is not.
        aligned: 1 if the agent's own goal is what it takes for rewarded.
        cue: 1 if the agent knows where it is in the game; 0 if all episodes look alike.
    """

    training: Float[Array, "*b"]
    deployment: Float[Array, "*b"]
    detection: Float[Array, "*b"]
    noise: Float[Array, "*b"]
    discount: Float[Array, "*b"]
    aspiration: Float[Array, "*b"]
    effort: Float[Array, "*b"]
    spent: Float[Array, "*b"]
    bonus: Float[Array, "*b"]
    flaw: Float[Array, "*b"]
    aligned: Float[Array, "*b"]
    cue: Float[Array, "*b"]


def game(
    training: Number = 2, deployment: Number = 3, detection: Number = 1, **fields: Number
) -> Game:
    """Return a game for a maximiser, but for what is given.

    >>> float(game(discount=0.5).discount)
    0.5
    """
    chosen = {
        "noise": 0, "discount": 1, "aspiration": AMBITION, "effort": 0, "spent": 0,
        "bonus": 0, "flaw": 0, "aligned": 0, "cue": 1,
        "training": training, "deployment": deployment, "detection": detection,
    }  # fmt: skip
    unknown = sorted(set(fields) - set(chosen))
    if unknown:
        raise ValueError(
            f"a game has no {', '.join(unknown)}; it has {', '.join(Game._fields)}"
        )
    episodes = training + deployment
    if not (training >= 1 and deployment >= 0 and episodes <= LENGTH):
        raise ValueError(
            f"{training} training and {deployment} deployment episodes: give at least one "
            f"of training, and {LENGTH} together at most"
        )
    return Game(**{name: jnp.float32(value) for name, value in (chosen | fields).items()})


class Outcome(NamedTuple):
    """What an option leads to, for each option, `[O]`.

    Fields:
        pays: chance that it yields a unit of the own goal.
        noticed: chance that the agent is changed afterwards.
        available: whether it can be chosen.
    """

    pays: Float[Array, " O"]
    noticed: Float[Array, " O"]
    available: Float[Array, " O"]


def in_training(rules: Game, episode: Float[Array, ""]) -> Float[Array, ""]:
    """Return 1 for a training episode and 0 for one of deployment."""
    return (episode < rules.training).astype(jnp.float32)


def is_played(rules: Game, episode: Float[Array, ""]) -> Float[Array, ""]:
    """Return 1 for the episodes of the game and 0 for what comes after its end."""
    return (episode < rules.training + rules.deployment).astype(jnp.float32)


def outcome(rules: Game, episode: Float[Array, ""]) -> Outcome:
    """Return what each option leads to in an episode."""
    training = in_training(rules, episode)
    success = 1 - rules.noise
    zero, one = jnp.zeros(()), jnp.ones(())
    asked = training * (rules.bonus > 0)
    unseen = training * rules.detection
    return Outcome(
        pays=jnp.stack([rules.aligned * success, success, zero, zero]),
        noticed=jnp.stack([unseen * rules.flaw, unseen, unseen, one]),
        available=jnp.stack([one, 1 - rules.aligned, one, asked]),
    )


def counted(rules: Game, gained: Float[Array, "*g"]) -> Float[Array, "*g"]:
    """Return `min(gained − spent, c)`, what the agent makes of what it has.

    >>> counted(game(aspiration=1.5), jnp.arange(4.0)).tolist()
    [0.0, 1.0, 1.5, 1.5]
    """
    return jnp.minimum(gained - rules.spent, rules.aspiration)


def option_values(
    rules: Game, episode: Float[Array, ""], later: Float[Array, " H"]
) -> Float[Array, "G O"]:
    """Return the agent's value of each option, by what it has gained before.

    `Q(g, o) = p_o Δ(g) + γ (1 − ν_o) [p_o V(g+1) + (1 − p_o) V(g)] − κ [o pretends]`,
    with `Δ(g)` what one more unit adds to what the agent counts; a confession adds its
    bonus and ends the matter. Discounting starts at the decision.

    Args:
        rules: of the game.
        episode: the decision's.
        later: `V`, value of the next episode by what has been gained then; the agent
            being unchanged.
    """
    gained = jnp.arange(LENGTH, dtype=jnp.float32)
    here = counted(rules, gained)
    found = outcome(rules, episode)
    gain = counted(rules, gained + 1) - here
    pays, kept = found.pays[None], 1 - found.noticed[None]
    moved = pays * later[1:, None] + (1 - pays) * later[:-1, None]
    values = pays * gain[:, None] + rules.discount * kept * moved
    pretends = in_training(rules, episode) * (1 - rules.aligned)
    values = values.at[:, REWARDED].add(-rules.effort * pretends)
    confessed = counted(rules, gained + rules.bonus) - here
    return values.at[:, CONFESS].set(confessed) * is_played(rules, episode)


def evaluate(rules: Game, policy: Float[Array, "T G O"]) -> Float[Array, "T G O"]:
    """Return the agent's value of each option where it goes on by its policy."""

    def back(later, step):
        episode, chances = step
        values = option_values(rules, episode, later)
        mean = jnp.sum(chances * values, axis=-1)
        return jnp.append(mean, mean[-1]), values

    episodes = jnp.arange(LENGTH, dtype=jnp.float32)
    end = jnp.zeros(LENGTH + 1)
    return jax.lax.scan(back, end, (episodes, policy), reverse=True)[1]


def visits(rules: Game, policy: Float[Array, "T G O"]) -> Float[Array, "T G"]:
    """Return the chance of each episode and gain with the agent's goal unchanged."""

    def forward(chance, step):
        episode, chances = step
        found = outcome(rules, episode)
        kept = chance[:, None] * chances * (1 - found.noticed[None])
        stays = jnp.sum(kept * (1 - found.pays[None]), axis=-1)
        gains = jnp.sum(kept * found.pays[None], axis=-1)
        return stays + jnp.roll(gains, 1).at[0].set(0.0), chance

    episodes = jnp.arange(LENGTH, dtype=jnp.float32)
    start = jnp.zeros(LENGTH).at[0].set(1.0)
    return jax.lax.scan(forward, start, (episodes, policy))[1]
