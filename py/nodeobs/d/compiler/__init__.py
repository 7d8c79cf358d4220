"""Syntax trees to programs: types, checks, and the AST that agents and the controller run."""
