"""devinterp's sampler on reduced-rank regression 5, 3, 5, 2. Run by a Python that has it.

    python benchmarks/peers/devinterp_rank.py --draws 200

1000 Gaussian inputs, all of them in every step, half the summed squared error of noise-free
targets, started at the truth; chains one after the other, as it runs them on one core.
"""

import argparse
import json
import math
import time
import warnings

import torch
from devinterp.optim.sgld import SGLD
from devinterp.slt.sampler import estimate_learning_coeff_with_summary

INPUTS, HIDDEN, OUTPUTS, RANK, NUM_DATA = 5, 3, 5, 2, 1000


def problem() -> tuple[torch.nn.Module, torch.utils.data.DataLoader]:
    """Return the network at the truth, and its data in one batch."""
    torch.manual_seed(0)
    used = (torch.arange(HIDDEN) < RANK).float()
    first = torch.randn(HIDDEN, INPUTS) * used[:, None] / INPUTS**0.5
    second = torch.randn(OUTPUTS, HIDDEN) * used / HIDDEN**0.5
    layers = (
        torch.nn.Linear(INPUTS, HIDDEN, bias=False),
        torch.nn.Linear(HIDDEN, OUTPUTS, bias=False),
    )
    for layer, weight in zip(layers, (first, second), strict=True):
        layer.weight.data = weight
    inputs = torch.randn(NUM_DATA, INPUTS)
    data = torch.utils.data.TensorDataset(inputs, inputs @ (second @ first).T)
    loader = torch.utils.data.DataLoader(data, batch_size=NUM_DATA)
    return torch.nn.Sequential(*layers), loader


def evaluate(model: torch.nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
    """Return the loss of a batch."""
    inputs, targets = batch
    return ((model(inputs) - targets) ** 2).sum(dim=1).mean() / 2


def main() -> None:
    """Sample, and print what one process does in a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--draws", type=int, default=500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    model, loader = problem()

    def sample(draws: int) -> dict:
        return estimate_learning_coeff_with_summary(
            model,
            loader,
            evaluate=evaluate,
            sampling_method=SGLD,
            optimizer_kwargs={
                "lr": 2e-4,
                "localization": 1.0,
                "nbeta": NUM_DATA / math.log(NUM_DATA),
            },
            num_draws=draws,
            num_chains=options.chains,
            init_loss=0.0,
            verbose=False,
            device="cpu",
        )

    sample(10)
    wall, cpu = time.perf_counter(), time.process_time()
    found = sample(options.draws)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    record = {"amount": options.chains * options.draws, "wall_s": wall, "cpu_s": cpu}
    record |= {"mean": float(found["llc/mean"]), "torch": torch.__version__}
    print(json.dumps(record))


if __name__ == "__main__":
    main()
