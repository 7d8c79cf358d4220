"""What `nodeobs http` shows of requests and collections, and the D program that tells it."""
