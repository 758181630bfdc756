"""From hostile bytes to a playable ladder: `sniff` → `probe` → `technique` → `hls`, all inside `sandbox`."""
