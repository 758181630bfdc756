"""Private objects under server-made keys: `base`, `local`, `signing` (links), `ranges` (serving)."""
