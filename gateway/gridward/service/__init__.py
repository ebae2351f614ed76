"""A site as a service of its machine: broker users, units, proxy, backup, update."""
