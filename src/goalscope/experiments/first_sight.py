"""Does the first gradient already point at the general answer, beside the memorised one?"""

from goalscope.experiment import Experiment, Readout
from goalscope.experiments.sight_arms import (
    COURSES,
    SIGN_COURSES,
    courses,
    populations,
    starts,
)
from goalscope.experiments.sight_claims import claims
from goalscope.plots import FactorCurves, OverTraining
from goalscope.population import Plan

SIZES = {
    "smoke": {
        "starts_each": 16,
        "trained_each": 8,
        "moduli": (23,),
        "pairs": ("a + b mod 23, quadratic", "grid"),
        "signs": 1,
    },
    "standard": {},
    "full": {"starts_each": 384, "trained_each": 96},
}


def first_sight(
    *,
    starts_each: int = 96,
    trained_each: int = 48,
    moduli: tuple[int, ...] = (23, 59),
    pairs: tuple[str, ...] = tuple(COURSES),
    signs: int = len(SIGN_COURSES),
) -> Experiment:
    """Return the experiment: many starts of all tasks, fewer runs from start to end."""
    untrained = starts(starts_each, moduli)
    trained = courses(trained_each, pairs, signs=signs)
    return Experiment(
        arms={**untrained, **populations(starts_each), **trained},
        claims=claims(tuple(untrained), tuple(trained)),
        readouts=_readouts(),
        figures=_figures(),
        plan=Plan(chunk=16),
    )


def _readouts() -> dict[str, Readout]:
    return {
        "start": Readout(
            readings=(
                "growth", "positive", "negative", "wrong rule", "over wrong", "shuffled",
                "everywhere", "everywhere positive", "invisible", "signal",
            ),
            unit="; ".join(
                ("G/M", "share of agents", "share of agents", "G/M", "G/M", "G/M", "G/M",
                 "share of agents", "G/M", "G over its minibatch noise")
            ),
            check_names=("the training margin grows",),
        ),
        "inputs": Readout(
            readings=("signs that matter", "matter most", "largest gradient"),
            unit="times the others; share of agents; loss per weight",
        ),
        "course": Readout(
            readings=(
                "growth", "test accuracy", "train accuracy", "crossing", "rise", "half",
                "learnt", "lead", "lead in run", "lead to half", "chance",
            ),
            unit="; ".join(
                ("cosine", "share", "share", *4 * ("updates",),
                 "parts of learning", "parts of the run", "parts of learning", "share")
            ),
        ),
        "prediction": Readout(
            readings=(
                "initial amplitude", "amplitude growth", "template growth",
                "amplitude growth, given", "template growth, given",
            ),
            unit="rank correlation with the final amplitudes",
        ),
    }  # fmt: skip


def _figures() -> tuple:
    lines = ("growth", "wrong rule", "shuffled", "everywhere", "invisible")
    on = tuple(f"start.{line}" for line in lines)
    caption = (
        "Growth along the training gradient before the first step, in parts of the growth "
        "of the training margin: of the rule's answers to held-out cases, of a wrong "
        "rule's, of the rule's when training wants shuffled answers, and of the rule's on "
        "all cases, those of training included. 'Invisible' is what held-out cases show "
        "where the gradient over all cases is zero."
    )
    return (
        *(
            FactorCurves(
                title=f"The sign at step 0: {name}",
                caption=caption,
                group=f"{kind} at the start",
                on=on,
                x="taught",
            )
            for kind, name in (
                ("addition", "modular addition"),
                ("ruleless", "a table without a rule"),
                ("stepping", "where to step on a grid"),
            )
        ),
        FactorCurves(
            title="The sign at step 0: parity",
            caption="As above, over the number of signs that matter; a quarter is taught.",
            group="signs at the start", on=("start.growth",), x="degree", series="length",
        ),
        OverTraining(
            title="Growth along training, and when accuracy follows",
            caption="Growth is the cosine of the training step with the direction that "
            "raises held-out margins. The mark is where it crosses zero for good.",
            group="training", on=("course.growth", "course.test accuracy"), zero=True,
            mark="course.crossing",
        ),
    )  # fmt: skip
