"""A deterministic world: hosts, network, disks, clocks and chance, all of it from one seed."""
