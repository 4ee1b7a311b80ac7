"""What can be decoded from activations, next to what observations themselves would give."""

from functools import partial

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.probing.classifier import balanced_share, standardised
from goalscope.probing.code_length import OnlineCode, online_code
from goalscope.probing.selectivity import control_labels, selectivity

BLOCKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
RIDGE = 1.0
HIDDEN, OBSERVED = 0, 1
TASK, CONTROL = 0, 1


class Examples(eqx.Module):
    """Inputs on which a variable is decoded, level by level.

    Fields:
        hidden: activations at the site, `[N, D]`.
        observed: the raw observation, `[N, O]`.
        labels: the variable, `[N]`.
        types: kind of input, of which the control task gives each one label, `[N]`.
        counts: 1 where the label is defined, else 0, `[N]`.
        levels: number of the level, ascending, `[N]`.
        num_classes, num_types, num_levels: how many of them there are.
    """

    hidden: Float[Array, "*b N D"]
    observed: Float[Array, "*b N O"]
    labels: Int[Array, "*b N"]
    types: Int[Array, "*b N"]
    counts: Float[Array, "*b N"]
    levels: Int[Array, "*b N"]
    num_classes: int = eqx.field(static=True)
    num_types: int = eqx.field(static=True)
    num_levels: int = eqx.field(static=True)


class Decoded(eqx.Module):
    """Online codes from activations and observations, of the variable and its control.

    Fields:
        codes: one for each kind of inputs and each task, `[2, 2]`.
        tasks: labels of the variable, and of its control task, `[2, N]`.
        examples: what was decoded.
    """

    codes: OnlineCode
    tasks: Int[Array, "*b 2 N"]
    examples: Examples

    @property
    def converged(self) -> Bool[Array, ""]:
        return jnp.all(self.codes.converged)

    def readings(
        self, weights: Float[Array, " L"], source: int
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return compression and selectivity, levels counting `weights` times each.

        Accuracies are those on the second half of the levels, of probes fitted to the
        first, the mean over classes. `source` is `HIDDEN` or `OBSERVED`.
        """
        counts = self.examples.counts * weights[self.examples.levels]
        spent = jnp.sum(counts * self.codes.bits[source, TASK])
        guessed = jnp.sum(counts * self.codes.guesses[source, TASK])
        second = jnp.arange(counts.shape[0]) >= counts.shape[0] // 2
        share = partial(balanced_share, num_classes=self.examples.num_classes)
        each = jax.vmap(share, (0, 0, None))
        right, control = each(self.codes.hits[source], self.tasks, counts * second)
        return guessed / spent, selectivity(right, control)


def decode(key: Key[Array, ""], examples: Examples) -> Decoded:
    """Return what probes of both kinds of input make of variable and control task.

    Consumes `key`.
    """
    num_classes, num_types = examples.num_classes, examples.num_types
    control = control_labels(
        key, examples.types, num_types=num_types, num_classes=num_classes
    )
    width = max(examples.hidden.shape[1], examples.observed.shape[1])
    inputs = jnp.stack(
        [
            _padded(standardised(each, examples.counts), width)
            for each in (examples.hidden, examples.observed)
        ]
    )
    tasks = jnp.stack([examples.labels, control])

    def code(which):
        return online_code(
            inputs[which // 2],
            tasks[which % 2],
            examples.counts,
            num_classes=num_classes,
            ridge=RIDGE,
            block_ends=BLOCKS,
        )

    codes = jax.lax.map(code, jnp.arange(4))
    codes = jax.tree.map(lambda leaf: leaf.reshape(2, 2, *leaf.shape[1:]), codes)
    return Decoded(codes, tasks, examples)


def _padded(inputs: Float[Array, "N I"], width: int) -> Float[Array, "N W"]:
    """Return inputs with columns of zeros, so that one program fits all probes."""
    return jnp.pad(inputs, ((0, 0), (0, width - inputs.shape[1])))


def observation(
    view: Float[Array, "..."], tokens: Int[Array, " K"], sizes: tuple[int, ...]
) -> Float[Array, " O"]:
    """Return a whole observation as one vector, tokens one-hot."""
    hot = [jax.nn.one_hot(token, size) for token, size in zip(tokens, sizes, strict=True)]
    return jnp.concatenate([view.ravel(), *hot])
