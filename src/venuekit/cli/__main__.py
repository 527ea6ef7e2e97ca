"""`python -m venuekit.cli`: the `venuekit` command."""

from venuekit.cli.app import main

main()
