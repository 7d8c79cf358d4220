"""Compiles `nodeobs.usdt._stapsdt` when the package is built or installed, where that is possible.

Where it is not, the package is complete but for that module, and `nodeobs.usdt` says why.
"""

from __future__ import annotations

import runpy
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    _scratch: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return  # the sdist has the sources
        # Not imported: that would leave its bytecode among the sources.
        build = runpy.run_path(str(Path(self.root, "native", "python", "build.py")))
        if version == "editable":
            build["build_in_place"]()
            return
        self._scratch = tempfile.TemporaryDirectory()
        folder = Path(self._scratch.name)
        if build["build_in_place"](folder) is None:
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["pure_python"] = False
            build_data["tag"] = f"{build['python_tag']()}-{platform}"
        for path in folder.iterdir():
            build_data["force_include"][str(path)] = f"nodeobs/usdt/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()
