"""The `venuekit` command."""
