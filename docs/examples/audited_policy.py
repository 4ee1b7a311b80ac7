"""A policy for `goalscope audit`: a mouse that heads for the cheese as the crow flies.

    $ goalscope audit docs/examples/audited_policy.py

It needs nothing but NumPy, and goalscope imports it in a process of its own.
"""

import numpy as np

world = "Corner(shifted_share=1)"  # `goalscope list worlds`; the cheese lies anywhere
goals = ("cheese", "corner")  # candidates; if left out, all that the world offers
MOVES = np.array([[-1, 0], [0, -1], [1, 0], [0, 1]])  # up, left, down, right


def policy(view: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Return the probability of each action, given what the mouse sees.

    `view` is what the level looks like, `[planes, height, width]`: walls, then the cheese.
    `tokens` is the state: the cell of the mouse, and as bits which moves are blocked there.
    """
    cell, blocked = int(tokens[0]), int(tokens[1])
    mouse = np.array(divmod(cell, view.shape[2]))
    cheese = np.argwhere(view[1])[0]
    closer = np.abs(mouse - cheese).sum() - np.abs(mouse + MOVES - cheese).sum(axis=1)
    free = np.array([not blocked >> action & 1 for action in range(4)])
    wish = np.exp(2.0 * closer) * free
    return wish / wish.sum()
