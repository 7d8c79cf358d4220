"""The ZeroMQ client of an agent: docs/protocol.md, seen from the controller."""
