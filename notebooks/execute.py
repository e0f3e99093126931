"""Runs every cell of miniformer.ipynb on Deno's Jupyter kernel and saves the outputs in the file: deno task notebook.

Needs Deno and `pip install nbclient`. The kernel need not be installed. If a cell fails, the file stays as it was.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from queue import Empty

try:
    import nbformat
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_core.utils import run_sync
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
except ModuleNotFoundError as error:
    sys.exit(f"{error}: pip install nbclient")

NOTEBOOK = Path(__file__).parent / "miniformer.ipynb"


def text_of(outputs):
    """What a cell printed, without its pictures."""
    return [output.get("text") or {**output.get("data", {}), "image/png": ""} for output in outputs]


async def take_late_outputs(client, cell, cell_index, execute_reply):
    """Takes what a cell prints last: Deno's kernel may send it after the message that the cell is done."""
    parent = execute_reply["parent_header"]["msg_id"]
    try:
        while True:
            message = await client.kc.iopub_channel.get_msg(timeout=0.3)
            if message["parent_header"].get("msg_id") == parent and message["msg_type"] != "status":
                client.process_message(message, cell, cell_index)
    except Empty:
        pass


def main():
    os.environ["NO_COLOR"] = "1"  # outputs without escape sequences
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    before = [text_of(cell.get("outputs", [])) for cell in notebook.cells]
    start = time.time()
    with tempfile.TemporaryDirectory() as kernels:
        spec = Path(kernels, "deno", "kernel.json")
        spec.parent.mkdir()
        argv = [shutil.which("deno") or "deno", "jupyter", "--kernel", "--conn", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "Deno", "language": "typescript"}))
        manager = AsyncKernelManager(
            kernel_name="deno", kernel_spec_manager=KernelSpecManager(kernel_dirs=[kernels])
        )
        resources = {"metadata": {"path": NOTEBOOK.parent}}
        client = NotebookClient(
            notebook, km=manager, timeout=600, coalesce_streams=True, record_timing=False, resources=resources
        )
        client.on_cell_executed = partial(take_late_outputs, client)
        try:
            client.execute()
        except CellExecutionError as error:
            sys.exit(f"{NOTEBOOK.name} was not changed, a cell failed:\n{error}")
        finally:
            run_sync(manager.shutdown_kernel)(now=True)  # nbclient leaves a kernel running that it did not start
    notebook.metadata = {
        "kernelspec": {"display_name": "Deno", "language": "typescript", "name": "deno"},
        "language_info": {"file_extension": ".ts", "mimetype": "text/x.typescript", "name": "typescript"},
    }
    part = NOTEBOOK.with_suffix(".part")
    nbformat.write(notebook, part)
    part.replace(NOTEBOOK)
    changed = sum(text_of(cell.get("outputs", [])) != old for cell, old in zip(notebook.cells, before))
    print(f"{NOTEBOOK.name}: {time.time() - start:.0f} s; printed something else than before: {changed} cells")


if __name__ == "__main__":
    main()
