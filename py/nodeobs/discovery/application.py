"""What a Node process runs: its script, and the package the script belongs to."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# Options of Node (20 to 26) that take the next word as their value when written without "=".
_WITH_VALUE = frozenset(
    [
        "-r",
        "--require",
        "--import",
        "-C",
        "--conditions",
        "-e",
        "--eval",
        "-p",
        "--print",
        "-pe",
        "--loader",
        "--experimental-loader",
        "--allow-fs-read",
        "--allow-fs-write",
        "--build-snapshot-config",
        "--cpu-prof-dir",
        "--cpu-prof-interval",
        "--cpu-prof-name",
        "--diagnostic-dir",
        "--disable-proto",
        "--disable-warning",
        "--dns-result-order",
        "--env-file",
        "--env-file-if-exists",
        "--experimental-config-file",
        "--experimental-default-type",
        "--experimental-policy",
        "--experimental-sea-config",
        "--build-sea",
        "--heap-prof-dir",
        "--heap-prof-interval",
        "--heap-prof-name",
        "--heapsnapshot-near-heap-limit",
        "--heapsnapshot-signal",
        "--icu-data-dir",
        "--input-type",
        "--inspect-port",
        "--debug-port",
        "--inspect-publish-uid",
        "--localstorage-file",
        "--max-http-header-size",
        "--network-family-autoselection-attempt-timeout",
        "--openssl-config",
        "--policy-integrity",
        "--redirect-warnings",
        "--report-directory",
        "--report-dir",
        "--report-filename",
        "--report-signal",
        "--run",
        "--secure-heap",
        "--secure-heap-min",
        "--snapshot-blob",
        "--test-concurrency",
        "--test-coverage-branches",
        "--test-coverage-exclude",
        "--test-coverage-functions",
        "--test-coverage-include",
        "--test-coverage-lines",
        "--test-global-setup",
        "--test-isolation",
        "--test-name-pattern",
        "--test-reporter",
        "--test-reporter-destination",
        "--test-shard",
        "--test-skip-pattern",
        "--test-timeout",
        "--title",
        "--tls-cipher-list",
        "--tls-keylog",
        "--trace-event-categories",
        "--trace-event-file-pattern",
        "--trace-require-module",
        "--unhandled-rejections",
        "--use-largepages",
        "--v8-pool-size",
        "--watch-path",
        "--watch-kill-signal",
    ]
)
_NO_SCRIPT = frozenset(
    [
        "-e",
        "--eval",
        "-p",
        "--print",
        "-pe",
        "-v",
        "--version",
        "-h",
        "--help",
        "--v8-options",
        "--run",
        "--test",
        "-i",
        "--interactive",
    ]
)
_MAX_PACKAGE_BYTES = 1 << 20


class Application(NamedTuple):
    """A package: `name`, and its version where package.json has one."""

    name: str
    version: str | None

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


def script_of(argv: Sequence[str]) -> str | None:
    """The script in a command line of Node, as written there; None for -e, a REPL and the like."""
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            return next(words, None)
        if word == "-" or not word:
            return None
        if not word.startswith("-"):
            return next(words, None) if word == "inspect" else word
        name, equals, _ = word.partition("=")
        if name in _NO_SCRIPT:
            return None
        if not equals and name in _WITH_VALUE:
            next(words, None)
    return None


def nearest_package(start: str, root: str = "") -> Application | None:
    """The nearest package.json with a name, from the directory `start` upwards.

    `start` is a path as the process sees it, `root` what stands before its "/" for us.
    """
    directory = os.path.normpath(start)
    while directory.startswith("/"):
        application = _read_package(f"{root}{directory.rstrip('/')}/package.json")
        if application is not None:
            return application
        if directory == "/":
            break
        directory = os.path.dirname(directory)
    return None


def _read_package(path: str) -> Application | None:
    try:
        # Another user's fifo must not block us.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_PACKAGE_BYTES:
            return None
        package = json.loads(os.read(file, _MAX_PACKAGE_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    finally:
        os.close(file)
    if not isinstance(package, dict) or not isinstance(package.get("name"), str):
        return None
    version = package.get("version")
    return Application(package["name"], version if isinstance(version, str) else None)
