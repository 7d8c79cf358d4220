"""Reading firings of probes through the kernel's tracing file system: docs/probes.md."""
