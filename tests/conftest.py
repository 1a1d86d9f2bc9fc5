"""Settings of the whole suite, made before torch is imported anywhere."""

from __future__ import annotations

import os

# Test processes run side by side: threads that wait for each other's cores cost a hundred times what they gain.
os.environ.setdefault("OMP_NUM_THREADS", "1")
