"""The command line; nothing that it needs for help and reading imports JAX."""

from goalscope.cli.app import main as main
