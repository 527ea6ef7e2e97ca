"""The shell: connectors, trackers, supervision; the only code that waits, beside `web`."""
