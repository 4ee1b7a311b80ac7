"""What to ask a worker for so that it builds a stored study's experiment again. No JAX."""

from typing import Any

from goalscope.storage.study import Study


def asked_again(study: Study) -> dict[str, Any]:
    """Return the request that makes a worker build the study's experiment again."""
    is_file = study.experiment.endswith(".py")
    overrides = {name: _text(value) for name, value in study.settings.items()}
    return {
        "name": study.name,
        "module": None if is_file else study.experiment,
        "path": study.experiment if is_file else "",
        "size": study.size,
        "seed": study.seed,
        "overrides": overrides,
    }


def _text(value: Any) -> str:
    many = isinstance(value, list | tuple)
    return ",".join(map(str, value)) if many else str(value)
