"""The command line."""

import argparse
from pathlib import Path

from .begin import DEFAULTS, begin
from .train import Run


def main() -> None:
    """Reads the command line and does what it says."""
    parser = argparse.ArgumentParser("miniformer_torch", description="Miniformer runs in PyTorch")
    commands = parser.add_subparsers(dest="command", required=True)
    more = commands.add_parser("continue", help="go on with a run, best under torchrun --nproc_per_node N -m")
    more.add_argument("run", type=Path, help="the folder of a run of deno task train")
    more.add_argument("--exact", action="store_true", help="dropout by Miniformer's own masks, with plain attention")
    more.add_argument("--precision", choices=["f32", "bf16", "f16"], default="f32", help="of products; weights are f32")
    more.add_argument("--fsdp", action="store_true", help="each process holds a part of the model and its optimizer")
    more.add_argument("--steps", type=int, help="updates in all, another number than the run was begun with")
    more.add_argument("--stop-after", type=int, help="stop after this step; the schedule stays that of all steps")
    new = commands.add_parser("begin", help="begin a run with a GPT-2 of transformers and fresh weights")
    new.add_argument("--data", type=Path, nargs="+", required=True, help="texts; their end is for validation")
    new.add_argument("--tokenizer", type=Path, required=True, help="a folder with tokenizer.json")
    new.add_argument("--out", type=Path, required=True, help="the folder of the new run")
    for name, value in DEFAULTS.items():
        new.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"default: {value}")
    options = parser.parse_args()
    try:
        begin(options) if options.command == "begin" else Run(options.run, options).train()
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"Cannot {options.command}: {error}") from error


if __name__ == "__main__":
    main()
