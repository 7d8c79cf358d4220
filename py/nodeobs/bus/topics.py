"""Topics and the prefixes to subscribe to."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from nodeobs.errors import NodeobsError, did_you_mean, near_names

LEVELS: dict[str, int] = {
    "trace": 10,
    "debug": 20,
    "info": 30,
    "warn": 40,
    "error": 50,
    "fatal": 60,
}
LEVEL_NAMES: dict[int, str] = {number: name for name, number in LEVELS.items()}

_WILDCARD = re.compile(r"[*?\[]")
_NODE = "probe.node"


def level_number(level: str | int) -> int:
    """The number of a log level given by name (any case) or number.

    Raises NodeobsError `bad_level` for a name that is not a level or a negative number.
    """
    if isinstance(level, int):
        number = level
    elif level.strip().isdecimal():
        number = int(level)
    else:
        named = LEVELS.get(level.strip().lower())
        if named is None:
            raise NodeobsError(
                "bad_level",
                f'unknown log level "{level}"',
                did_you_mean(near_names(level, LEVELS))
                or f"levels are {', '.join(LEVELS)}, or a number",
                exit_code=2,
            )
        number = named
    if number < 0:
        raise NodeobsError(
            "bad_level",
            f"a log level is not negative: {number}",
            f"levels are {', '.join(LEVELS)}, or a number",
            exit_code=2,
        )
    return number


def level_name(number: int) -> str:
    """`debug` for 20; numbers between the names stay numbers."""
    return LEVEL_NAMES.get(number, str(number))


def level_prefixes(level: str | int, name: str | None = None) -> list[str]:
    """Prefixes which make live exactly the log topics that can hold records of `level` and up.

    A topic carries the named level below a record's own, so level 35 needs `log.30.` as well;
    compare levels (and names: a prefix also matches longer names) of what arrives.
    """
    number = level_number(level)
    named = sorted(LEVEL_NAMES)
    first = max((candidate for candidate in named if candidate <= number), default=named[0])
    return [f"log.{candidate}.{name or ''}" for candidate in named if candidate >= first]


def probe_prefix(glob: str) -> str:
    """The longest prefix that makes live every probe a glob can match.

    A glob is `provider:probe` or `provider:module:probe`, or one word that matches the provider
    or the probe. An empty part matches everything.
    """
    provider, colon, rest = glob.partition(":")
    provider = provider or "*"
    # Names of diagnostics channels have colons in them themselves.
    probe = rest.lstrip(":") if provider == "channel" else rest.rpartition(":")[2]
    if not colon:
        return "probe."
    literal = _WILDCARD.split(provider, maxsplit=1)[0]
    if literal != provider:
        return f"probe.{literal}"
    return f"probe.{provider}.{_WILDCARD.split(probe, maxsplit=1)[0]}"


def probe_prefixes(glob: str) -> list[str]:
    """What to subscribe to for a glob: `probe_prefix`, and Node's own probes if it asks for some.

    Node's own are only made live by a prefix that names their provider (docs/node-probes.md), so
    `gc-*` needs one more. A glob that any probe matches does not ask for them: it would put hooks
    everywhere into the process.
    """
    prefix = probe_prefix(glob)
    provider, colon, rest = glob.partition(":")
    probe = rest.rpartition(":")[2] if colon else glob
    literal = _WILDCARD.split(probe, maxsplit=1)[0]
    if (
        prefix.startswith(_NODE)
        or not literal
        or not fnmatchcase("node", provider if colon else "*")
    ):
        return [prefix]
    if not colon and fnmatchcase("node", glob):
        return [prefix, f"{_NODE}."]
    return [prefix, f"{_NODE}.{literal}"]


def matches_probe(glob: str, provider: str, probe: str, module: str = "") -> bool:
    """Whether `provider:probe` of a module is meant by a glob."""
    if glob.startswith("channel:"):
        name = glob.partition(":")[2].lstrip(":")
        return provider == "channel" and fnmatchcase(probe, name or "*")
    parts = glob.split(":", 2)
    if len(parts) == 1:
        return fnmatchcase(provider, glob) or fnmatchcase(probe, glob)
    names = (provider, probe) if len(parts) == 2 else (provider, module, probe)
    return all(fnmatchcase(name, part or "*") for name, part in zip(names, parts, strict=True))
