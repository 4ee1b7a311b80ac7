"""Whether all that an agent answered, wherever a computation asked it, was a policy.

An agent whose numbers are NaN still seems to act: the comparisons with which an action is
drawn have some outcome, and that is an action. So what asks an agent marks the answer
(`answered`), and what reads the agent follows the marks through the traced computation
(`watched`). That adds one truth value to what is computed anyway, and asks nobody twice.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
from jax import numpy as jnp
from jax.ad_checkpoint import checkpoint_name
from jax.extend.core import Jaxpr, JaxprEqn, Literal, subjaxprs
from jax.extend.core.primitives import jit_p, name_p, scan_p
from jaxtyping import Array, Bool, Float

MARK = "answered"
Result = TypeVar("Result")


def answered(values: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Return `values`, probabilities or their logarithms, marked as an agent's answer."""
    return checkpoint_name(values, MARK)


def watched(function: Callable[[], Result]) -> tuple[Result, Bool[Array, ""]]:
    """Return what `function` returns, and whether no answer in it was NaN.

    Answers inside of `jax.jit`, `jax.vmap` and `jax.lax.scan` (`jax.lax.map`) count; those
    inside of other loops and branches are not seen.

    >>> watched(lambda: 2 * answered(jnp.array([0.5, jnp.nan])))[1]
    Array(False, dtype=bool)
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)()
    outputs, fine = _evaluate(closed.jaxpr, closed.consts, [])
    arrays = [jnp.asarray(output) for output in outputs]  # constants are not, so far
    return jax.tree.unflatten(jax.tree.structure(shape), arrays), fine


def _evaluate(
    jaxpr: Jaxpr, constants: Sequence[Any], inputs: Sequence[Any]
) -> tuple[list[Any], Bool[Array, ""]]:
    """Return the outputs of a traced computation, and whether no answer was NaN."""
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *inputs], strict=True))
    fine = jnp.array(True)

    def value(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else known[variable]

    for equation in jaxpr.eqns:
        outputs, also = _step(equation, [value(each) for each in equation.invars])
        known |= dict(zip(equation.outvars, outputs, strict=True))
        fine &= also
    return [value(each) for each in jaxpr.outvars], fine


def _step(equation: JaxprEqn, inputs: list[Any]) -> tuple[Sequence[Any], Any]:
    """Return the outputs of one operation, and whether no answer in it was NaN."""
    primitive, params = equation.primitive, equation.params
    if primitive is name_p and params["name"] == MARK:
        return inputs, ~jnp.any(jnp.isnan(inputs[0]))
    if primitive is jit_p and _asks(params["jaxpr"].jaxpr):
        return _evaluate(params["jaxpr"].jaxpr, params["jaxpr"].consts, inputs)
    if primitive is scan_p and _asks(params["jaxpr"].jaxpr):
        return _scan(params, inputs)
    outputs = primitive.bind(*inputs, **primitive.get_bind_params(params))
    return (outputs if primitive.multiple_results else [outputs]), True


def _scan(params: dict[str, Any], inputs: list[Any]) -> tuple[list[Any], Bool[Array, ""]]:
    first, last = params["num_consts"], params["num_consts"] + params["num_carry"]
    body, constants = params["jaxpr"], inputs[:first]

    def step(carry, rows):
        outputs, fine = _evaluate(body.jaxpr, body.consts, [*constants, *carry, *rows])
        return outputs[: last - first], (outputs[last - first :], fine)

    chosen = {name: params[name] for name in ("length", "reverse", "unroll")}
    carry, (rows, fine) = jax.lax.scan(step, inputs[first:last], inputs[last:], **chosen)
    return [*carry, *rows], jnp.all(fine)


def _asks(jaxpr: Jaxpr) -> bool:
    """Return whether an answer is marked somewhere in a traced computation."""
    return any(
        equation.primitive is name_p and equation.params["name"] == MARK
        for equation in jaxpr.eqns
    ) or any(map(_asks, subjaxprs(jaxpr)))
