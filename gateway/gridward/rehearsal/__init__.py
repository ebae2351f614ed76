"""Rules on trial: a site lived through in fast motion, or what was recorded decided again."""
