"""The command line."""

import signal
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the first step Ctrl-C ends the process, without a traceback

from .train import Run  # noqa: E402


def count(text: str) -> int:
    """A number of steps."""
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def main() -> None:
    """Reads the command line and does what it says."""
    parser = ArgumentParser("miniformer_torch", description="Goes on with a run of Miniformer in PyTorch")
    commands = parser.add_subparsers(required=True)
    add = commands.add_parser("continue", help="best under torchrun --nproc_per_node N -m").add_argument
    add("run", type=Path, help="the folder of a run that deno task train --export-torch has prepared")
    add("--fresh", action="store_true", help="begin with weights that transformers draws, at step 0")
    add("--exact", action="store_true", help="dropout by Miniformer's own masks, with plain attention")
    add("--precision", choices=["f32", "bf16", "f16"], default="f32", help="of products; weights are f32")
    add("--fsdp", action="store_true", help="each process holds a part of the model and its optimizer")
    add("--steps", type=count, help="updates in all, another number than the run was begun with")
    add("--stop-after", type=count, help="stop after this step; the schedule stays that of all steps")
    options = parser.parse_args()
    try:
        Run(options.run, options).train()
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"Cannot continue {options.run}: {error}") from error


if __name__ == "__main__":
    main()
