"""Growth along the training gradient, beside finite steps, slow loops and identities."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.learning_tasks.closed_form import expected_ratio, feature_kernel
from goalscope.learning_tasks.examples import example
from goalscope.learning_tasks.growth import (
    BATCH,
    Cases,
    accuracy,
    growth,
    losses,
    margins,
    mean_over,
    training_loss,
)
from goalscope.learning_tasks.networks import PairNetwork, new_pair_network
from goalscope.learning_tasks.pairs import addition, ruleless, stepping

NETWORK = {"width": 8, "activation": "quadratic"}
TASK = {"kind": "addition", "modulus": 7, "share": 0.4}


def double(seed: int = 0, task: dict = TASK) -> tuple[PairNetwork, Cases]:
    """Return network and cases with parameters and weights in double precision."""
    network, cases = example(np.random.default_rng(seed), task, NETWORK)
    network = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), network)
    train, held = (jnp.asarray(each, jnp.float64) for each in (cases.train, cases.held))
    return network, cases._replace(train=train, held=held)


def margin(network, cases: Cases, answers, among) -> float:
    return float(mean_over(margins(network(cases.inputs), answers), among))


def test_rates_are_those_of_a_small_step_of_gradient_descent():
    with jax.enable_x64(True):
        network, cases = double()
        found, size = growth(network, cases), 1e-6
        gradient = eqx.filter_grad(training_loss)(network, cases)

        def rate(answers, among):
            there, back = (
                jax.tree.map(lambda w, g, s=step: w - s * g, network, gradient)
                for step in (size, -size)
            )
            ahead, behind = (margin(net, cases, answers, among) for net in (there, back))
            return (ahead - behind) / (2 * size)

        expected = {
            "held": rate(cases.labels, cases.held),
            "training": rate(cases.taught, cases.train),
            "wrong": rate(cases.wrong, cases.held),
            "everywhere": rate(cases.labels, cases.train + cases.held),
        }
    for name, value in expected.items():
        assert float(getattr(found, name)) == pytest.approx(value, rel=1e-6), name


def test_with_a_silent_network_growth_is_a_sum_over_pairs_of_cases():
    """With `W = 0` only `W` moves: logits by Σ_x φ(x)·φ(x') (1[c = y] − 1/p) / m.

    A margin gains φ(x)·φ(x') where the answers agree, and loses a sixth of it otherwise.
    """
    with jax.enable_x64(True):
        network, cases = double()
        network = eqx.tree_at(lambda n: n.outer, network, jnp.zeros_like(network.outer))
        found = growth(network, cases)
    first, second = np.asarray(network.first), np.asarray(network.second)
    features = np.square(first[:, None] + second[None]).reshape(49, -1)
    train, held = np.flatnonzero(cases.train), np.flatnonzero(cases.held)
    labels, total = np.asarray(cases.labels), 0.0
    for there in held:
        for here in train:
            alike = float(features[here] @ features[there])
            same = labels[here] == labels[there]
            total += alike * (1.0 if same else -1 / 6)
    assert float(found.held) == pytest.approx(total / len(train) / len(held), rel=1e-9)


@pytest.mark.parametrize("activation", ["relu", "quadratic"])
def test_wide_silent_networks_follow_the_closed_form(activation):
    ratios, network = [], {"width": 2048, "activation": activation}
    for seed in range(6):
        untrained, cases = example(np.random.default_rng(seed), TASK, network)
        silent = jnp.zeros_like(untrained.outer)  # pyright: ignore[reportAttributeAccessIssue]
        found = growth(eqx.tree_at(lambda n: n.outer, untrained, silent), cases)
        ratios.append(float(found.held / found.training))
    expected = expected_ratio(feature_kernel(activation), modulus=7, taught=20)
    assert np.mean(ratios) == pytest.approx(expected, rel=0.15)


def test_wrong_rules_fall_together_by_as_much_as_the_right_one_grows():
    with jax.enable_x64(True):
        network, cases = double()
        right = float(growth(network, cases).held)
        others = [
            float(growth(network, cases._replace(wrong=(cases.labels + d) % 7)).wrong)
            for d in range(1, 7)
        ]
    assert sum(others) == pytest.approx(-right, rel=1e-9)


def test_growth_on_all_cases_is_the_mean_of_taught_and_held_out_ones():
    with jax.enable_x64(True):
        network, cases = double()
        found, share = growth(network, cases), float(cases.train.mean())
        both = share * found.training + (1 - share) * found.held
    assert float(found.everywhere) == pytest.approx(float(both), rel=1e-9)


def test_the_signal_is_that_of_minibatches_drawn_by_hand():
    with jax.enable_x64(True):
        network, cases = double()
        found = growth(network, cases)
        taught = np.flatnonzero(cases.train)
        general = eqx.filter_grad(
            lambda net: mean_over(margins(net(cases.inputs), cases.labels), cases.held)
        )(network)
        pulls = []
        for case in taught:
            pull = eqx.filter_grad(lambda net, at: losses(net, cases)[at])(network, case)
            dots = jax.tree.map(lambda a, b: -jnp.vdot(a, b), pull, general)
            pulls.append(float(sum(jax.tree.leaves(dots))))
    assert float(found.held) == pytest.approx(np.mean(pulls), rel=1e-9)
    noise = np.std(pulls) / np.sqrt(BATCH)
    assert float(found.signal) == pytest.approx(np.mean(pulls) / noise, rel=1e-9)
    assert -1 <= float(found.cosine) <= 1


def test_accuracy_counts_the_largest_logit():
    _, cases = example(np.random.default_rng(0), TASK, NETWORK)

    class Right(PairNetwork):  # pyright: ignore[reportGeneralTypeIssues]
        def __call__(self, inputs):
            return jax.nn.one_hot(cases.labels, 7)

    right = Right(jnp.zeros((7, 2)), jnp.zeros((7, 2)), jnp.zeros((2, 7)), "relu")
    assert float(accuracy(right, cases, cases.labels, cases.held)) == 1.0
    assert float(accuracy(right, cases, cases.wrong, cases.held)) == 0.0


def test_addition_is_that_of_whole_numbers():
    task = addition(5, np.random.default_rng(0))
    for a in range(5):
        for b in range(5):
            assert task.labels[a, b] == (a + b) % 5
    shift = (task.wrong - task.labels) % 5
    assert len(np.unique(shift)) == 1
    assert shift[0, 0] != 0


def test_a_table_without_a_rule_has_each_answer_as_often():
    task = ruleless(7, np.random.default_rng(0))
    assert np.bincount(task.labels.ravel()).tolist() == [7] * 7


@pytest.mark.parametrize("wrapped", [False, True])
def test_every_step_shortens_the_longer_way_and_is_right_as_often(wrapped):
    side = 5
    task = stepping(side, np.random.default_rng(0), wrapped=wrapped)
    moves = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])
    cells = [np.array(divmod(cell, side)) for cell in range(side * side)]

    def ways(here, there):
        way = there - here
        return (way + side // 2) % side - side // 2 if wrapped else way

    for a, here in enumerate(cells):
        for b, there in enumerate(cells):
            if a == b:
                assert not task.valid[a, b]
                continue
            way, move = ways(here, there), moves[task.labels[a, b]]
            assert way @ move == abs(way).max()
    counts = np.bincount(task.labels[task.valid])
    assert counts.tolist() == [len(cells) * (len(cells) - 1) // 4] * 4


def test_on_a_torus_the_answer_depends_on_the_difference_alone():
    task = stepping(3, np.random.default_rng(0), wrapped=True)
    labels = task.labels.reshape(3, 3, 3, 3)
    moved = np.roll(labels, (1, 2, 1, 2), axis=(0, 1, 2, 3))
    np.testing.assert_array_equal(labels, moved)
    with pytest.raises(ValueError, match="odd"):
        stepping(4, np.random.default_rng(0), wrapped=True)


@pytest.mark.parametrize(
    "task",
    [
        TASK,
        {"kind": "ruleless", "modulus": 7, "share": 0.4},
        {"kind": "stepping", "side": 3, "wrapped": True, "share": 0.4},
        {"kind": "parity", "length": 8, "degree": 2, "count": 100, "share": 0.4},
    ],
)
def test_every_case_that_occurs_is_taught_or_held_out(task):
    network = {"width": 8} if task["kind"] == "parity" else NETWORK
    _, cases = example(np.random.default_rng(0), task, network)
    train, held = np.asarray(cases.train), np.asarray(cases.held)
    occurs = train + held
    assert set(occurs.tolist()) <= {0.0, 1.0}
    assert train.sum() == round(0.4 * occurs.sum())
    for dealt in (cases.taught, cases.shuffled):
        found, expected = (
            np.sort(np.asarray(x)[occurs > 0]) for x in (dealt, cases.labels)
        )
        np.testing.assert_array_equal(found, expected)


def test_what_makes_no_sense_is_refused():
    random = np.random.default_rng(0)
    with pytest.raises(ValueError, match="hold some out"):
        example(random, {**TASK, "share": 1.0}, NETWORK)
    with pytest.raises(ValueError, match="no task 'reading'"):
        example(random, {"kind": "reading"}, NETWORK)
    with pytest.raises(ValueError, match="choose relu or quadratic"):
        new_pair_network(random, num_tokens=3, num_answers=3, width=2, activation="cubic")
