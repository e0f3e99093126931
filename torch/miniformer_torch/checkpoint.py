"""The folder of a run: its lock, and checkpoints that are replaced whole or not at all, as docs/files.md says.

The rules are those of files/folders.ts, card.ts and sums.ts, and commands/files/lock.ts, which say why each step is as it is.
"""

import hashlib
import json
import os
import re
import socket
from datetime import datetime, timezone
from math import isfinite
from pathlib import Path
from typing import Any

TOKENIZER = "tokenizer.json vocab.json merges.txt special_tokens_map.json tokenizer_config.json".split()
STATE, CARD = "training_state.json", ["README.md", "loss_curve.png"]
OWN = ["config.json", "model.safetensors", *TOKENIZER, "optimizer.safetensors", STATE, "trainer_state.json"]


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


def sha256(content: bytes | str) -> str:
    """Hexadecimal digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def sealed(files: dict[str, bytes], state: dict[str, Any]) -> dict[str, bytes]:
    """The files with a state that holds the checksum of each, and of itself."""
    sums = {name: sha256(files[name]) for name in sorted(files)} | {STATE: sha256(to_json(state))}
    text = json.dumps({**state, "sha256": sums}, indent=2, ensure_ascii=False, allow_nan=False)
    return {**files, STATE: (text + "\n").encode()}


def read_checkpoint(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a checkpoint but its state, and that, checked by their checksums."""
    try:
        files = {name: (folder / name).read_bytes() for name in OWN if (folder / name).is_file()}
        state = json.loads(files.pop(STATE))
        sums = state.pop("sha256")
    except (KeyError, ValueError) as error:
        raise SystemExit(f"Cannot use {folder}: {STATE} is missing, damaged or of an early version ({error})") from None
    contents = {**files, STATE: to_json(state).encode()}
    for name in sorted(contents | sums):
        if sums.get(name) != sha256(contents.get(name, b"")):
            raise SystemExit(f"Cannot use {folder}: {name} is not what was saved there (its SHA-256 differs)")
    return files, state


def create(path: Path, content: bytes) -> None:
    """Creates a file and forces it to the disk; there must be nothing at this path."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Forces a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def save_file(path: Path, content: bytes | str) -> None:
    """Replaces a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.urandom(8).hex()}.miniformer-part")
    create(part, content.encode() if isinstance(content, str) else content)
    part.rename(path)
    sync(path.parent)


def has_foreign_card(folder: Path) -> bool:
    """Whether the user has written or edited the README.md of a checkpoint."""
    card = folder / CARD[0]
    if not os.path.lexists(card):
        return False
    seal = r"(.*\n)<!-- Written by Miniformer .* SHA-256 of the lines above: ([0-9a-f]{64}) -->\n"
    found = re.fullmatch(seal, card.read_bytes().decode(errors="replace") if card.is_file() else "", re.DOTALL)
    return found is None or sha256(found[1]) != found[2]


def siblings(folder: Path) -> tuple[Path, Path]:
    """The new version of a folder while it is being written, and the old one while it is being replaced."""
    return tuple(folder.with_name(f".{folder.name}.miniformer-{word}") for word in ("new", "old"))


def remove_own(folder: Path, keep_in: Path | None = None) -> None:
    """Removes a folder with our files; what else it holds is moved to `keep_in`, or keeps it from being removed."""
    if not os.path.lexists(folder):
        return
    own = OWN if keep_in and has_foreign_card(folder) else OWN + CARD
    names = sorted(os.listdir(folder), key=CARD[0].__eq__)  # the card last: its picture is of whoever wrote it
    for name in [name for name in names if name not in own or (folder / name).is_dir()]:
        if keep_in is None:
            raise OSError(f"{folder} holds {name!r}, which is not ours: move it away")
        free, number = keep_in / name, 2
        while os.path.lexists(free):
            free, number = keep_in / f"{name}.kept-{number}", number + 1
        (folder / name).rename(free)
    for name in os.listdir(folder):
        (folder / name).unlink()
    folder.rmdir()


def finish_save(folder: Path) -> None:
    """Finishes or undoes a save that was interrupted."""
    fresh, former = siblings(folder)
    if not folder.exists() and former.exists():
        (fresh if fresh.exists() else former).rename(folder)
    remove_own(former, keep_in=folder)
    remove_own(fresh)


def save_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Saves a checkpoint. Whenever it is interrupted, the old or the new one is found."""
    fresh, former = siblings(folder)
    try:
        finish_save(folder)
        fresh.mkdir()
        for name, content in files.items():
            create(fresh / name, content)
        sync(fresh)
        if folder.exists():
            folder.rename(former)
        fresh.rename(folder)
        sync(folder.parent)
        remove_own(former, keep_in=folder)
    except OSError as error:
        raise SystemExit(f"Cannot save {folder}: {error}; what was saved there before can be resumed") from error


class Lock:
    """The lock of the folder of a run. The system releases it when the process ends, however it ends."""

    def __init__(self, run: Path):
        self.path, self.file = run / ".miniformer.lock", -1
        self.keep()

    def keep(self) -> None:
        """Takes the lock, or takes it again where its file was removed meanwhile."""
        import fcntl

        while not (self.file >= 0 and self.path.exists() and os.path.samestat(os.fstat(self.file), os.stat(self.path))):
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.read(file, 300).decode(errors="replace")
                known = re.fullmatch(r"process \d+ on [\w.-]+ \(since [\w.:+-]+\)", holder)
                raise SystemExit(
                    f"Cannot use {self.path.parent}: {holder if known else 'another process'} is using it; "
                    "wait until it ends, or stop it"
                ) from None
            since = datetime.now(timezone.utc).isoformat(timespec="seconds")
            os.truncate(file, 0)
            os.write(file, f"process {os.getpid()} on {socket.gethostname()} (since {since})".encode())
            self.file = file

    def release(self) -> None:
        """Releases the lock and removes its file."""
        self.path.unlink(missing_ok=True)
        os.close(self.file)


def kept_records(path: Path, step: int) -> list[dict[str, Any]]:
    """The records of metrics.jsonl up to a step; lines that are no records are left out."""
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
            if record["step"] <= step and isfinite(record["loss"]):
                records.append(record)
        except (ValueError, KeyError, TypeError):
            pass  # a process that was killed may leave half a line
    return records
