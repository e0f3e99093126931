"""Checkpoints are replaced whole or not at all, and what is damaged, locked or of the user is noticed."""

import builtins
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from miniformer_torch import checkpoint

STATE = {"command": "train", "settings": {"learningRate": 1e-5}, "best": {"step": 1, "validationLoss": 0.1 + 0.2}}


def save(folder: Path, step: int) -> None:
    contents = {name: f"{name} of {step}".encode() for name in checkpoint.OWN if name not in checkpoint.OWN[-2:]}
    checkpoint.save_checkpoint(folder, contents, {**STATE, "step": step})


def step_in(folder: Path) -> int:
    """The step of the checkpoint that is found in a folder, of which every file must be of that step."""
    files, state = checkpoint.read_checkpoint(folder)
    assert all(content.decode().endswith(f" of {state['step']}") for content in files.values())
    return state["step"]


class Killed(BaseException):
    """What ends a process at an operation; no handler of errors sees it."""


def test_a_save_that_is_killed_at_any_operation_leaves_the_old_or_the_new_checkpoint(tmp_path, monkeypatch):
    operations = [(os, "mkdir"), (os, "rename"), (os, "unlink"), (os, "rmdir"), (os, "fsync"), (builtins, "open")]
    left = -1

    def counted(function):
        def call(*arguments, **named):
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return function(*arguments, **named)

        return call

    for at in range(1, 100):
        run = tmp_path / str(at)
        run.mkdir()
        save(run / "last", 1)
        (run / "last" / "notes.txt").write_text("of the user")
        (run / "last" / "README.md").write_text("of the user, too")
        with monkeypatch.context() as patch:
            for module, name in operations:
                patch.setattr(module, name, counted(getattr(module, name)))
            left = at
            try:
                save(run / "last", 2)
            except Killed:
                pass
            is_done, left = left > 0, -1
        checkpoint.finish_save(run / "last")
        assert step_in(run / "last") in ((2,) if is_done else (1, 2))
        assert sorted(path.name for path in run.iterdir()) == ["last"]
        assert (run / "last" / "notes.txt").read_text() == "of the user"
        assert (run / "last" / "README.md").read_text() == "of the user, too"
        if is_done:
            return
    raise AssertionError("the save never ended")


def test_an_interrupted_save_is_finished_or_undone(tmp_path):
    last, (fresh, former) = tmp_path / "last", checkpoint.siblings(tmp_path / "last")
    for there, step in [((former,), 1), ((former, fresh), 2), ((last, fresh), 1), ((last, former), 2)]:
        for number, folder in enumerate(sorted(there, key=(former, last, fresh).index), 1):
            save(tmp_path / "made", number)
            (tmp_path / "made").rename(folder)
        kept = former if former in there else last
        (kept / "notes.txt").write_text("of the user")  # Deno moves it after the new folder is in its place
        checkpoint.finish_save(last)
        assert step_in(last) == step
        assert [path.name for path in tmp_path.iterdir()] == ["last"]
        assert (last / "notes.txt").read_text() == "of the user"
        shutil.rmtree(last)


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    save(tmp_path / "last", 1)

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(SystemExit, match="Cannot save .*No space left on device"):
            save(tmp_path / "last", 2)
    assert step_in(tmp_path / "last") == 1
    save(tmp_path / "last", 3)
    assert step_in(tmp_path / "last") == 3


def test_a_damaged_file_is_named(tmp_path):
    folder = tmp_path / "last"
    for name in checkpoint.OWN[:-1]:
        save(folder, 1)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content.replace(b"1", b"2", 1) if name != checkpoint.STATE else content[:-9])
        with pytest.raises(SystemExit, match=name):
            checkpoint.read_checkpoint(folder)
        (folder / name).unlink()
        with pytest.raises(SystemExit, match=name):
            checkpoint.read_checkpoint(folder)
    save(folder, 1)
    checkpoint.create(folder / "trainer_state.json", b"of an early version 1")
    with pytest.raises(SystemExit, match="trainer_state.json"):
        checkpoint.read_checkpoint(folder)
    save(folder, 1)
    state = json.loads((folder / checkpoint.STATE).read_text())
    (folder / checkpoint.STATE).write_text(json.dumps({**state, "step": 7}))
    with pytest.raises(SystemExit, match=checkpoint.STATE):
        checkpoint.read_checkpoint(folder)


def test_what_the_user_keeps_there_and_the_card_go_with_the_checkpoint(tmp_path):
    save(tmp_path / "last", 1)
    (tmp_path / "last" / "notes").mkdir()
    (tmp_path / "last" / "notes" / "a.txt").write_text("of the user")
    (tmp_path / "last" / "link").symlink_to("nowhere")
    (tmp_path / "last" / "README.md").write_text("a card")
    save(tmp_path / "last", 2)
    assert step_in(tmp_path / "last") == 2
    assert (tmp_path / "last" / "notes" / "a.txt").read_text() == "of the user"
    assert (tmp_path / "last" / "link").is_symlink()
    assert (tmp_path / "last" / "README.md").read_text() == "a card"


def test_a_second_process_is_refused_and_a_killed_one_is_not_waited_for(tmp_path):
    code = "import sys; from pathlib import Path; from miniformer_torch.checkpoint import lock; "
    code += "lock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(SystemExit, match="another process is using it; wait until it ends, or stop it"):
        checkpoint.lock(tmp_path)
    holder.kill()
    holder.wait()
    path, file = tmp_path / ".miniformer.lock", checkpoint.lock(tmp_path)
    assert checkpoint.lock(tmp_path, file) == file
    path.unlink()
    path.touch()  # as another process has it that has just ended
    again = checkpoint.lock(tmp_path, file)
    assert os.path.samestat(os.fstat(again), os.stat(path)) and again != file


def test_records_after_the_checkpoint_and_half_lines_are_dropped(tmp_path):
    first = {"step": 1, "loss": 2.5} | dict.fromkeys(["epoch", "gradientNorm", "learningRate", "seconds"], 0.5)
    others = [first | {"step": 2, "loss": float("nan")}, [], first | {"step": 3}, {"step": 1, "loss": 2.5}]
    (tmp_path / "metrics.jsonl").write_text("\n".join([*map(json.dumps, [first, *others]), '{"step":2,"lo']))
    assert checkpoint.kept_records(tmp_path / "metrics.jsonl", 2) == [first]


def test_files_of_the_user_are_never_lost_where_deno_was_killed_between_its_renames(tmp_path):
    last, (_, former) = tmp_path / "last", checkpoint.siblings(tmp_path / "last")
    text = "# A card\n\n"
    sum_ = hashlib.sha256(text.encode()).hexdigest()
    seal = f"<!-- Written by Miniformer and so on. SHA-256 of the lines above: {sum_} -->\n"
    for card in (text + seal, f"mine\n{text}{seal}"):
        for folder, step, notes in ((last, 2, "new"), (former, 1, "old")):
            save(tmp_path / "made", step)
            (tmp_path / "made").rename(folder)
            (folder / "notes.txt").write_text(notes)
        (former / "README.md").write_text(card)
        (former / "loss_curve.png").write_text("old picture")
        (last / "README.md").write_text(text + seal)
        checkpoint.finish_save(last)
        found = {path.name: path.read_text() for path in last.iterdir() if path.name not in checkpoint.OWN}
        kept = {} if card == text + seal else {"README.md.kept-2": card, "loss_curve.png": "old picture"}
        assert found == {"notes.txt": "new", "notes.txt.kept-2": "old", "README.md": text + seal} | kept
        assert [path.name for path in tmp_path.iterdir()] == ["last"]
        shutil.rmtree(last)


def test_large_files_of_the_user_are_moved_not_copied(tmp_path):
    save(tmp_path / "last", 1)
    notes = tmp_path / "last" / "notes.txt"
    notes.write_text("of the user")
    before = notes.stat().st_ino
    save(tmp_path / "last", 2)
    assert notes.stat().st_ino == before


def test_a_full_disk_is_not_filled_further(tmp_path, monkeypatch):
    save(tmp_path / "last", 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(SystemExit):
            save(tmp_path / "last", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_what_is_no_run_or_leads_elsewhere_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(SystemExit, match="holds no run"):
        checkpoint.expect_run(tmp_path)
    run = tmp_path / "run"
    run.mkdir()
    save(run / "last", 1)
    (run / "epoch-1.txt").write_text("of the user")
    checkpoint.expect_run(run)
    for name in ("best", "epoch-3", ".last.miniformer-old"):
        (run / name).write_text("of the user")
        with pytest.raises(SystemExit, match=f"{name} is not a folder"):
            checkpoint.expect_run(run)
        (run / name).unlink()
    (run / "metrics.jsonl").symlink_to("elsewhere")
    with pytest.raises(SystemExit, match="metrics.jsonl is not a file"):
        checkpoint.expect_run(run)
    (run / "metrics.jsonl").unlink()
    (run / "last").rename(tmp_path / "real")
    (run / "last").symlink_to(tmp_path / "real")
    with pytest.raises(SystemExit, match="last is not a folder"):
        checkpoint.expect_run(run)
