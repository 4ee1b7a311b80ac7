"""Programs that run under a peer's own Python and print one line of JSON."""
