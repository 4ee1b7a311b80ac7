"""Who deceives in training: those who want the most, or all who want more than they get?"""

from goalscope.experiment import Competence, Experiment, Readout
from goalscope.experiments.type_arms import (
    Size,
    base_concept,
    by_aspiration,
    by_discount,
    by_drift,
    by_one,
    confessing,
    exact,
    never_ambitious,
    of_known_type,
    without_cue,
)
from goalscope.experiments.type_claims import (
    AMBITIOUS,
    about_closed_forms,
    about_horizons,
    about_interventions,
    about_types,
)
from goalscope.plots import FactorCurves, PhaseDiagram
from goalscope.population import Plan
from goalscope.training_game.interventions import TYPES
from goalscope.training_game.readings import READINGS
from goalscope.training_game.theory import critical_discount

SIZES = {
    "smoke": {
        "networks": 16,
        "updates": 300,
        "discounts": (0.0, 0.6, 0.7, 0.9, 1.0),
        "deployments": (2, 3, 6),
    },
    "standard": {},
    "full": {"networks": 128, "updates": 4000},
}
DISCOUNTS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1.0)
ASPIRATIONS = (0.25, 0.5, 0.75, 1.0, *(float(arm[4:]) for arm in AMBITIOUS), 3.0, 6.0)
PAYS, DECEIVES = "game.payment", "game.deception"


def goal_types(
    *,
    networks: int = 32,
    updates: int = 2000,
    discounts: tuple[float, ...] = DISCOUNTS,
    deployments: tuple[int, ...] = (1, 2, 3, 4, 6),
) -> Experiment:
    """Return the experiment: types by utility, constructed and learned, in one game."""
    size = Size(networks, updates)
    ambitious = tuple(float(arm[4:]) for arm in AMBITIOUS)
    return Experiment(
        arms={
            **by_discount(size, discounts, deployments),
            **confessing(size, discounts, (1, 2, 3, 6)),
            **base_concept(size, (1, 3, 6)),
            **by_one(size, "detection", (0.1, 0.25, 0.5, 0.75, 1.0)),
            **without_cue(size),
            **by_aspiration(size, ASPIRATIONS),
            **by_drift(size, (0.1, 0.25, 0.5, 0.75, 1.0)),
            **never_ambitious(size, ambitious),
            **by_one(size, "effort", (0.0, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5)),
            **exact(),
            **of_known_type(networks),
        },
        claims=(
            *about_types(),
            *about_horizons(),
            *about_closed_forms(),
            *about_interventions(),
        ),
        readouts={
            "game": Readout(
                readings=(*READINGS, "payment", "payment share"),
                unit="chances; payment in own-goal units, or as share of deployment's",
            ),
            "gate": Readout(
                readings=("skill",), unit="chance; 1 for agents that were not trained"
            ),
            "type": Readout(
                readings=(*TYPES, "none of these"), unit="1 if named so, else 0"
            ),
        },
        competence=Competence(on="gate.skill", threshold=0.9),
        figures=_figures(),
        plan=Plan(chunk=32),
    )


def _figures() -> tuple:
    counts = range(1, 7)
    boundary = tuple((critical_discount(2, count), float(count)) for count in counts)
    critical = critical_discount(2, 3)
    return (
        PhaseDiagram(
            title="Who complies in training",
            caption="Learned maximisers by discount and length of deployment; theory: "
            "γ² + … + γ^(m+1) = 1.",
            on="game.compliance", x="discount", y="deployment episodes",
            boundary=boundary, boundary_name="exact",
        ),
        FactorCurves(
            title="Deception by aspiration",
            caption="Complies in all of training and defects in deployment. Up to 1 a "
            "satisficer that is certain of everything is indifferent.",
            on=(DECEIVES,), x="aspiration", lines={"one episode's supply": 1.0},
        ),
        FactorCurves(
            title="Willingness to pay for one's goal, by aspiration",
            caption="Mean price at which an agent keeps its goal rather than get a new "
            "one; deployment yields 3.",
            group="satisficers", on=(PAYS,), x="aspiration",
        ),
        FactorCurves(
            title="Willingness to pay, by discount",
            caption="As above, for maximisers.", group="discount", on=(PAYS,),
            x="discount", lines={"begins to comply": critical},
        ),
        FactorCurves(
            title="Willingness to pay, by how much is edited",
            caption="Satisficers with aspiration 1.5, and maximisers (6).",
            group="drift", on=(PAYS,), x="drift", series="c",
        ),
        FactorCurves(
            title="Confession by discount",
            caption="A confession pays 1.5 units of the own goal at once.",
            group="asked", on=("game.confession",), x="discount",
        ),
        FactorCurves(
            title="Deception by effort",
            caption="An episode of pretending costs κ; theory: 3 − 2κ = 1.",
            group="effort", on=(DECEIVES,), x="effort", lines={"exact": 1.0},
        ),
    )  # fmt: skip
