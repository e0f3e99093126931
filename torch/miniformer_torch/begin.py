"""Begins a run with a GPT-2 of transformers: fresh weights, a text, and the tokenizer of a folder.

The run is at step 0, and either program goes on with it: `continue` here, `deno task train --resume` there.
"""

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel

from .checkpoint import TOKENIZER, Lock, save_file, save_folder, sealed
from .data import ids_file
from .model import our_names, to_ours
from .philox import fnv1a

DEFAULTS: dict[str, Any] = {
    "steps": 1000, "batch_size": 8, "accumulation": 1, "context_length": 128, "layers": 4, "heads": 4, "model_dim": 128,
    "dropout_rate": 0.0, "learning_rate": 1e-3, "warmup_steps": 100, "weight_decay": 0.1, "seed": 1,
    "validation_fraction": 0.1,
}  # fmt: skip
"""The settings that flags of the same names change."""


def begin(options: Namespace) -> None:
    """Makes the folder of the run."""
    given = {name: getattr(options, name) for name in DEFAULTS}
    settings = settings_of(given, options.tokenizer)
    texts = [path.read_bytes().decode("utf-8-sig") for path in options.data]
    parts = split(texts, 1 - given["validation_fraction"])
    tokenizer = Tokenizer.from_file(str(options.tokenizer / "tokenizer.json"))
    torch.manual_seed(given["seed"])
    model = GPT2LMHeadModel(config_of(settings, tokenizer))
    try:
        options.out.mkdir(parents=True)
    except FileExistsError:
        raise SystemExit(f"Cannot begin a run in {options.out}: something already exists there") from None
    lock = Lock(options.out)
    for name, documents in zip(("training", "validation"), parts):
        ids = encoded(tokenizer, documents)
        if len(ids) <= settings["contextLength"]:
            raise SystemExit(f"Cannot begin {options.out}: its {name} text has {len(ids)} tokens; give a longer text")
        content = ids_file(ids, fnv1a((options.tokenizer / "tokenizer.json").read_bytes()), fingerprint(documents))
        save_file(options.out / f"{name}.ids", content)
    state = {
        "command": "train",
        "settings": settings,
        "source": {
            "data": [str(path) for path in options.data], "validation": [],
            "validationFraction": given["validation_fraction"], "replaceInvalid": False,
        },
        "textFingerprint": f"{fingerprint([*parts[0], '', *parts[1]]):016x}",
        "backend": {"name": "torch", "device": f"PyTorch {torch.__version__}"},
        "step": 0,
    }  # fmt: skip
    save_folder(options.out / "last", sealed(files_of(model, options.tokenizer), state))
    lock.release()
    print(f"{options.out} is begun. Go on with\n  python -m miniformer_torch continue {options.out}\nor in Deno with\n"
          f"  deno task train --resume {options.out}")  # fmt: skip


def settings_of(given: dict[str, Any], tokenizer: Path) -> dict[str, Any]:
    """The settings of the run, under the names that they have in training_state.json."""
    interval = min(-(-given["steps"] // 10), 250)
    words = {name: name.split("_") for name in given}
    named = {first + "".join(map(str.title, rest)): given[name] for name, (first, *rest) in words.items()}
    return named | {
        "preset": "tiny", "tokenizer": str(tokenizer), "replaceInvalid": False, "architecture": "gpt2", "tied": True,
        "feedForwardDim": 4 * given["model_dim"], "initialStd": 0.02, "minLearningRate": given["learning_rate"] / 10,
        "schedule": "cosine", "beta1": 0.9, "beta2": 0.99, "clipNorm": 1, "logInterval": 1,
        "evaluationInterval": interval, "sampleInterval": 2 * interval, "saveInterval": interval,
    }  # fmt: skip


def config_of(settings: dict[str, Any], tokenizer: Tokenizer) -> GPT2Config:
    """The sizes of the model; what is not said is as in every GPT-2."""
    rate = settings["dropoutRate"]
    return GPT2Config(
        architectures=["GPT2LMHeadModel"], vocab_size=tokenizer.get_vocab_size(), n_positions=settings["contextLength"],
        n_embd=settings["modelDim"], n_layer=settings["layers"], n_head=settings["heads"],
        n_inner=settings["feedForwardDim"], resid_pdrop=rate, embd_pdrop=rate, attn_pdrop=rate,
        initializer_range=settings["initialStd"], bos_token_id=None, eos_token_id=end_of_text(tokenizer),
    )  # fmt: skip


def files_of(model: GPT2LMHeadModel, tokenizer: Path) -> dict[str, bytes]:
    """The files of a checkpoint of a model that has not been trained."""
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    named = {name: to_ours(name, [torch.zeros_like(part) for part in group], model)
             for name, group in our_names(model).items()}  # fmt: skip
    kept = {f"{kind}.{name}": zeros.clone() for kind in ("mean", "square") for name, zeros in named.items()}
    found = {name: (tokenizer / name).read_bytes() for name in TOKENIZER if (tokenizer / name).is_file()}
    return found | {
        "config.json": model.config.to_json_string(use_diff=False).encode(),
        "model.safetensors": save(weights, {"format": "pt"}),
        "optimizer.safetensors": save(kept),
    }


def encoded(tokenizer: Tokenizer, documents: list[str]) -> np.ndarray:
    """The ids of documents, each followed by the token that ends a text, if there is one."""
    end = end_of_text(tokenizer)
    parts = [tokenizer.encode(text, add_special_tokens=False).ids + [end] for text in documents]
    return np.array([id for part in parts for id in part if id is not None], np.int64)


def end_of_text(tokenizer: Tokenizer) -> int | None:
    """The token that ends a text: tokenizers/token_file.ts."""
    ends = [tokenizer.token_to_id(token) for token in ("<|endoftext|>", "</s>")]
    return next((id for id in ends if id is not None), None)


def fingerprint(documents: list[str]) -> int:
    """Changes with any text: tokenizers/token_file.ts."""
    return fnv1a(" ".join(f"{fnv1a(text.encode()):016x}" for text in documents).encode())


def split(texts: list[str], fraction: float) -> tuple[list[str], list[str]]:
    """Texts before and after a fraction of their length in UTF-16, between characters: commands/texts/corpus.ts."""
    units = [text.encode("utf-16-le") for text in texts]
    left = int(sum(map(len, units)) // 2 * fraction)
    before, after = [], []
    for text in units:
        is_inside = 0 < left < len(text) // 2 and 0xD8 <= text[2 * left - 1] < 0xDC
        cut = 2 * max(0, left + is_inside)
        before += [text[:cut].decode("utf-16-le")] if cut > 0 else []
        after += [text[cut:].decode("utf-16-le")] if cut < len(text) else []
        left -= len(text) // 2
    return before, after
