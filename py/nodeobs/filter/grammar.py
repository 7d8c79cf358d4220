"""The grammar of the filter language: the expressions of ECMA-262 that only look, not act.

LALR(1) with a contextual lexer, which is what tells a division from a regular expression: after
an operand only an operator is possible, elsewhere only an operand.
"""

from __future__ import annotations

from typing import Final

GRAMMAR: Final = r"""
start: _RETURN? _expression _SEMICOLON*

_expression: conditional | _short
conditional: _short "?" _expression ":" _expression

_short: _or | coalesce
coalesce: _coalescable "??" _equality
_coalescable: coalesce | _equality

_or: or | _and
or: _or "||" _and
_and: and | _equality
and: _and "&&" _equality

_equality: equality | _relation
equality: _equality EQUALITY _relation
_relation: relation | _sum
relation: _relation (RELATION | IN) _sum
_sum: sum | _product
sum: _sum SIGN _product
_product: product | _unary
product: _product (FACTOR | SLASH) _unary
_unary: unary | _postfix
unary: (NOT | SIGN | TYPEOF) _unary

_postfix: member | index | call | _primary
member: _postfix (_DOT | _CHAIN) NAME
index: _postfix _CHAIN? "[" _expression "]"
call: _postfix "(" (_expression ("," _expression)* ","?)? ")"

_primary: NAME | NUMBER | STRING | REGEX | TRUE | FALSE | NULL | THIS | array | group
group: "(" _expression ")"
array: "[" (_expression ("," _expression)* ","?)? "]"

_RETURN: "return"
_SEMICOLON: ";"
_DOT: "."
_CHAIN.2: /\?\.(?![0-9])/
TRUE: "true"
FALSE: "false"
NULL: "null"
THIS: "this"
TYPEOF: "typeof"
IN: "in"
NOT: /!(?!=)/
EQUALITY: /[=!]==?/
RELATION: /[<>]=?(?![<>])/
SIGN: /[+-]/
FACTOR: /[*%]/
SLASH: "/"

NAME: /[^\W\d][\w$]*|\$[\w$]*/
NUMBER: /(0[xXoObB][\w$]*|([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][+-]?[0-9_]+)?[\w$]*)/
STRING: /"(?:[^"\\\n\r]|\\(?:\r\n|[\s\S]))*"|'(?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*'/
REGEX: /\/(?![*\/])(?:[^\/\\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+\/[\w$]*/

%ignore /[\s\uFEFF]+/
"""
