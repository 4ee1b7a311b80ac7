"""`python -m goalscope` is `goalscope`."""

from goalscope.cli.app import main

main()
