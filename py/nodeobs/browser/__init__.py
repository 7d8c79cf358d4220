"""The state browser: a Textual application over any source of state."""
