"""A controller of one D program in one process: `_tracer.py SOCKET PROGRAM`.

Prints `ready` when the program runs, reads its aggregations once a second as `nodeobs trace` does,
parses all its records, and answers lines of the form `{"firings": N}` with what has become of them
once the program has seen so many.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import orjson
import zmq

READ_EVERY = 1000  # ms
NUDGE = 500  # ms
OPTIONS = {"rate": 1_000_000}  # records a second: a record that is not sent costs nothing


class Tracer:
    def __init__(self, socket: str, program: dict[str, Any]) -> None:
        self.asked = 0
        context: zmq.Context[Any] = zmq.Context.instance()
        self.dealer = context.socket(zmq.DEALER)
        self.dealer.connect(f"ipc://{socket}")
        self.records = context.socket(zmq.SUB)
        self.records.rcvhwm = 0
        self.records.connect(f"ipc://{socket}")
        options = {**program.get("options", {}), **OPTIONS}
        started = self.request("trace.start", program={**program, "options": options})
        self.watch = started["watch"]
        self.records.subscribe(started["topic"])
        while not any(peer["type"] == "SUB" for peer in self.request("stats")["peers"]):
            pass
        self.request("trace.go", watch=self.watch)
        self.fired = self.counted = self.published = self.received = self.dropped = 0

    def request(self, op: str, **more: Any) -> Any:
        self.asked += 1
        self.dealer.send(orjson.dumps({"id": self.asked, "op": op, **more}))
        answer: dict[str, Any] = {"id": 0}
        while answer["id"] != self.asked:
            # Linux 6.18 has been seen not to wake libzmq up for what is there; sending does.
            if not self.dealer.poll(NUDGE):
                self.dealer.send(b'{"id":0,"op":"ping"}')
            else:
                answer = orjson.loads(self.dealer.recv())
        if "error" in answer:
            raise SystemExit(answer["error"]["message"])
        return answer["ok"]

    def read(self) -> None:
        answer = self.request("trace.read", watch=self.watch)
        self.published = answer["records"]
        self.fired += sum(answer["fired"].values())
        self.dropped += sum(answer["drops"].values())
        for _, function, _, state in answer["aggregations"]:
            self.counted += state if function == "count" else sum(state.values())

    def take(self) -> None:
        while self.records.poll(0):
            _, header, payload = self.records.recv_multipart()
            self.dropped += orjson.loads(header)["dropped"]
            self.received += sum(1 for line in payload.splitlines() if orjson.loads(line))

    def run(self) -> None:
        poller = zmq.Poller()
        for one in (sys.stdin.fileno(), self.records):
            poller.register(one, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(READ_EVERY))
            self.take()
            self.read()
            if sys.stdin.fileno() not in ready:
                continue
            line = sys.stdin.readline()
            if not line:
                return
            while self.fired < json.loads(line)["firings"]:
                self.read()
                time.sleep(0.05)
            while self.received + self.dropped < self.published:
                self.take()
                time.sleep(0.05)
                self.request("ping")
            names = ("fired", "counted", "received", "dropped")
            print(json.dumps({name: getattr(self, name) for name in names}), flush=True)


if __name__ == "__main__":
    tracer = Tracer(sys.argv[1], json.loads(sys.argv[2]))
    print("ready", flush=True)
    tracer.run()
