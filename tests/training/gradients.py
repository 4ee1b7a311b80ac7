"""The gradient behind a trainer's update, read from the state of its optimiser."""

import jax


def first_gradient(optimiser):
    """Return what the first step of Adam was given: its first moment is 0.1 of that."""
    return jax.tree.map(lambda leaf: leaf / 0.1, optimiser.mu)
