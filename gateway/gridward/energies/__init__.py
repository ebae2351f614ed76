"""Energies of the site: counted, integrated, split by where they flowed, and kept over restarts."""
