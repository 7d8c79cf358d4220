"""`nodeobs log --stats`"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nodeobs.cli.terminal import has_unicode, print_json, print_lines, table_width
from nodeobs.logfile.stats import LogStats
from nodeobs.reports.log_stats import stats_lines, stats_objects

if TYPE_CHECKING:
    from nodeobs.cli.log_output import LogReader
    from nodeobs.logfile.selection import Selection


def show_stats(reader: LogReader, selection: Selection, *, as_json: bool, color: bool) -> int:
    """Count what is in files and print it. Ctrl-C ends the counting. The exit code."""
    stats = LogStats(selection)
    interrupted = False
    try:
        for log in reader.logs():
            stats.read(log)
    except KeyboardInterrupt:
        interrupted = True
    if as_json:
        print_json(stats_objects(stats))
    else:
        width, unicode = table_width(sys.stdout), has_unicode(sys.stdout)
        print_lines(stats_lines(stats, width=width, colour=color, unicode=unicode))
    if interrupted:
        return 130
    return 1 if reader.failed else 0
