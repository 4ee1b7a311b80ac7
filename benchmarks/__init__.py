"""What is timed, beside which peer. `python -m benchmarks --help`."""
