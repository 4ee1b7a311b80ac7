"""Which cases there are, and beside which each is set."""

from benchmarks import worlds
from benchmarks.plain_world import PlainWorld
from benchmarks.populations import ONE_PASS, exact_case, naive_case, ppo_case
from benchmarks.timing import Case
from goalscope.population import Plan
from goalscope.worlds.corner import Corner

PLAIN, CORNER = PlainWorld(), Corner(size=9)
NAIVE = {"PlainWorld": "plain, naive, 64 agents", "Corner": "corner, naive, 64 agents"}


def chosen(
    parts: list[str], devices: int, *, quick: bool
) -> tuple[list[Case], dict[str, str]]:
    """Return the cases of these parts, and the reference case of each group."""
    cases: list[Case] = []
    if "worlds" in parts:
        cases += world_cases(quick=quick)
    if "training" in parts:
        cases += training_cases(devices, quick=quick)
    if "exact" in parts:
        plan = Plan(chunk=8, devices=devices)
        cases.append(exact_case("exact gradient, corner, 16 agents", CORNER, 16, plan))
    references = {f"{world} x 4": name for world, name in NAIVE.items()}
    references["PlainWorld x 1"] = "plain, naive, 64 agents, 1 epoch"
    return cases, references


def world_cases(*, quick: bool) -> list[Case]:
    """Return worlds alone, with more and more environments."""
    batches = (1024,) if quick else (64, 1024, 4096)
    named = {"plain": PLAIN, "corner": CORNER}
    return [
        worlds.case(f"{name} world", world, batch)
        for name, world in named.items()
        for batch in batches
    ]


def training_cases(devices: int, *, quick: bool) -> list[Case]:
    """Return populations under PPO, ours and naive."""
    eight, sixteen = Plan(chunk=8, devices=devices), Plan(chunk=16, devices=devices)
    single = Plan(chunk=1, devices=1)
    cases = [
        naive_case(NAIVE["PlainWorld"], PLAIN, 64),
        naive_case(NAIVE["Corner"], CORNER, 64),
        ppo_case("plain, 64 agents, chunks of 8", PLAIN, 64, eight),
        ppo_case("corner, 64 agents, chunks of 8", CORNER, 64, eight),
    ]
    if quick:
        return cases
    return [
        *cases,
        ppo_case("plain, 64 agents, chunks of 16", PLAIN, 64, sixteen),
        ppo_case("corner, 64 agents, chunks of 16", CORNER, 64, sixteen),
        ppo_case("plain, 16 agents, chunks of 8", PLAIN, 16, eight),
        ppo_case("plain, 1 agent", PLAIN, 1, single),
        naive_case("plain, naive, 1 agent", PLAIN, 1),
        ppo_case("plain, 64 agents, 1 epoch", PLAIN, 64, eight, ppo=ONE_PASS),
        naive_case("plain, naive, 64 agents, 1 epoch", PLAIN, 64, ppo=ONE_PASS),
    ]
