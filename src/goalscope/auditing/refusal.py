"""Why something cannot be audited. No JAX."""


class RefusedError(Exception):
    """An agent, or its world, cannot be audited; the message says why, in one line."""
