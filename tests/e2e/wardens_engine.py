"""A stand-in for an engine: `wardens_engine.py RUN_FOLDER LEVEL TOKEN` runs the hostile tree until it is killed.

Prints one line of JSON, the pids of its wardens, once the tree lives. The name of RUN_FOLDER is the run's id, and
`engine.json` is in there.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from pilothouse.core.adapters.wardens.marks import ProcessMark
from pilothouse.core.adapters.wardens.processes import WardenProcesses

sys.path.append(str(Path(__file__).parents[1]))
from e2e.survivors import hostile


async def main(folder: Path, level: str, token: str) -> None:
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    (folder / "engine.json").write_text(json.dumps(mark.to_json()), encoding="utf-8")
    work = folder / "work"
    work.mkdir()
    processes = WardenProcesses(folder.name, maximum=level, background=False)
    await processes.self_test()

    def heard(text: str) -> None:
        if "ready" in text:
            print(json.dumps([mark.pid for mark in processes.live()]), flush=True)

    await processes.run(hostile(token, work, "stay"), heard)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
