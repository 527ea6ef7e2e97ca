"""A venue as a server on this machine: markets, dialects, faults."""
