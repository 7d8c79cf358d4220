"""Texts of programs to syntax trees: the grammar of D, and what is said of texts that are not D."""
