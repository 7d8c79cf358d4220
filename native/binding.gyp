# For native/build.js, where the compiler alone does not do.
{
  "targets": [
    {
      "target_name": "nodeobs",
      "sources": [
        "addon/addon.c",
        "<!@(ls stapsdt/*.c)"
      ],
      "include_dirs": ["stapsdt"],
      "cflags": ["-std=gnu11", "-O2", "-fvisibility=hidden", "-fno-omit-frame-pointer"],
      "ldflags": ["-Wl,-z,nodelete"]
    }
  ]
}
