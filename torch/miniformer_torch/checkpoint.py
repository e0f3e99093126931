"""The folder of a run: its lock, and checkpoints that are replaced whole or not at all, as docs/files.md says."""

import fcntl
import hashlib
import itertools
import json
import os
import re
import shutil
import socket
from datetime import datetime, timezone
from math import isfinite
from pathlib import Path
from typing import Any

STATE, WEIGHTS, OPTIMIZER = "training_state.json", "model.safetensors", "optimizer.safetensors"
VOCABULARY = ["vocab.json", "merges.txt", "vocab.txt"]
TOKENIZER = ["tokenizer.json", *VOCABULARY, "special_tokens_map.json", "tokenizer_config.json"]
OWN = ["config.json", WEIGHTS, *TOKENIZER, OPTIMIZER, STATE, "trainer_state.json"]
CARD = ["README.md", "loss_curve.png"]
LOCK, METRICS, TABLE = ".miniformer.lock", "metrics.jsonl", "torch.json"
FILES = [LOCK, METRICS, TABLE, "training.ids", "validation.ids"]
FIGURES = ["step", "epoch", "loss", "gradientNorm", "learningRate", "seconds"]


def to_json(value: Any) -> str:
    """JSON as JavaScript writes it, without spaces: the checksum of the state depends on how numbers are written."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{to_json(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False)
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    if exponent and -7 < int(exponent) < 0:
        return f"{value:.{len(mantissa.replace('-', '').replace('.', '')) - 1 - int(exponent)}f}"
    return mantissa + (f"e{int(exponent):+d}" if exponent else "")


def sums_of(files: dict[str, bytes], state: dict[str, Any]) -> dict[str, str]:
    """The SHA-256 of each file and, last, of the state."""
    contents = {name: files[name] for name in sorted(files)} | {STATE: to_json(state).encode()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def read_checkpoint(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a checkpoint but its state, and that, checked by their checksums."""
    try:
        files = {name: (folder / name).read_bytes() for name in OWN if (folder / name).is_file()}
        state = json.loads(files.pop(STATE))
        expected = state.pop("sha256")
    except (KeyError, ValueError) as error:
        raise SystemExit(f"Cannot use {folder}: {STATE} is missing, damaged or of an early version ({error})") from None
    for name, sum_ in (expected | sums_of(files, state)).items():
        if expected.get(name) != sum_ or name not in [STATE, *files]:
            raise SystemExit(f"Cannot use {folder}: {name} is not what was saved there (its SHA-256 differs)")
    return files, state


def save_checkpoint(folder: Path, files: dict[str, bytes], state: dict[str, Any]) -> None:
    """Replaces a checkpoint. Whenever it is interrupted, the old or the new one is found; see files/folders.ts."""
    fresh, former = siblings(folder)
    text = json.dumps({**state, "sha256": sums_of(files, state)}, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        finish_save(folder)
        fresh.mkdir()
        for name, content in {**files, STATE: text.encode()}.items():
            create(fresh / name, content)
        sync(fresh)
        if folder.exists():
            folder.rename(former)
        fresh.rename(folder)
        sync(folder.parent)
        finish_save(folder)  # the card stays as it is until the run is resumed in Deno
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)  # the disk may be full
        raise SystemExit(f"Cannot save {folder}: {error}; what was saved there before can be resumed") from error


def finish_save(folder: Path) -> None:
    """Finishes or undoes a save that was interrupted."""
    fresh, former = siblings(folder)
    if not folder.exists() and former.exists():
        (fresh if fresh.exists() else former).rename(folder)
    card_is_own = is_own_card(former / CARD[0])
    for path in former.iterdir() if former.exists() else []:
        if path.name not in OWN and not (path.name in CARD and card_is_own and os.path.lexists(folder / CARD[0])):
            path.rename(free_path(folder / path.name))  # of the user
    for path in (former, fresh):
        shutil.rmtree(path, ignore_errors=True)


def is_own_card(path: Path) -> bool:
    """Whether the user has not edited a card, see files/card.ts."""
    card = path.read_bytes() if path.is_file() else b""
    above, mark, seal = card.rpartition(b"<!-- Written by Miniformer ")
    return mark != b"" and hashlib.sha256(above).hexdigest().encode() in seal


def free_path(path: Path) -> Path:
    """The path itself or, if something is there, one beside it."""
    paths = itertools.chain([path], (path.with_name(f"{path.name}.kept-{number}") for number in itertools.count(2)))
    return next(path for path in paths if not os.path.lexists(path))


def siblings(folder: Path) -> list[Path]:
    """The new version of a folder while it is being written, and the old one while it is being replaced."""
    return [folder.with_name(f".{folder.name}.miniformer-{word}") for word in ("new", "old")]


def create(path: Path, content: bytes) -> None:
    """Creates a file and forces it to the disk; there must be nothing at this path."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Forces a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def save_file(path: Path, content: str) -> None:
    """Replaces a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.urandom(8).hex()}.miniformer-part")
    create(part, content.encode())
    part.rename(path)


def expect_run(run: Path) -> None:
    """Refuses a folder that holds no run, or one where something else stands at a path that a run writes."""
    last, (_, former) = run / "last", siblings(run / "last")
    if not os.path.lexists(last) and not former.is_dir():
        raise SystemExit(f"Cannot continue {run}: it holds no run: expected last/")
    epochs = [path for path in run.iterdir() if re.fullmatch(r"epoch-[1-9]\d{0,9}", path.name)]
    folders = [last, run / "best", *epochs]
    for folder in [*folders, *(path for folder in folders for path in siblings(folder))]:
        if folder.is_symlink() or folder.exists() and not folder.is_dir():
            raise SystemExit(f"Cannot continue {run}: {folder} is not a folder of its own; move it away")
    for path in [run / name for name in FILES]:
        if path.is_symlink() or path.exists() and not path.is_file():
            raise SystemExit(f"Cannot continue {run}: {path} is not a file of its own; move it away")


def lock(run: Path, held: int = -1) -> int:
    """Locks the folder of a run, until the process ends, or again where the lock's file was removed meanwhile."""
    path = run / LOCK
    while held < 0 or not (path.exists() and os.path.samestat(os.fstat(held), os.stat(path))):
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(f"Cannot use {run}: another process is using it; wait until it ends, or stop it") from None
        os.truncate(held, 0)
        since = datetime.now(timezone.utc).isoformat(timespec="seconds")
        os.write(held, f"process {os.getpid()} on {socket.gethostname()} (since {since})".encode())
    return held


def kept_records(path: Path, step: int) -> list[dict[str, Any]]:
    """The records of metrics.jsonl up to a step; half a line, which a killed process may leave, is left out."""
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
            is_kept = all(isfinite(record[name]) for name in FIGURES) and record["step"] <= step
            records += [record] if is_kept else []
        except (ValueError, KeyError, TypeError):
            pass
    return records
