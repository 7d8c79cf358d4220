"""Which Node processes there are, read from /proc: docs/ps.md."""
