"""The D language: programs that operators write, as far as a Node process can run them.

`syntax` reads them, `compiler` checks them and makes a `Program`, `tracing` runs it in processes,
`runtime` and `printing` do what is left for this side: a program's own clauses (BEGIN, END, ticks),
its totals, and its output.

>>> compile_program([Text('tick-1s { printf("%d\\n", 6 * 7); }')]).actions[0].kind
'printf'
"""

from __future__ import annotations

from nodeobs.d.compiler.compile import compile_program
from nodeobs.d.error import DError
from nodeobs.d.program import Program
from nodeobs.d.text import Text

__all__ = ["DError", "Program", "Text", "compile_program"]
