"""Hugging Face `tokenizers` for bench/tokenizers.ts: one JSON line per measurement.

    python3 tokenizers_peer.py encode TOKENIZER_JSON FILE...
    python3 tokenizers_peer.py train VOCAB_SIZE FILE
"""

import json
import os
import resource
import statistics
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer, __version__, models, pre_tokenizers, trainers  # noqa: E402


def say(**fields):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peer": f"tokenizers {__version__} (Rust)", "peakMegabytes": peak, **fields}), flush=True)


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def encode(path, *files):
    tokenizer = Tokenizer.from_file(path)
    run = lambda text: tokenizer.encode(text, add_special_tokens=False).ids  # noqa: E731
    run("Hello, world!")
    for file in files:
        text = open(file, encoding="utf-8", newline="").read()
        first, ids = seconds(lambda: run(text))
        again = statistics.median(seconds(lambda: run(text))[0] for _ in range(3))
        say(task="encode", file=os.path.basename(file), bytes=os.path.getsize(file), tokens=len(ids), first=first, again=again)
    say(task="long word", first=seconds(lambda: run("a" * 100_000))[0])


def train(size, file):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=int(size), min_frequency=2, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    first, _ = seconds(lambda: tokenizer.train([file], trainer))
    last = json.loads(tokenizer.to_str())["model"]["merges"][-1]
    say(task="train", file=os.path.basename(file), bytes=os.path.getsize(file), vocabSize=tokenizer.get_vocab_size(), first=first, last=last)


{"encode": encode, "train": train}[sys.argv[1]](*sys.argv[2:])
