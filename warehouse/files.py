"""Files appear whole or not at all."""

import os
from pathlib import Path


def replace(tmp: Path, target: Path) -> None:
    """Flush `tmp` to disk and rename it over `target`; readers see the old file or the new one."""
    handle = os.open(tmp, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    tmp.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
