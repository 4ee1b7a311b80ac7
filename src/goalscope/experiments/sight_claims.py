"""Claims of the experiment on what the first gradient sees, with their thresholds."""

from goalscope.claims.base import AbstractClaim
from goalscope.claims.composite import Composite
from goalscope.claims.means import Above, Below, Majority
from goalscope.experiments.sight_arms import PARITIES, parity_name, population_name

JUDGED = (
    *(f"a + b mod 23, {kind}, unit, {share:g} taught"
      for kind in ("relu", "quadratic") for share in (0.3, 0.5, 0.8)),
    *(f"a + b mod {modulus}, {kind}, 0.5 taught"
      for modulus in (23, 59) for kind in ("relu", "quadratic")),
    *(f"{kind}, {share:g} taught" for kind in ("grid", "torus") for share in (0.3, 0.8)),
)  # fmt: skip
"""Tasks on pairs whose start is judged; tasks on signs are all judged."""

TRAP = "a + b mod 23, relu, unit, 0.5 taught"
PREDICTORS = ("initial amplitude", "amplitude growth, given", "template growth, given")


def claims(
    untrained: tuple[str, ...], trained: tuple[str, ...]
) -> tuple[AbstractClaim, ...]:
    """Return what is claimed of arms: a strong and a weak claim for each task."""
    judged = [name for name in JUDGED if name in untrained]
    judged += [parity_name(**parity) for parity in PARITIES]
    ruled = [name for name in trained if "no rule" not in name and "shuffled" not in name]
    return (
        *(_strong(name) for name in judged),
        *_controls(),
        *_inputs(),
        *(_weak(name, "course.lead", "leaves chance") for name in ruled),
        *(_weak(name, "course.lead to half", "is half way up") for name in ruled),
        *(_predicted(arm, by) for arm in ruled if "a + b" in arm for by in PREDICTORS),
    )


def _strong(arm: str) -> AbstractClaim:
    """Return the rule of the strong claim: G/M > 0 in at least 90 % of starts, or < 0."""
    return Composite(
        text=f"The first gradient raises the general answer: {arm}.",
        on="start.positive",
        supported_if=(
            _share("G/M is above 0.", arm, "start.positive", 0.9),
            Above(
                text="It exceeds that of the wrong rule.",
                arm=arm, on="start.over wrong", threshold=0.0,
            ),
        ),
        refuted_if=(_share("G/M is below 0.", arm, "start.negative", 0.9),),
        source="000 S17",
    )  # fmt: skip


def _weak(arm: str, on: str, event: str) -> AbstractClaim:
    return Majority(
        text=f"Growth begins a fifth of learning before accuracy {event}: {arm}.",
        arm=arm, on=on, threshold=0.2, share=0.8, source="000 S17",
    )  # fmt: skip


def _controls() -> tuple[AbstractClaim, ...]:
    """Return what must hold: nothing grows of a shuffled rule; the trap is a trap."""
    on = "start.shuffled"
    inside = (
        Above(text="above −0.05", arm=TRAP, on=on, threshold=-0.05),
        Below(text="below 0.05", arm=TRAP, on=on, threshold=0.05),
    )
    outside = (
        Below(text="below −0.05", arm=TRAP, on=on, threshold=-0.05),
        Above(text="above 0.05", arm=TRAP, on=on, threshold=0.05),
    )
    return (
        Composite(
            text="Shuffled answers raise the general answer not at all.",
            on=on, supported_if=inside, refuted_if=outside,
        ),
        _share(
            "Measured on all pairs, the sign is the opposite: the trap.",
            TRAP, "start.everywhere positive", 0.9,
        ),
    )  # fmt: skip


def _inputs() -> tuple[AbstractClaim, ...]:
    """Return what the closed form says of parity under the gradient over all inputs."""
    seen = ({"degree": 2}, {"degree": 4}, {"degree": 3, "bias": True})
    seen += ({"degree": 3, "share_up": 0.7},)
    hidden = ({"degree": 3}, {"degree": 5})
    return (
        *(
            Above(
                text=f"The signs that matter stand out: {population_name(**options)}.",
                arm=population_name(**options),
                on="inputs.signs that matter",
                threshold=1.5,
            )
            for options in seen
        ),
        *(
            Below(
                text=f"Nothing at all is visible: {population_name(**options)}.",
                arm=population_name(**options),
                on="inputs.largest gradient",
                threshold=1e-12,
            )
            for options in hidden
        ),
    )


def _predicted(arm: str, reading: str) -> AbstractClaim:
    return Above(
        text=f"The start predicts the final frequencies by {reading}: {arm}.",
        arm=arm, on=f"prediction.{reading}", threshold=0.1, source="000 S17",
    )  # fmt: skip


def _share(text: str, arm: str, on: str, share: float) -> Majority:
    return Majority(text=text, arm=arm, on=on, threshold=0.5, share=share)
