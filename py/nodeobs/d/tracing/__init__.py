"""Programs at work: the processes that they run in, what comes from there, and the order of it."""
