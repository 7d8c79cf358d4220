"""Log files: read, followed, merged, chosen from and counted."""
