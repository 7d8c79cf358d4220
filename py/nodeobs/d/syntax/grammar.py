"""The grammar of D (the DTrace guide, "Program Structure" and "Types, Operators, and Expressions").

LALR(1) with a contextual lexer, which keeps apart what D writes alike: outside the braces there
are probe descriptions and declarations, inside there are expressions. Two tokens look ahead, as
the lexer of DTrace does: the slash that closes a predicate is followed by `{`, `;`, `/` or the
end, and parentheses around the name of a type are a cast.

Which operators bind tighter is said in precedence.py instead: eleven levels of rules would double
the time that making the parser takes.
"""

from __future__ import annotations

from typing import Final

#: White space and comments. A predicate may end in `//* comment */ {`.
_COMMENT: Final = r"(?:\/\*(?:[^*]|\*(?!\/))*\*\/|\/\/(?!\*)[^\n]*)"
_GAP: Final = rf"(?:[\s\uFEFF]|{_COMMENT})*"

#: The name of a type. Those of the application end in _t, or follow `struct`.
_TYPE: Final = (
    r"(?:(?:const|volatile)\s+)?"
    r"(?:(?:struct|union|enum)\s+[A-Za-z_]\w*"
    r"|(?:(?:unsigned|signed|long|short)\s+){0,3}"
    r"(?:int|char|long|short|unsigned|signed|float|double|void|string|[A-Za-z_]\w*_t)\b)"
    r"(?:\s+(?:const|int|long)\b){0,3}"
)

#: What a probe description is made of: names, globs, and macros that stand for a part of a name.
_PROBE: Final = r"\w.:$*?!^`@#~+\\\[\]\u0080-\U0010ffff-"

GRAMMAR: Final = rf"""
start: (clause | variable | inline | _SEMICOLON)*

clause: probes predicate? body?
probes: PROBE ("," PROBE)*
predicate: SLASH _expression PREDICATE_END
body: OPEN (_statement? _SEMICOLON)* _statement? CLOSE
_statement: comma | _expression

variable: SCOPE? DECLARED STAR* NAME array? ("," STAR* NAME array?)* _SEMICOLON
array: "[" (TYPE STAR*) ("," TYPE STAR*)* "]"
inline: INLINE TYPE STAR* NAME EQUALS _expression _SEMICOLON

comma: _expression ("," _expression)+
_expression: assignment | _conditional
assignment: _unary (EQUALS | ASSIGN) _expression
_conditional: conditional | _operation
conditional: _operation QUESTION _expression ":" _conditional
_operation: operation | _unary
operation: _unary (_operator _unary)+
_operator: OR | XOR | AND | BITS_OR | BITS_XOR | AMPERSAND | EQUALITY | RELATION | SHIFT | SIGN
    | STAR | SLASH | PERCENT

_unary: unary | step | cast | sizeof | stringof | _postfix
unary: (SIGN | NOT | AMPERSAND | STAR) _unary
step: STEP _unary
cast: CAST _unary
sizeof: SIZEOF (CAST | _postfix)
stringof: STRINGOF _unary

_postfix: member | index | call | post_step | _primary
member: _postfix ARROW NAME
index: _postfix "[" _arguments? "]"
call: NAME "(" _arguments? ")"
post_step: _postfix STEP
_arguments: _expression ("," _expression)*

_primary: NAME | scoped | INTEGER | STRING | CHARACTER | MACRO | AGGREGATION | group | xlate
scoped: SCOPED ARROW NAME
group: "(" _expression ")"
xlate: XLATE "(" _expression ")"

OPEN: "{{"
CLOSE: "}}"
_SEMICOLON: ";"
QUESTION: "?"
ARROW: /->|\./
STEP.3: /\+\+|--/
ASSIGN.3: /(?:[-+*%&|^]|<<|>>|\/)=/
EQUALS: /=(?!=)/
EQUALITY.3: /[=!]=/
SHIFT.2: /<<|>>/
RELATION: /[<>]=?/
AND.2: "&&"
OR.2: "||"
XOR.2: "^^"
BITS_OR: "|"
BITS_XOR: "^"
AMPERSAND: "&"
SIGN: /[+-]/
STAR: "*"
PERCENT: "%"
NOT: /[!~]/
SLASH: "/"
PREDICATE_END.2: /\/(?={_GAP}(?:[{{;\/]|\Z))/

CAST.2: /\(\s*(?:{_TYPE}\s*[*\s]*|[A-Za-z_]\w*\s*\*[*\s]*)\)/
TYPE: /{_TYPE}/
DECLARED.4: /{_TYPE}(?=(?:\s+|\s*\*+\s*)[A-Za-z_]\w*\s*[;,\[])/
SCOPE.4: /(?:self|this)(?=\s+[A-Za-z_])/
INLINE.4: /inline(?=\s)/
SCOPED.3: /(?:self|this)(?=\s*->)/
SIZEOF.2: /sizeof\b/
STRINGOF.2: /stringof\b/
XLATE.2: /xlate\s*<[^<>]*>/
NAME: /[A-Za-z_]\w*/
AGGREGATION: /@(?:[A-Za-z_]\w*)?/
MACRO: /\$\$?\w+/
INTEGER: /(?:0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]{{0,3}}(?!\w)/
STRING: /"(?:[^"\\\n]|\\.)*"/
CHARACTER: /'(?:[^'\\\n]|\\.)+'/
PROBE: /[{_PROBE}]+/

COMMENT.5: /{_COMMENT}/
SPACE: /[\s\uFEFF]+/
%ignore COMMENT
%ignore SPACE
"""
