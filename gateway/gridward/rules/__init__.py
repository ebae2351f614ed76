"""The rules: what the site decides, why, and the lease by which the contactor follows."""
