"""One observed process: everything its agents can tell, over all of its threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.answers import count, counts, entries, listed, mapping
from nodeobs.attachment import Attachment, Ended, Notice
from nodeobs.bus.topics import level_number, level_prefixes, matches_probe, probe_prefixes
from nodeobs.discovery.processes import NodeProcess, find, no_agent_error
from nodeobs.errors import NodeobsError
from nodeobs.merge import MergedBatches

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from nodeobs.bus.protocol import Batch

__all__ = ["Ended", "Process", "attach"]

#: Objects asked for at once.
_PAGE = 1000
_FAILED_SHOWN = 20


class Process(Attachment):
    """A Node process with its agent, made by `attach`.

    The main thread has `tid` 0, worker threads have their `threadId`; threads that start or end
    while attached are followed. `ended` says why, once the process is gone.
    """

    # -- requests ---------------------------------------------------------------------------

    async def probes(self, *, tid: int = 0) -> dict[str, Any]:
        """What `probes` answers: `probes`, `peers` and `kernel` (docs/protocol.md)."""
        return _object(await self.request("probes", tid=tid))

    async def loggers(self, *, tid: int = 0) -> list[dict[str, Any]]:
        """The loggers of a thread: name, level, streams, records, override, snooped."""
        return _objects(await self.request("loggers", tid=tid), "loggers")

    async def state_types(self, *, tid: int = 0) -> list[dict[str, Any]]:
        """The types of inspectable objects: type, count (or None), fields."""
        return _objects(await self.request("state.types", tid=tid), "types")

    async def state_list(
        self,
        type_name: str,
        *,
        limit: int = 1000,
        after: str | None = None,
        fields: Sequence[str] | None = None,
        tid: int = 0,
    ) -> dict[str, Any]:
        """The objects of a type: `type`, `fields`, `objects`, `total`, `truncated`.

        Asks for a page at a time, so that many objects never hold the process up for long.
        `after` is the `next` of an earlier answer that was truncated; `fields` are wanted instead
        of the type's own. `cut` counts the values that were cut, by reason, `failed` tells of
        callbacks of the application that threw (docs/protocol.md).
        """
        answer: dict[str, Any] = {}
        objects: list[Any] = []
        while True:
            args: dict[str, Any] = {"limit": min(_PAGE, limit - len(objects))}
            if after is not None:
                args["after"] = after
            if fields:
                args["fields"] = list(fields)
            page = _object(await self.request("state.list", tid=tid, type=type_name, **args))
            objects += entries(page, "objects")
            answer = {**page, **_sums(answer, page), "objects": objects}
            last, after = after, page.get("next")
            fields = fields or [str(field) for field in listed(page, "fields")]
            if not isinstance(after, str) or after == last or len(objects) >= limit:
                return answer

    async def state_get(self, type_name: str, object_id: str, *, tid: int = 0) -> Any:
        """One object of a type, whole."""
        return (await self.state_object(type_name, object_id, tid=tid)).get("object")

    async def state_object(self, type_name: str, object_id: str, *, tid: int = 0) -> dict[str, Any]:
        """One object of a type: `type`, `id`, `object`, and `cut` where that is not all of it."""
        return _object(await self.request("state.get", tid=tid, type=type_name, object=object_id))

    async def state_snapshot(
        self, types: list[str] | None = None, *, tid: int = 0
    ) -> dict[str, Any]:
        """All objects of some or all types, in kang's shape.

        Asks again for what one answer does not hold. `cut` counts the values that were cut, by
        reason, `failed` tells of callbacks of the application that threw.
        """
        args: dict[str, Any] = {} if types is None else {"types": types}
        whole = _object(await self.request("state.snapshot", tid=tid, **args))
        more = _next(whole)
        while more is not None:
            part = _object(await self.request("state.snapshot", tid=tid, **more))
            for name in more["types"]:
                if isinstance(part.get(name), dict):
                    # Not a new one for each part: there may be thousands.
                    whole[name] = held = mapping(whole, name)
                    held.update(part[name])
            whole.update(_sums(whole, part))
            last, more = more, _next(part)
            if more == last:
                break
        cut = counts(whole, "cut")
        whole.pop("cut", None)
        return {**whole, **({"cut": cut} if cut else {})}

    async def state_stuck(
        self,
        *,
        older_ms: float = 10_000,
        limit: int = 1000,
        type_name: str | None = None,
        tid: int = 0,
    ) -> dict[str, Any]:
        """What began more than `older_ms` ago and has not ended, the oldest first.

        `type_name` is a type or a kind, None means all.

        `stuck`: list of kind, type, id, name, age_ms, more; `total`, `truncated`; `looked`: how
        many flows, queues, barriers and requests there are; `failed` as in `state_list`.
        """
        args: dict[str, Any] = {"older_ms": older_ms, "limit": limit}
        if type_name is not None:
            args["type"] = type_name
        return _object(await self.request("state.stuck", tid=tid, **args))

    async def set_level(
        self,
        level: str | int | None,
        *,
        logger: str | None = None,
        stream: str | None = None,
        seconds: float | None = None,
        tid: int = 0,
    ) -> dict[str, Any]:
        """Change the level of a logger (None: of all) until `seconds` are over or we detach.

        `stream` names those of its streams that are meant, None means all of them.

        A level of None ends the changes made before. Answers `changed` and `until`.
        """
        args: dict[str, Any] = {"level": level}
        if logger is not None:
            args["logger"] = logger
        if stream is not None:
            args["stream"] = stream
        if seconds is not None:
            args["for_ms"] = round(seconds * 1000)
        return _object(await self.request("log.level", tid=tid, **args))

    async def stats(self, *, tid: int = 0) -> dict[str, Any]:
        """What the agent itself costs (docs/protocol.md, `stats`)."""
        return _object(await self.request("stats", tid=tid))

    # -- streams ----------------------------------------------------------------------------

    async def batches(self, prefixes: Iterable[str]) -> AsyncGenerator[Batch, None]:
        """Everything whose topic has one of these prefixes, of all threads, as it comes.

        The fastest way to read: parse with `Batch.records()`. Agent events come along, with
        `Batch.kind == "agent"`. Ends when the process does; then `ended` says how.
        """
        stream = MergedBatches(self, [*dict.fromkeys(prefixes)])
        self._streams.add(stream)
        try:
            for thread in self._threads.values():
                stream.add(thread.endpoint)
            if self._gone.is_set():
                self._start(stream.finish())
            async for batch in stream.batches():
                yield batch
        finally:
            self._streams.discard(stream)

    async def logs(
        self, level: str | int = "debug", name: str | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Log records of a level and up, below the loggers' own levels too, of one logger or all.

        Lines that are not JSON objects are counted in `decode_errors` and left out.
        """
        number = level_number(level)
        exact = number % 10 == 0 and 10 <= number <= 60
        async for batch in self.batches(level_prefixes(level, name)):
            if batch.kind != "log":
                continue
            for record in batch.records():
                if type(record) is not dict:
                    self.decode_errors += 1
                elif (name is None or record.get("name") == name) and (
                    exact or _level_of(record) >= number
                ):
                    yield record

    async def firings(self, glob: str = "*") -> AsyncGenerator[dict[str, Any], None]:
        """Firings of the probes that a glob means: `restify:route-*`, `bunyan`, `*`."""
        async for batch in self.batches(probe_prefixes(glob)):
            if batch.kind != "probe":
                continue
            for firing in batch.records():
                if type(firing) is not dict:
                    self.decode_errors += 1
                elif matches_probe(glob, str(firing.get("provider")), str(firing.get("probe"))):
                    yield firing


def attach(
    target: int | str | NodeProcess,
    *,
    verb: str = "client",
    notice: Notice | None = None,
    follow_threads: bool = True,
) -> Process:
    """Connect to the agents of one process: `async with nodeobs.attach(4242) as process`.

    `target` is a pid, a name as `nodeobs ps` shows it, or a NodeProcess of `discover`. `verb`
    names this client in the process's list of peers. `notice` gets what the user should be told
    while waiting (a stuck event loop, a message that cannot be read); without it that goes to the
    logger `nodeobs`.

    Raises NodeobsError when there is no such process or more than one, and when it has no agent;
    entering it raises what the connection meets.
    """
    if isinstance(target, NodeProcess):
        found = target
    else:
        matches = find(str(target))
        if len(matches) != 1:
            raise NodeobsError(
                "ambiguous" if matches else "no_match",
                f"{target} means {len(matches)} processes",
                "give one pid: " + ", ".join(candidate.label for candidate in matches[:8])
                if matches
                else None,
            )
        found = matches[0]
    if not found.endpoints:
        raise no_agent_error(found)
    return Process(found, verb=verb, notice=notice, follow_threads=follow_threads)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NodeobsError("bad_answer", "the agent's answer is not an object")
    return value


def _objects(value: Any, key: str) -> list[dict[str, Any]]:
    if not isinstance(_object(value).get(key), list):
        raise NodeobsError("bad_answer", f"the agent's answer has no list {key}")
    return entries(value, key)


def _sums(answer: dict[str, Any], page: dict[str, Any]) -> dict[str, Any]:
    """`cut` and `failed` of what came before and of one more page."""
    cuts: dict[str, int] = {}
    total, first = 0, []
    for part in (answer, page):
        for reason, cut in counts(part, "cut").items():
            cuts[reason] = cuts.get(reason, 0) + cut
        failed = mapping(part, "failed")
        total += count(failed, "total")
        first += entries(failed, "first")
    sums: dict[str, Any] = {"cut": cuts} if cuts else {}
    if total:
        sums["failed"] = {"total": total, "first": first[:_FAILED_SHOWN]}
    return sums


def _next(snapshot: dict[str, Any]) -> dict[str, Any] | None:
    """What to ask for after a snapshot that does not hold everything."""
    more = mapping(mapping(snapshot, "cut"), "next")
    types = [name for name in listed(more, "types") if isinstance(name, str)]
    return {"types": types, "after": mapping(more, "after")} if types else None


def _level_of(record: dict[str, Any]) -> float:
    level = record.get("level")
    return level if isinstance(level, int | float) else 0
