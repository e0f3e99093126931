"""Greedy generation with a cache by GPT-2 of Hugging Face transformers, one sequence. Prints one line of JSON.

    python3 transformers_generate.py START ROUNDS THREADS PROMPT NEW_TOKENS

START is a file of bench/peers/start.ts, PROMPT has ids, separated by commas. The first round is not counted.
"""

import json
import statistics
import sys
import time

import torch
import transformers

from start import facts, read_start

# our name of a part of a block: theirs; weights are (in, out) in both
PARTS = {"norm1": "ln_1", "queryKeyValue": "attn.c_attn", "projection": "attn.c_proj", "norm2": "ln_2",
         "expand": "mlp.c_fc", "contract": "mlp.c_proj"}


def build(path):
    sizes, parameters, _, _ = read_start(path)
    config = transformers.GPT2Config(
        vocab_size=sizes["vocabSize"], n_positions=sizes["contextLength"], n_embd=sizes["modelDim"],
        n_layer=sizes["layers"], n_head=sizes["heads"], n_inner=sizes["feedForwardDim"],
        activation_function="gelu_new", tie_word_embeddings=False, bos_token_id=None, eos_token_id=None)
    model = transformers.GPT2LMHeadModel(config).eval()
    names = {"tokens": "transformer.wte.weight", "positions": "transformer.wpe.weight", "head": "lm_head.weight",
             "finalNorm.weight": "transformer.ln_f.weight", "finalNorm.bias": "transformer.ln_f.bias"}
    for layer in range(sizes["layers"]):
        for ours, theirs in PARTS.items():
            for kind in ["weight", "bias"]:
                names[f"{layer}.{ours}.{kind}"] = f"transformer.h.{layer}.{theirs}.{kind}"
    state = {names[name]: value.t() if name == "head" else value for name, value in parameters.items()}
    model.load_state_dict(state)
    return model


def main(path, rounds, threads, prompt, new_tokens):
    torch.set_num_threads(int(threads))
    model, ids = build(path), torch.tensor([[int(id) for id in prompt.split(",")]])
    settings = {"max_new_tokens": int(new_tokens), "min_new_tokens": int(new_tokens), "do_sample": False,
                "use_cache": True, "pad_token_id": 0, "attention_mask": torch.ones_like(ids)}
    times = []
    with torch.inference_mode():
        for _ in range(int(rounds) + 1):
            start = time.perf_counter()
            tokens = model.generate(ids, **settings)
            times.append((time.perf_counter() - start) * 1e3)
    values = tokens[0, ids.shape[1]:].tolist()
    print(json.dumps({"ms": statistics.median(times[1:]), "values": values,
                      "engine": f"transformers {transformers.__version__}", "note": facts()}))


main(*sys.argv[1:])
