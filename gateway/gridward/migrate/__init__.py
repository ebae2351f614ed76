"""From the system that came before: its scripts, thresholds, crontab and dumps become a site of ours."""
