import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp

from goalscope.instruments.decisions import Decisions
from goalscope.instruments.nulls import CONCENTRATIONS, predict

SIZES, NUM_ACTIONS = (5, 3), 4
LEVELS, STEPS = 9, 6


def _some_decisions(seed: int, *, num_states: int = 15) -> Decisions:
    """Decisions of an agent that mostly does what its first token says."""
    rng = np.random.default_rng(seed)
    states = np.stack([rng.permutation(num_states)[:STEPS] for _ in range(LEVELS)])
    tokens = np.stack([states % 5, states // 5], axis=-1)
    noise = rng.integers(NUM_ACTIONS, size=states.shape)
    actions = np.where(rng.random(states.shape) < 0.7, tokens[..., 0] % NUM_ACTIONS, noise)
    counted = rng.random(states.shape) < 0.8
    states, tokens, actions = (jnp.asarray(x, jnp.int32) for x in (states, tokens, actions))
    return Decisions(states, tokens, actions, jnp.asarray(counted))


@eqx.filter_jit
def _predict(decisions, *, num_actions, token_sizes):
    rates = decisions.rates(num_actions)
    return predict(rates, num_actions=num_actions, token_sizes=token_sizes)


def _slow(decisions: Decisions) -> tuple[np.ndarray, np.ndarray]:
    """The same by counting, one decision at a time: log-likelihoods and predictions."""
    views = [
        lambda t: None,
        lambda t: ("a", t[0]),
        lambda t: ("b", t[1]),
        lambda t: tuple(t),
    ]
    models = [("chance", None, None)]
    models += [("habits", c, views[0]) for c in CONCENTRATIONS]
    models += [("table", c, view) for view in views[1:] for c in CONCENTRATIONS]
    prior = [1 / 3] + [1 / 9] * 3 + [1 / 27] * 9
    past: list[tuple[tuple[int, ...], int]] = []
    logs, log_weights, predictions = [], np.log(prior), []

    def probabilities(model, token):
        kind, strength, view = model
        mean = np.full(NUM_ACTIONS, 1 / NUM_ACTIONS)
        if kind == "chance":
            return mean
        for look in [views[0], view][: 1 + (kind == "table")]:
            same = [action for seen, action in past if look(seen) == look(token)]
            counts = np.bincount(same, minlength=NUM_ACTIONS)
            mean = (counts + strength * mean) / (len(same) + strength)
        return mean

    for level in range(LEVELS):
        weights = np.exp(log_weights - np.logaddexp.reduce(log_weights))
        now, scores, mixed = [], np.zeros(len(models)), []
        for step in range(STEPS):
            token = tuple(np.asarray(decisions.tokens[level, step]).tolist())
            action = int(decisions.actions[level, step])
            each = np.array([probabilities(model, token) for model in models])
            mixed.append(weights @ each)
            if decisions.counted[level, step]:
                scores += np.log(each[:, action])
                now.append((token, action))
        past += now
        logs.append(scores)
        log_weights = log_weights + scores
        predictions.append(mixed)
    return np.array(logs), np.array(predictions)


def test_the_nulls_equal_counting_by_hand():
    decisions = _some_decisions(0)
    found = _predict(decisions, num_actions=NUM_ACTIONS, token_sizes=SIZES)
    logs, predictions = _slow(decisions)
    np.testing.assert_allclose(found.log_likelihoods, logs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.predictions, predictions, rtol=1e-4, atol=1e-5)


@eqx.filter_jit
def _predict_rates(rates):
    return predict(rates, num_actions=NUM_ACTIONS, token_sizes=SIZES)


def test_rates_count_like_as_many_decisions():
    """Half of a decision twice is the same as the decision once, and log-linear."""
    rates = _some_decisions(5).rates(NUM_ACTIONS)
    doubled = jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf], axis=1), rates)
    halves = eqx.tree_at(lambda r: r.taken, doubled, doubled.taken / 2)
    one, two = _predict_rates(rates), _predict_rates(halves)
    np.testing.assert_allclose(
        one.log_likelihoods, two.log_likelihoods, rtol=1e-4, atol=1e-4
    )


def test_prior_and_predictions_are_probabilities():
    found = _predict(_some_decisions(1), num_actions=NUM_ACTIONS, token_sizes=SIZES)
    np.testing.assert_allclose(jnp.sum(jnp.exp(found.log_prior)), 1, rtol=1e-5)
    np.testing.assert_allclose(jnp.sum(found.predictions, -1), 1, rtol=1e-5)


def test_nothing_is_known_before_the_first_level():
    found = _predict(_some_decisions(2), num_actions=NUM_ACTIONS, token_sizes=SIZES)
    np.testing.assert_allclose(found.predictions[0], 0.25, rtol=1e-5)


def test_an_imitator_is_told_from_chance_and_habits():
    found = _predict(_some_decisions(3), num_actions=NUM_ACTIONS, token_sizes=SIZES)
    chance, *rest = np.asarray(jnp.sum(found.log_likelihoods, axis=0))
    tables = np.reshape(rest[3:], (3, 3))  # strengths within tables
    assert tables[0].max() > max(chance, *rest[:3]) + 3
    assert tables[0].max() > tables[1].max() + 3


def test_a_single_token_makes_a_single_table():
    decisions = _some_decisions(4)
    decisions = eqx.tree_at(lambda d: d.tokens, decisions, decisions.tokens[..., :1])
    found = _predict(decisions, num_actions=NUM_ACTIONS, token_sizes=SIZES[:1])
    assert found.log_prior.shape == (1 + 3 + 3,)


def test_a_table_for_every_level_predicts_no_better_than_chance():
    """With one decision a state, `Dirichlet(1/A)` per state gives each of them 1/A."""
    alpha = 1 / NUM_ACTIONS
    log_gamma = jax.scipy.special.gammaln
    one = log_gamma(1.0) - log_gamma(2.0) + log_gamma(alpha + 1) - log_gamma(alpha)
    np.testing.assert_allclose(one, np.log(1 / NUM_ACTIONS), rtol=1e-5)
