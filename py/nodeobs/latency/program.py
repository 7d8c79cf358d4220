"""The D program that measures in the processes.

Requests are Node's own probe, which tells of every request of every server with its latency and
the route that a framework chose. Handlers of express and fastify are Node's own as well. Those of
restify are restify's probes, whose bugs are worked around: the route that handlers should name is
missing, so it is looked up by the number of the request; handlers before the route is known are
counted too; a handler that never calls next() is never done, so what is kept of requests is in a
fixed number of places, each of which belongs to its last request.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d import Program, Text, compile_program
from nodeobs.d.options import Setting
from nodeobs.latency.latencies import FAILED, OK, UNKNOWN
from nodeobs.latency.scale import BOUNDS

if TYPE_CHECKING:
    from nodeobs.latency.grouping import Grouping

#: Requests of restify that are told apart at a time.
_PLACES: Final = 2048
#: Keys of all aggregations, and variables, that a thread keeps between two readings.
_LIMITS: Final = {"aggkeys": "20000", "dynvars": "60000", "strsize": "256"}

#: What the arguments of http-server-response say for each dimension but the status, which is
#: always the last key. Where there is no route, the URL is another one.
_KEYS: Final = {
    "method": ("copyinstr(arg7)",),
    "route": ("copyinstr(arg9)", 'copyinstr(arg9) == "" ? copyinstr(arg8) : ""'),
    "client": ("copyinstr(arg1)",),
}

#: One clause without a predicate or a computation, for it runs for every request: what is to be
#: made of the keys is made here. The latency of a request that had begun before anybody looked is
#: -1, and the status of an aborted one 0.
_REQUESTS: Final = """\
/* requests: arg1 client, arg5 status, arg6 ns, arg7 method, arg8 url, arg9 route */
node:http::http-server-response
{{
    @request[{keys}] =
        llquantize(arg6, {bounds});
    @slowest[{keys}] =
        max(arg6);
}}
"""

_HANDLERS: Final = """\

/* handlers of express and fastify: arg1 name, arg2 route, arg4 ns, arg5 error */
node:http::http-handler-done
{{
    @handler[copyinstr(arg2), copyinstr(arg1), strlen(copyinstr(arg5)) ? {failed} : {ok}] =
        llquantize(arg4, {bounds});
    @longest[copyinstr(arg2), copyinstr(arg1)] = max(arg4);
}}

/* handlers of restify: arg2 name, arg3 number of the request */
restify:::route-start
{{
    owner[arg2 % {places}] = arg2;
    route[arg2 % {places}] = copyinstr(arg1);
}}

restify:::handler-start
{{
    this->place = arg3 % {places};
    route[this->place] = owner[this->place] == arg3 ? route[this->place] : "";
    owner[this->place] = arg3;
    began[this->place, copyinstr(arg2)] = timestamp;
}}

restify:::handler-done
/owner[arg3 % {places}] == arg3 && began[arg3 % {places}, copyinstr(arg2)]/
{{
    this->place = arg3 % {places};
    this->took = timestamp - began[this->place, copyinstr(arg2)];
    began[this->place, copyinstr(arg2)] = 0;
    @handler[stringof(route[this->place]), copyinstr(arg2), {unknown}] =
        llquantize(this->took, {bounds});
    @longest[stringof(route[this->place]), copyinstr(arg2)] = max(this->took);
}}
"""


def program_text(grouping: Grouping) -> str:
    """The program in D. It prints nothing itself: what it aggregates is read."""
    bounds = ", ".join(map(str, BOUNDS))
    keys = [key for name in grouping.requests for key in _KEYS.get(name, ())]
    text = _REQUESTS.format(keys=", ".join([*keys, "arg5"]), bounds=bounds)
    if grouping.tables[1]:
        text += _HANDLERS.format(
            places=_PLACES, ok=OK, failed=FAILED, unknown=UNKNOWN, bounds=bounds
        )
    return text


def latency_program(grouping: Grouping) -> Program:
    """The program, ready to run."""
    settings = [Setting(name, value) for name, value in _LIMITS.items()]
    program = compile_program([Text(program_text(grouping), "nodeobs latency")], settings=settings)
    return replace(program, agent=_lean(program.agent))


def _lean(ast: Any) -> Any:
    """The same without copyinstr() around arguments, which are texts already: it is the half of
    all calls in what runs for every request."""
    if isinstance(ast, list):
        return [_lean(item) for item in ast]
    if not isinstance(ast, dict):
        return ast
    if ast.get("k") == "call" and ast.get("fn") == "copyinstr" and len(ast["args"]) == 1:
        return _lean(ast["args"][0])
    return {key: _lean(value) for key, value in ast.items()}
