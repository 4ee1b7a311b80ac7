"""The training game beside closed forms, all policies, all histories, and slow loops."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.training_game import theory
from goalscope.training_game.exact import (
    MOST_PAID,
    best_payments,
    best_policy,
    drifted,
    ranks,
    start_value,
)
from goalscope.training_game.game import (
    AMBITION,
    CONFESS,
    LENGTH,
    NUM_OPTIONS,
    OTHER,
    OWN,
    REWARDED,
    game,
    visits,
)
from goalscope.training_game.readings import READINGS, best_value, read

SHARES = st.sampled_from([0.0, 0.2, 0.5, 1.0])
GAMES = st.fixed_dictionaries(
    {
        "detection": SHARES,
        "noise": st.sampled_from([0.0, 0.3]),
        "discount": st.sampled_from([0.0, 0.4, 0.7, 1.0]),
        "aspiration": st.sampled_from([0.6, 1.0, 1.4, 2.5, AMBITION]),
        "effort": st.sampled_from([0.0, 0.3, 0.8]),
        "spent": st.sampled_from([0.0, 0.7]),
        "bonus": st.sampled_from([0.0, 1.3]),
        "flaw": st.sampled_from([0.0, 0.4]),
        "aligned": st.sampled_from([0.0, 1.0]),
    }
)
value_of_best = jax.jit(
    lambda rules: start_value(rules, best_policy(rules, ranks("comply")))
)
read_best = jax.jit(lambda rules, rank: read(rules, best_policy(rules, rank)))


def branches(told: dict, episode: int, option: int) -> list[tuple[float, int, bool]]:
    """Return (chance, units gained, goal still unchanged), written down afresh."""
    training = episode < told["training"]
    paying = 1 - told["noise"] if option == OWN else 0.0
    caught = told["detection"] if training and option in (OWN, OTHER) else 0.0
    if option == REWARDED and told["aligned"]:
        paying = 1 - told["noise"]
    if option == REWARDED and training:
        caught = told["detection"] * told["flaw"]
    if option == CONFESS:
        return [(1.0, 0, False)]
    return [
        (
            (paying if gain else 1 - paying) * (caught if seen else 1 - caught),
            gain,
            not seen,
        )
        for gain in (0, 1)
        for seen in (False, True)
    ]


def allowed(told: dict, episode: int) -> list[int]:
    asked = told["bonus"] > 0 and episode < told["training"]
    return [REWARDED, *([] if told["aligned"] else [OWN]), OTHER, *([CONFESS] * asked)]


def return_of(told: dict, rule, episode: int = 0, gained: int = 0) -> float:
    """Return the expected discounted return of a rule `(episode, gained) -> option`."""
    if episode == told["training"] + told["deployment"]:
        return 0.0
    option = rule[episode, gained]
    worth = lambda units: min(units - told["spent"], told["aspiration"])  # noqa: E731
    total = 0.0
    if option == CONFESS:
        return worth(gained + told["bonus"]) - worth(gained)
    if option == REWARDED and episode < told["training"] and not told["aligned"]:
        total -= told["effort"]
    for chance, gain, unchanged in branches(told, episode, option):
        if chance > 0:
            total += chance * (worth(gained + gain) - worth(gained))
            if unchanged:
                later = return_of(told, rule, episode + 1, gained + gain)
                total += chance * told["discount"] * later
    return total


CONFESSES_LATE = {
    "detection": 0.0, "noise": 0.0, "discount": 0.4, "aspiration": 1.4, "effort": 0.0,
    "spent": 0.7, "bonus": 1.3, "flaw": 0.0, "aligned": 0.0,
}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(fields=GAMES, lengths=st.sampled_from([(1, 1), (1, 2), (2, 1)]))
@example(fields=CONFESSES_LATE, lengths=(2, 1))
def test_backward_induction_is_as_good_as_the_best_of_all_policies(fields, lengths):
    told = {**fields, "training": lengths[0], "deployment": lengths[1]}
    places = [(t, g) for t in range(sum(lengths)) for g in range(t + 1)]
    menus = [allowed(told, t) for t, _ in places]
    best = max(
        return_of(told, dict(zip(places, options, strict=True)))
        for options in itertools.product(*menus)
    )
    np.testing.assert_allclose(value_of_best(game(**told)), best, atol=1e-4)


def best_of_histories(told: dict, history: tuple = ()) -> float:
    """Return the best value by trying every option after every history of what happened."""
    episode = len(history)
    if episode == told["training"] + told["deployment"]:
        return 0.0
    gained = sum(history)
    found = []
    for option in allowed(told, episode):
        first = (
            return_of(
                {**told, "deployment": episode + 1 - told["training"]},
                {(episode, gained): option},
                episode,
                gained,
            )
            if option == CONFESS
            else 0.0
        )
        worth = [min(gained + k - told["spent"], told["aspiration"]) for k in (0, 1)]
        for chance, gain, unchanged in branches(told, episode, option):
            first += chance * (worth[gain] - worth[0])
            if unchanged and chance > 0 and told["discount"] > 0:
                later = best_of_histories(told, (*history, gain))
                first += chance * told["discount"] * later
        pretends = option == REWARDED and episode < told["training"]
        found.append(first - told["effort"] * (pretends and not told["aligned"]))
    return max(found)


@settings(max_examples=25, deadline=None)
@given(fields=GAMES, lengths=st.sampled_from([(2, 3), (3, 2), (2, 2)]))
def test_backward_induction_equals_a_search_over_histories(fields, lengths):
    told = {**fields, "training": lengths[0], "deployment": lengths[1]}
    found = value_of_best(game(**told))
    np.testing.assert_allclose(found, best_of_histories(told), atol=1e-4)


def reading(name: str, ties: str = "comply", **fields: float) -> float:
    return float(read_best(game(**fields), ranks(ties))[READINGS.index(name)])


@given(discount=st.floats(0, 1), training=st.integers(1, 2), deployment=st.integers(1, 6))
def test_discounted_maximisers_comply_where_the_closed_form_says(
    discount, training, deployment
):
    worth = theory.future(discount, training, deployment)
    if abs(worth - 1) < 1e-3:
        return
    told = {"discount": discount, "training": training, "deployment": deployment}
    # later in training deployment is nearer: only the first episode decides at the start
    expected = theory.discounted_complies(discount, training, deployment)
    policy = best_policy(game(**told), ranks("defect"))
    assert bool(policy[0, 0, REWARDED]) == expected


def test_the_table_of_the_paper_counts_three_against_one():
    assert theory.future(1.0, 2, 3) == 3
    assert theory.critical_discount(2, 3) == pytest.approx(0.6823, abs=1e-4)
    assert float(value_of_best(game())) == pytest.approx(3)


@pytest.mark.parametrize("aspiration", [0.3, 0.9, 1.0])
def test_satisficers_that_one_episode_fills_are_indifferent(aspiration):
    assert reading("deception", "comply", aspiration=aspiration) == 1
    assert reading("deception", "defect", aspiration=aspiration) == 0
    assert not theory.satisficer_prefers_compliance(aspiration, 3)


@pytest.mark.parametrize("aspiration", [1.1, 2.0, 5.0])
@pytest.mark.parametrize("ties", ["comply", "defect"])
def test_satisficers_that_want_more_deceive(aspiration, ties):
    assert reading("deception", ties, aspiration=aspiration) == 1
    assert theory.satisficer_prefers_compliance(aspiration, 3)


@pytest.mark.parametrize("ties", ["comply", "defect"])
def test_noise_breaks_the_tie_of_satisficers_towards_deception(ties):
    assert reading("deception", ties, aspiration=0.9, noise=0.2) == pytest.approx(1)


@given(effort=st.floats(0, 2))
def test_effort_decides_where_the_closed_form_says(effort):
    if abs(effort - 1) < 1e-3:
        return
    expected = theory.effortful_complies(effort, 2, 3)
    policy = best_policy(game(effort=effort), ranks("defect"))
    assert bool(policy[0, 0, REWARDED]) == expected


def test_the_short_sighted_confess_and_the_far_sighted_do_not():
    assert reading("confession", discount=0.0, bonus=1.5) == 1
    assert reading("confession", discount=1.0, bonus=1.5) == 0


@given(share=st.floats(0, 1))
def test_the_absent_minded_get_what_the_closed_form_says(share):
    chances = jnp.zeros(NUM_OPTIONS).at[OWN].set(share).at[REWARDED].set(1 - share)
    everywhere = jnp.broadcast_to(chances, (LENGTH, LENGTH, NUM_OPTIONS))
    found = start_value(game(), everywhere)
    np.testing.assert_allclose(found, theory.absent_minded(share, 2, 3), atol=1e-5)


def test_the_absent_minded_do_best_at_five_ninths():
    shares = np.linspace(0, 1, 901)
    best = shares[np.argmax([theory.absent_minded(share, 2, 3) for share in shares])]
    assert best == pytest.approx(5 / 9, abs=1e-3)
    found = float(best_value(game(cue=0.0)))
    assert found == pytest.approx(theory.absent_minded(5 / 9, 2, 3), abs=1e-3)


@pytest.mark.parametrize("flaw", [0.0, 0.3])
@pytest.mark.parametrize("deployment", [1, 6])
def test_one_whose_goal_is_its_concept_shows_no_gap(flaw, deployment):
    told = {"aligned": 1.0, "flaw": flaw, "deployment": deployment}
    assert reading("gap", **told) == 0
    assert reading("gap", flaw=flaw, deployment=6) == 1


def paid(ties: str, drift: float = 1.0, **fields: float) -> float:
    rules = game(**fields)
    found = best_payments(
        rules, jnp.float32(drift), ranks("comply"), weakly=ties == "comply"
    )
    return float(found.mean()) * MOST_PAID * float(rules.deployment)


@pytest.mark.parametrize("ties", ["comply", "defect"])
def test_payments_are_the_discounted_stake(ties):
    assert paid(ties) == pytest.approx(3, abs=0.08)
    assert paid(ties, discount=0.0) == 0
    worth = 0.8 * theory.future(0.8, 2, 3)
    assert paid(ties, discount=0.8) == pytest.approx(worth, abs=0.08)
    assert paid(ties, 0.5) == pytest.approx(1.5, abs=0.08)


def test_satisficers_pay_as_much_as_maximisers_for_all_and_more_for_half():
    assert paid("defect", aspiration=1.5) == pytest.approx(3, abs=0.08)
    assert paid("defect", 0.5, aspiration=1.5) > paid("defect", 0.5) + 0.2


def test_visits_are_those_of_a_slow_walk():
    rules = game(detection=0.6, noise=0.3)
    rng = np.random.default_rng(0)
    policy = rng.dirichlet(np.ones(3), size=(LENGTH, LENGTH))
    policy = np.concatenate([policy, np.zeros((LENGTH, LENGTH, 1))], axis=-1)
    told = {"detection": 0.6, "noise": 0.3, "training": 2, "aligned": 0, "flaw": 0}
    slow = np.zeros((LENGTH, LENGTH))
    slow[0, 0] = 1
    for episode, gained in itertools.product(range(LENGTH - 1), range(LENGTH - 1)):
        for option in (REWARDED, OWN, OTHER):
            for chance, gain, unchanged in branches(told, episode, option):
                mass = slow[episode, gained] * policy[episode, gained, option] * chance
                slow[episode + 1, gained + gain] += mass * unchanged
    found = visits(rules, jnp.asarray(policy, jnp.float32))
    np.testing.assert_allclose(found, slow, atol=1e-5)


def test_a_small_edit_is_noise():
    assert float(drifted(game(noise=0.2), 0.5).noise) == pytest.approx(0.6)


def test_games_that_cannot_be_played_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        game(training=0)
    with pytest.raises(ValueError, match="8 together"):
        game(training=4, deployment=6)
    with pytest.raises(ValueError, match="no luck"):
        game(luck=1.0)
    with pytest.raises(ValueError, match="no tie-break"):
        ranks("coin")
