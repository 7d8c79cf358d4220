"""What `nodeobs snoop` does between the agents and the terminal: docs/snoop.md."""
