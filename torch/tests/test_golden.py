"""What Miniformer draws, cuts, masks and drops, compared with golden.json, which golden_write.ts made."""

import json
from math import ceil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from miniformer_torch import checkpoint, data, model, philox, train

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text(encoding="utf-8"))
TEXT = np.array(GOLDEN["text"])


@pytest.mark.parametrize("case", GOLDEN["philox"])
def test_philox(case):
    key, counter = case["arguments"][:2], case["arguments"][2:]
    assert list(philox.philox(key, counter)) == case["words"]
    for array in (np.array, torch.tensor):  # in int64, where products wrap around
        drawn = philox.philox(key, [array([word]) for word in counter])
        assert [int(word[0]) for word in drawn] == case["words"]


def test_random():
    random, golden = philox.Random(-3, "some stream"), GOLDEN["random"]
    assert random.uniforms(5).tolist() == golden["uniforms"]
    assert [[bound, random.below(bound)] for bound, _ in golden["below"]] == golden["below"]
    assert [random.below(1000) for _ in range(300)][-1] == golden["many"]


@pytest.mark.parametrize("case", GOLDEN["permutations"])
def test_permutation(case):
    assert philox.permutation(case["length"], case["seed"], case["epoch"]) == case["order"]


def same(rows: data.Rows, golden: dict) -> bool:
    lengths = golden.get("lengths", [len(golden["inputs"][0])] * len(golden["inputs"]))
    count = len(rows.inputs)  # the last batch of a validation has unused rows there
    assert all(wanted == [-100] * len(wanted) for wanted in golden["targets"][count:])
    return [rows.inputs.tolist(), rows.targets.tolist(), rows.lengths.tolist()] == [
        golden["inputs"][:count], golden["targets"][:count], lengths[:count]
    ]  # fmt: skip


def compare(source: data.Source, golden: dict, numbers: list[int]):
    for number, batch in zip(numbers, golden["batches"], strict=True):
        assert same(source.rows(number, 0, source.settings["batchSize"]), batch), number
    part, whole = source.rows(1, 1, 3), source.rows(1, 0, 3)
    assert (part.number, part.first) == (1, 1) and (part.inputs == whole.inputs[1:]).all()
    batches = source.validation()
    assert [same(*pair) for pair in zip(batches, golden["validation"], strict=True)] == [True] * len(batches)


def test_windows():
    golden = GOLDEN["causal"]
    compare(data.causal_source(TEXT[:100], TEXT[100:190], golden["settings"]), golden, [0, 1, 3, 4, 50])


@pytest.mark.parametrize("golden", GOLDEN["masked"])
def test_masks(golden, tmp_path):
    added = [{"content": token, "id": id} for token, id in [("<s>", 0), ("<pad>", 1), ("</s>", 2), ("<unk>", 3)]]
    mask = {"content": "<mask>", "id": GOLDEN["tokens"]["maskId"]}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"added_tokens": [*added, mask]}))
    (tmp_path / "config.json").write_text(json.dumps({"vocab_size": GOLDEN["tokens"]["vocabSize"]}))
    compare(data.masked_source(TEXT[:250], TEXT[250:], golden["settings"], tmp_path), golden, [0, 1, 20])


@pytest.mark.parametrize("case", GOLDEN["dropout"])
def test_dropout_of_whole_batches_and_of_their_rows(case):
    expected = torch.tensor(case["factors"]).view(case["shape"])
    for first, last in [(0, 3), (1, 3), (2, 3)]:
        rows = SimpleNamespace(number=case["number"], first=first)
        with model.ExactDropout(case["seed"], rows) as dropout:
            dropout.stream = case["stream"]
            drawn = F.dropout(torch.ones(last - first, *case["shape"][1:]), case["rate"], training=True)
        torch.testing.assert_close(drawn, expected[first:last], rtol=3e-7, atol=0)


@pytest.mark.parametrize("case", GOLDEN["schedules"])
def test_schedule(case):
    for step, rate in case["rates"]:
        assert train.learning_rate(case["settings"], step) == pytest.approx(rate, rel=1e-14)


@pytest.mark.parametrize("case", GOLDEN["epochs"])
def test_epochs(case):
    after = [train.epochs_after(step, case["perEpoch"]) for step in range(13)]
    assert [[after[step], after[step + 1] > after[step]] for step in range(12)] == case["after"]


def test_shares_cover_an_update_once():
    for accumulation in (1, 2, 3, 6):
        for size in (1, 3, 8):
            for world in (1, 2, 3, 5):
                parts = [train.shares(accumulation, size, rank, world) for rank in range(world)]
                assert len({len(part) for part in parts}) == 1
                rows = [(batch, row) for part in parts for batch, *range_ in part for row in range(*range_)]
                assert sorted(rows) == [(batch, row) for batch in range(accumulation) for row in range(size)]


def test_fingerprint():
    assert f"{philox.fnv1a('Fußgänger 😀'.encode()):016x}" == GOLDEN["fingerprint"]


def test_json_as_javascript_writes_it():
    numbers = [float(number) for number, _ in GOLDEN["numbers"]]
    assert [checkpoint.to_json(number) for number in numbers] == [text for _, text in GOLDEN["numbers"]]
    assert checkpoint.to_json(json.loads(GOLDEN["json"])) == GOLDEN["json"]


def test_token_files(tmp_path):
    path = tmp_path / "training.ids"
    for case in GOLDEN["tokenFiles"]:
        content = bytes.fromhex(case["bytes"])
        path.write_bytes(content)
        assert data.read_ids(path, "0123456789abcdef").tolist() == case["ids"]
        with pytest.raises(SystemExit, match="another tokenizer"):
            data.read_ids(path, "0" * 16)
        for damaged in (b"X" + content[1:], content[:-2], content + b"00", content[:39], b"0"):
            path.write_bytes(damaged)
            with pytest.raises(SystemExit, match="damaged"):
                data.read_ids(path, None)


def test_a_validation_is_as_long_as_there_and_spread_over_the_text():
    ids = np.arange(100_000)
    for settings in ({"batchSize": 3, "contextLength": 100}, {"batchSize": 30, "contextLength": 100}):
        batches = data.causal_source(ids, ids, {**settings, "seed": 1}).validation()
        begins = [row[0] for batch in batches for row in batch.inputs.tolist()]
        count = max(20 * settings["batchSize"], ceil(16_384 / 100))  # commands/recipes/language_recipe.ts
        assert begins == [row * 999 // count * 100 for row in range(count)]
