"""The original system's tables of numbered columns, a mapping file each."""
