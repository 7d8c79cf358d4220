"""nodeobs kang: where its snapshots come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from nodeobs.cli.target import choose
from nodeobs.cli.terminal import tell
from nodeobs.errors import NodeobsError
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.kang.suppliers import Supplier


class Sources:
    """What -h, -p and -f mean."""

    def __init__(
        self,
        hosts: Sequence[str],
        targets: Sequence[str],
        files: Sequence[str],
        timeout: float,
        insecure: bool,
    ) -> None:
        self._hosts = hosts
        self._targets = targets
        self._files = files
        self._timeout = timeout
        self._insecure = insecure

    def required(self) -> list[Supplier]:
        from nodeobs.kang.address import VARIABLE
        from nodeobs.kang.suppliers import FileSupplier

        suppliers: list[Supplier] = [
            *self._addresses(",".join(self._hosts)),
            *(FileSupplier(path) for path in self._files),
        ]
        if self._targets:
            from nodeobs.kang.processes import ProcessSupplier

            suppliers += [ProcessSupplier(target, tell) for target in choose(self._targets)]
        if not (self._hosts or self._files or self._targets):
            suppliers += self._addresses(os.environ.get(VARIABLE, ""))
        if not suppliers:
            raise NodeobsError(
                "usage",
                "where from? No host, process or file is given",
                f"-h HOST[:PORT], {VARIABLE}=HOST,…, -p NAME or -f FILE",
                exit_code=2,
            )
        return suppliers

    def named(self, word: str) -> list[Supplier]:
        """A saved snapshot, or a host."""
        from nodeobs.kang.suppliers import FileSupplier

        is_file_name = word == "-" or (word.endswith(".json") and ":" not in word)
        if is_file_name or Path(word).exists():
            return [FileSupplier(word)]
        try:
            return self._addresses(word) or [FileSupplier(word)]
        except NodeobsError as error:
            raise NodeobsError(
                "usage",
                f"{single_line(word)}: there is no such file, and it is no address",
                error.hint,
                exit_code=2,
            ) from None

    def _addresses(self, text: str) -> list[Supplier]:
        from nodeobs.kang.address import parse_addresses
        from nodeobs.kang.suppliers import HttpSupplier

        return [
            HttpSupplier(address, timeout=self._timeout, insecure=self._insecure)
            # What is named twice is not there twice.
            for address in dict.fromkeys(parse_addresses(text))
        ]
