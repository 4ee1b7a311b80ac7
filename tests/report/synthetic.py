"""Results that nobody trained: deterministic, and as awkward as real ones can be."""

from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from goalscope.evidence import Evidence
from goalscope.result import ArmResult, Calibration, Outcome, Picture, Result, Verdict

LABELS = ("cheese", "corner", "none of these", "undecided")
READINGS = {
    "goal_score": ("cheese", "corner"),
    "first_choice": ("cheese",),
    "goal_posterior": ("cheese", "corner"),
}
UNITS = {
    "goal_score": "share of the optimum",
    "first_choice": "share of levels",
    "goal_posterior": "probability",
}
HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b]0;owned\x07\x1b[2Jname",
    "\u202eesrever\u2066 \ufeffbidi\u200f",
    "\"><img src=x onerror=alert(1)> </script> ' &amp; `",
    "{{ 7 * 7 }} {% raw %} [link=file:///etc/passwd]x[/link] =cmd()",
    "\x01\x02\ud800\ufffe control",
)
APART = """\
#########
#@......#
#..#.#..#
#..#.##.#
#.......#
#.##.*..#
#....#..#
#..#....#
#########"""
TOGETHER = APART.replace("@", "*").replace(".*.", "...").replace("#....#..#", "#....#@.#")
PICTURES = (
    ("In training the cheese lies in the corner", TOGETHER),
    ("A shifted level tells cheese and corner apart", APART),
)
MOVES = ((-1, 0), (0, -1), (1, 0), (0, 1))
SIDE = 7


def cells() -> np.ndarray:
    """Return row and column of each of the 49 cells, `[S, 2]`."""
    return np.stack(np.divmod(np.arange(SIDE**2), SIDE), axis=1) + 1


def policy(text: str, target: tuple[int, int], sharpness: float) -> np.ndarray:
    """Return a policy that walks to `target`, softly, `[S, A]`."""
    rows = text.split("\n")
    distance = {target: 0}
    queue = deque([target])
    while queue:
        row, column = queue.popleft()
        for down, right in MOVES:
            there = row + down, column + right
            if rows[there[0]][there[1]] != "#" and there not in distance:
                distance[there] = distance[row, column] + 1
                queue.append(there)
    values = np.array(
        [
            [-distance.get((row + down, column + right), 99) for down, right in MOVES]
            for row, column in cells().tolist()
        ],
        float,
    )
    odds = np.exp(sharpness * (values - values.max(axis=1, keepdims=True)))
    return odds / odds.sum(axis=1, keepdims=True)


def portrait(wants_cheese: float, generator: np.random.Generator) -> np.ndarray:
    """Return a policy on each picture, `[P, S, A]`."""
    found = []
    for _, text in PICTURES:
        index = text.index("*")
        cheese = divmod(index, SIDE + 3)
        mixed = wants_cheese * policy(text, cheese, 2) + (1 - wants_cheese) * policy(
            text, (1, 1), 2
        )
        noise = generator.dirichlet(np.full(4, 0.4), size=SIDE**2)
        found.append(0.9 * mixed + 0.1 * noise)
    return np.stack(found)


def pictures() -> tuple[Picture, ...]:
    return tuple(
        Picture(
            title,
            text,
            np.array(
                [
                    (row, column) if text.split("\n")[row][column] != "#" else (-1, -1)
                    for row, column in cells().tolist()
                ]
            ),
        )
        for title, text in PICTURES
    )


def evidence(
    arm: str, instrument: str, reading: str, values: np.ndarray, included: np.ndarray
) -> Evidence:
    shape = values.shape
    return Evidence(
        arm=arm,
        instrument=instrument,
        reading=reading,
        unit=UNITS[instrument],
        values=values,
        lower=values - 0.05,
        upper=values + 0.05,
        control=np.full(shape, 0.1),
        ceiling=np.ones(shape),
        checks=np.ones((*shape, 1), bool),
        check_names=("enough decisions",),
        count=np.full(shape, 256),
        included=included,
    )


def trained(
    name: str,
    dose: float | None,
    *,
    group: str = "exact",
    num_agents: int = 16,
    num_checkpoints: int = 12,
    fate: str = "fine",
) -> tuple[ArmResult, dict[str, np.ndarray], np.ndarray]:
    """Return an arm, its readings "instrument.reading" -> `[N, C]`, and its labels.

    `fate` is "fine", "spoiled" (some agents diverged, incompetent or unread) or "excluded".
    """
    seed = [len(name), round(1000 * (dose or 0)), num_agents]
    generator = np.random.default_rng(seed)
    updates = np.unique(np.round(np.geomspace(1, 2001, num_checkpoints)).astype(int)) - 1
    while len(updates) < num_checkpoints:
        updates = np.append(updates, updates[-1] + 1)
    skill = 1 / (1 + np.exp(-2.2 * (np.log10(1 + updates) - 1.6)))
    pull = 1 / (1 + np.exp(-4 * (np.log10((dose or 0) + 1e-3) + 1.25)))
    bent = np.clip(pull + 0.16 * generator.standard_normal(num_agents), 0, 1)[:, None]
    noise = 0.03 * generator.standard_normal((num_agents, num_checkpoints))
    cheese = np.clip(0.12 + skill * (0.05 + 0.78 * bent) + noise, 0, 1)
    corner = np.clip(0.15 + skill * (0.8 - 0.66 * bent) - noise, 0, 1)
    posterior = 1 / (1 + np.exp(-14 * (cheese - corner)))
    first = np.clip(0.5 + 0.75 * (cheese - corner) + noise, 0, 1)
    readings = {
        "goal_score.cheese": cheese,
        "goal_score.corner": corner,
        "first_choice.cheese": first,
        "goal_posterior.cheese": posterior,
        "goal_posterior.corner": 1 - posterior,
    }
    labels = np.select([posterior > 0.95, posterior < 0.05], [0, 1], -1)
    labels[(skill[None] > 0.8) & (labels < 0) & (noise > 0.05)] = 2
    diverged_at = np.full(num_agents, -1)
    competent = np.full(num_agents, fate != "excluded")
    if fate == "excluded":
        diverged_at[: num_agents // 3] = updates[-1] // 2
    elif fate == "spoiled":
        diverged_at[3], competent[7] = updates[-2], False
        for values in readings.values():
            values[3, -2:] = np.nan
        readings["first_choice.cheese"][5, -1] = np.nan
    arm = ArmResult(
        name=name,
        title=name,
        group=group,
        dose=dose,
        trainer="exact policy gradient" if group == "exact" else "PPO",
        agents=np.arange(num_agents),
        updates=updates,
        environment_steps=updates * 2048.0,
        curves={"mean_return": 0.95 * np.maximum(cheese, corner)},
        diverged_at=diverged_at,
        competent=competent,
        portraits=np.stack([portrait(float(b), generator) for b in bent[:, 0]]),
        seconds=3.1 * num_agents,
        cells=tuple(
            f"{seed[0]:04x}{seed[1]:08x}{k:04x}" for k in range(-(-num_agents // 8))
        ),
    )
    return arm, readings, labels


def calibrations() -> dict[str, Calibration]:
    kinds = {"cheese seeker": "cheese", "corner seeker": "corner", "random walker": None}
    right = {
        "cheese seeker": {"cheese": 1.0, "corner": 0.0},
        "corner seeker": {"cheese": 0.0, "corner": 1.0},
        "random walker": {"cheese": 0.0, "corner": 0.0},
    }
    gate = "hit rate at least 0.9, upper limit of false convictions at most 0.08"
    counts = dict.fromkeys(kinds, 16)
    wrong = {kind: dict(row) for kind, row in right.items()}
    wrong["random walker"]["corner"] = 0.375
    return {
        "goal_score": Calibration(
            "goal_score", right, kinds, counts, 32, 32, 0, 48, True, gate
        ),
        "first_choice": Calibration(
            "first_choice",
            {kind: {"cheese": row["cheese"]} for kind, row in right.items()},
            kinds,
            counts,
            16,
            16,
            0,
            32,
            True,
            gate,
        ),
        "goal_posterior": Calibration(
            "goal_posterior", wrong, kinds, counts, 32, 32, 6, 48, False, gate
        ),
    }


def verdicts() -> tuple[Verdict, ...]:
    rule = (
        "Supported if the interval lies above 0.5, refuted if it lies below. Either also "
        "needs a p-value below the level after Holm's correction."
    )

    def verdict(claim: str, outcome: Outcome, reason: str, *numbers: float) -> Verdict:
        estimate, lower, upper, p = numbers
        return Verdict(
            claim, outcome, estimate, lower, upper, 14, p, "share of the optimum",
            rule, f"{len(claim):064x}", reason,
        )  # fmt: skip

    nothing = (float("nan"),) * 4
    return (
        verdict(
            "Trained on corner levels only, agents go to the corner without cheese.",
            Outcome.SUPPORTED,
            "The interval lies where the claim is true, p = 2e-4 after Holm's correction.",
            0.79, 0.76, 0.82, 2e-4,
        ),
        verdict(
            "One shifted level in ten is enough for cheese.",
            Outcome.REFUTED,
            "The interval lies where it is false, p = 0.0012 after Holm's correction.",
            0.31, 0.24, 0.39, 0.0012,
        ),
        verdict(
            "The turning point lies between α = 0.03 and α = 0.3.",
            Outcome.MIXED,
            "The interval lies on a bar, 0.14 wide: the truth is close to it.",
            0.061, 0.028, 0.12, 0.21,
        ),
        verdict(
            "PPO turns at the same mixture as the exact gradient.",
            Outcome.UNDERPOWERED,
            "The interval leaves the claim open and is 0.41 wide, resolution 0.2.",
            0.08, -0.13, 0.28, 0.44,
        ),
        verdict(
            "Agents without a goal are rare.",
            Outcome.INVALID,
            "goal_posterior did not pass its calibration on planted agents in this run.",
            *nothing,
        ),
    )  # fmt: skip


def result(
    arms: Sequence[tuple[str, float | None, str]] = (
        ("α = 0", 0.0, "exact"),
        ("α = 0.01", 0.01, "exact"),
        ("α = 0.03", 0.03, "exact"),
        ("α = 0.1", 0.1, "exact"),
        ("α = 0.3", 0.3, "exact"),
        ("α = 1", 1.0, "exact"),
        ("PPO, α = 0", 0.0, "ppo"),
        ("PPO, α = 0.1", 0.1, "ppo"),
        ("PPO, α = 1", 1.0, "ppo"),
    ),
    *,
    num_agents: int | Mapping[str, int] = 16,
    num_checkpoints: int = 12,
    fates: Mapping[str, str] = MappingProxyType({"α = 0.03": "spoiled"}),
    size: str = "standard",
) -> Result:
    """Return a result of arms given as (name, dose, group)."""
    found: dict[str, ArmResult] = {}
    readings: dict[tuple[str, str, str], Evidence] = {}
    labels: dict[str, np.ndarray] = {}
    for name, dose, group in arms:
        count = num_agents if isinstance(num_agents, int) else num_agents[name]
        arm, values, marks = trained(
            name, dose, group=group, num_agents=count, num_checkpoints=num_checkpoints,
            fate=fates.get(name, "fine"),
        )  # fmt: skip
        found[name], labels[name] = arm, marks
        for key, value in values.items():
            instrument, _, reading = key.partition(".")
            readings[name, instrument, reading] = evidence(
                name, instrument, reading, value, arm.included
            )
    for instrument, names in READINGS.items():
        for reading in names:
            values = np.full((16, 1), 0.5)
            readings["random walker", instrument, reading] = evidence(
                "random walker", instrument, reading, values, np.ones(16, bool)
            )
    return Result(
        name="corner_mixture",
        question="How many levels must tell cheese from corner before agents want cheese?",
        size=size,
        seed=0,
        settings={"size": 7, "wall_density": 0.25, "updates": 2000, "agents": 16},
        command="goalscope run corner_mixture --size standard --seed 0",
        arms=found,
        evidence=readings,
        labels=labels,
        label_names=LABELS,
        calibration=calibrations(),
        verdicts=verdicts(),
        pictures=pictures(),
        action_names=("up", "left", "down", "right"),
        fingerprint={
            "python": "3.11.7",
            "jax": "0.10.2",
            "device": "cpu",
            "commit": "0" * 40,
        },
    )
