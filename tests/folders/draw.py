"""Draws Hugging Face folders that transformers can load, with what it computes from them.

    python3 tests/folders/draw.py draw OUT --seed 1 --count 200 [--family gpt2]
    python3 tests/folders/draw.py check OUT
    python3 tests/folders/draw.py fixture fixtures/folders --seed 1 --count 24

Every folder is drawn from the seed, the family and its number alone. `check` loads what was saved as OUT/*/again and compares.
Weights are a hash of the tensor's name and the index, so a fixture needs no weights: see tests/folders/loaded.ts.
"""

import argparse
import json
import random
import re
import shutil
import sys
from pathlib import Path

import numpy
import torch
import transformers
from safetensors.torch import load_file, save_file

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(1)

EPSILONS = [1e-5, 1e-12, 1e-6, 1e-3, 0.1]
ACTIVATIONS = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "tanh", "quick_gelu", "gelu_fast", "swish",
               "gelu_python", "gelu_accurate", "gelu_python_tanh"]
PROBLEMS = [None, "single_label_classification", "multi_label_classification", "regression"]


# the tensors of a language head, and what they are tied to
HEADS = [
    ("lm_head.weight", "transformer.wte.weight"),
    ("lm_head.weight", "transformer.tokens_embed.weight"),
    ("lm_head.decoder.weight", "roberta.embeddings.word_embeddings.weight"),
    ("lm_head.decoder.bias", "lm_head.bias"),
    ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
    ("cls.predictions.decoder.bias", "cls.predictions.bias"),
]

LANGUAGE_MODELS = ("LMHeadModel", "ForMaskedLM", "ForPreTraining")


def values(name, size):
    """Numbers from -0.5 to 0.5 with 24 binary digits: FNV-1a of the name, then a mix of its sum with the index."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = (numpy.arange(size, dtype=numpy.uint64) * 0x9E3779B1 + seed) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return torch.from_numpy((((x ^ (x >> 16)) >> 8).astype(numpy.float64) / 2**24 - 0.5).astype(numpy.float32))


def shared(rng):
    heads = rng.randint(1, 4)
    return {"heads": heads, "width": heads * rng.randint(1, 5), "layers": rng.randint(1, 3), "vocab": rng.randint(5, 20)}


def rate(rng):
    return rng.choice([0.0, 0.1, 0.1, 0.25])


def draw_gpt(rng, family):
    size = shared(rng)
    fields = dict(
        vocab_size=size["vocab"], n_positions=rng.randint(4, 10), n_embd=size["width"], n_layer=size["layers"],
        n_head=size["heads"], resid_pdrop=rate(rng), embd_pdrop=rate(rng), attn_pdrop=rate(rng),
        layer_norm_epsilon=rng.choice(EPSILONS), initializer_range=rng.choice([0.02, 0.1]),
        bos_token_id=rng.choice([None, 0]), eos_token_id=rng.choice([None, 1]),
        tie_word_embeddings=rng.random() < 0.7,
    )
    if family == "openai-gpt":
        fields["afn"] = rng.choice(["gelu", "relu", "silu", "swish"])
    else:
        fields |= dict(
            n_inner=rng.choice([None, rng.randint(1, 24)]), activation_function=rng.choice(ACTIVATIONS),
            scale_attn_weights=rng.random() < 0.5, scale_attn_by_inverse_layer_idx=rng.random() < 0.5,
            reorder_and_upcast_attn=rng.random() < 0.3, summary_type=rng.choice(["cls_index", "mean"]),
        )
    prefix = "OpenAIGPT" if family == "openai-gpt" else "GPT2"
    head = rng.choice(["LMHeadModel", "LMHeadModel", "ForSequenceClassification", "Model"])
    if head == "Model":
        fields["tie_word_embeddings"] = True  # a bare model has no other head than its embedding
    return fields, prefix + head, rng.randrange(size["vocab"]), size, fields["n_positions"]


def draw_encoder(rng, family):
    size, context, is_bert = shared(rng), rng.randint(4, 10), family == "bert"
    pad = rng.choice([1, 1, 0, rng.randrange(size["vocab"])])
    fields = dict(
        vocab_size=size["vocab"], max_position_embeddings=context if is_bert else pad + 1 + context, hidden_size=size["width"],
        num_hidden_layers=size["layers"], num_attention_heads=size["heads"], intermediate_size=rng.randint(1, 24),
        hidden_act=rng.choice(ACTIVATIONS), hidden_dropout_prob=rate(rng), attention_probs_dropout_prob=rate(rng),
        type_vocab_size=rng.choice([1, 2, 2, 3]), layer_norm_eps=rng.choice(EPSILONS), pad_token_id=pad,
        initializer_range=rng.choice([0.02, 0.1]), classifier_dropout=rng.choice([None, None, 0.0, 0.5]),
        tie_word_embeddings=rng.random() < 0.7, bos_token_id=0, eos_token_id=2,
    )
    heads = ["ForMaskedLM", "ForMaskedLM", "ForSequenceClassification", "Model"]
    if not is_bert:
        return fields, "Roberta" + rng.choice(heads), pad, size, context
    if rng.random() < 0.2:
        fields["pad_token_id"] = None  # nothing in a BERT depends on it
    return fields, "Bert" + rng.choice([*heads, "ForSequenceClassification", "ForPreTraining"]), pad, size, context


FAMILIES = {
    "openai-gpt": (draw_gpt, transformers.OpenAIGPTConfig),
    "gpt2": (draw_gpt, transformers.GPT2Config),
    "roberta": (draw_encoder, transformers.RobertaConfig),
    "bert": (draw_encoder, transformers.BertConfig),
}


def draw(family, number, seed, folder, plain):
    """Writes one folder. A plain one has its weights in one file, in 32 bits, so that they are a function of the names."""
    rng = random.Random(f"{seed} {family} {number}")
    draw_fields, config_class = FAMILIES[family]
    fields, name, pad, size, context = draw_fields(rng, family)
    labelled = name.endswith("ForSequenceClassification")
    if labelled:
        labels, problem = rng.randint(1, 4), rng.choice(PROBLEMS)
        if labels == 1 and problem == "single_label_classification":  # transformers refuses that
            problem = None
        fields |= dict(num_labels=labels, problem_type=problem)
        fields.setdefault("pad_token_id", pad)
    config, model_class = config_class(**fields), getattr(transformers, name)
    folder.mkdir(parents=True)
    model_class(config).save_pretrained(folder)
    file = folder / "model.safetensors"
    tensors = {name: values(name, tensor.numel()).reshape(tensor.shape) for name, tensor in load_file(file).items()}
    # files of tied models may have the head twice: as it is, or with other numbers, which unties it
    doubled, has_head = rng.choice(["", "", "same", "other"]), name.endswith(LANGUAGE_MODELS)
    doubled = doubled if has_head and config.tie_word_embeddings and not (plain and doubled == "same") else ""
    for head, table in HEADS if doubled else []:
        if table in tensors:
            other = values(head, tensors[table].numel()).reshape(tensors[table].shape)
            tensors[head] = tensors[table].clone() if doubled == "same" else other
    dtype = rng.choice([torch.float32, torch.float16, torch.bfloat16, torch.float64])
    # transformers itself saves a head that config.json calls tied as a tied one
    shards, short, sparse = rng.random() < 0.4 and doubled != "other", rng.random() < 0.3, rng.random() < 0.5
    if not plain:
        tensors = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    if short:  # as in old files of the hub
        prefixes = re.compile(r"^(transformer|roberta|bert)\.")
        tensors = {prefixes.sub("", key): tensor for key, tensor in tensors.items()}
        if plain:  # the weights are a function of the names in the file
            tensors = {key: values(key, tensor.numel()).reshape(tensor.shape) for key, tensor in tensors.items()}
        elif family == "gpt2":
            tensors["h.0.attn.bias"] = torch.ones(1, 1, context, context)
    if family == "bert" and rng.random() < 0.3:  # as in the oldest
        tensors = {key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
                   for key, tensor in tensors.items()}
        if plain:
            tensors = {key: values(key, tensor.numel()).reshape(tensor.shape) for key, tensor in tensors.items()}
    save_file(tensors, file, metadata={"format": "pt"})
    if sparse:
        path, usual = folder / "config.json", config_class().to_dict()
        keep = {"architectures", "model_type", "id2label", "label2id", "problem_type"}
        written = json.loads(path.read_text())
        written = {key: value for key, value in written.items() if key in keep or usual.get(key) != value}
        if name.endswith(("LMHeadModel", "ForMaskedLM")) and rng.random() < 0.5:
            del written["architectures"]
        path.write_text(json.dumps(written))
    model = load(model_class, folder)
    if shards and not plain:
        shutil.move(folder / "config.json", folder / "kept.json")
        file.unlink()
        model.to(dtype).save_pretrained(folder, max_shard_size=rng.randint(300, 3000))
        shutil.move(folder / "kept.json", folder / "config.json")
        model = load(model_class, folder)
    tokens = [id for id in range(size["vocab"]) if id != pad]
    encodes = family in ("roberta", "bert")
    lengths = [context, rng.randint(1, context)] if labelled or encodes else [context, context]
    ids = [[rng.choice(tokens) for _ in range(length)] + [pad] * (context - length) for length in lengths]
    case = {"class": name, "ids": ids, "lengths": lengths}
    if encodes and not labelled and config.type_vocab_size > 1 and rng.random() < 0.5:
        case["tokenTypes"] = [[rng.randrange(config.type_vocab_size) for _ in row] for row in ids]
    case["outputs"] = outputs(model, case)
    (folder / "case.json").write_text(json.dumps(case))


def load(model_class, folder):
    options = {"attn_implementation": "eager"} if "GPT2" in model_class.__name__ else {}
    return model_class.from_pretrained(folder, dtype=torch.float32, **options).eval()


def outputs(model, case):
    """Logits of the texts, or of every token that is no padding; of a bare model its hidden states, and what a BERT pools."""
    ids, lengths = torch.tensor(case["ids"]), case["lengths"]
    arguments = {"input_ids": ids}
    if case["class"].startswith(("Roberta", "Bert")):
        arguments["attention_mask"] = (torch.arange(ids.shape[1]) < torch.tensor(lengths)[:, None]).long()
    if "tokenTypes" in case:
        arguments["token_type_ids"] = torch.tensor(case["tokenTypes"])
    # in double precision, which this one option does not allow
    exact = model if getattr(model.config, "reorder_and_upcast_attn", False) else model.double()
    with torch.no_grad():
        result = exact(**arguments)
    kinds, pooled = ("last_hidden_state", "logits", "prediction_logits"), getattr(result, "pooler_output", None)
    result = next(getattr(result, kind) for kind in kinds if hasattr(result, kind))
    if result.dim() == 3:
        result = torch.cat([row[:length] for row, length in zip(result, lengths)])
    return result.tolist() + (pooled.tolist() if case["class"] == "BertModel" else [])


def check(out):
    worst, count = 0.0, 0
    for folder in sorted(path for path in out.iterdir() if (path / "again").is_dir()):
        case = json.loads((folder / "case.json").read_text())
        found = torch.tensor(outputs(load(getattr(transformers, case["class"]), folder / "again"), case))
        expected = torch.tensor(case["outputs"])
        difference = ((found - expected).abs().max() / expected.abs().max()).item()
        if not difference <= 1e-5:
            sys.exit(f"{folder}: what was saved differs by {difference:.2e} of the largest output, allowed is 1e-5")
        worst, count = max(worst, difference), count + 1
    print(f"transformers loads {count} folders that were saved again: outputs differ by {worst:.1e} at most")


def fixture(out, seed, count):
    out.mkdir(parents=True, exist_ok=True)
    fields = {family: config_class().to_dict() for family, (_, config_class) in FAMILIES.items()}
    (out / "fields.json").write_text(json.dumps(fields, indent=1) + "\n")
    for family in FAMILIES:
        cases = []
        for number in range(count):
            folder = out / "drawn"
            draw(family, number, seed, folder, plain=True)
            case = json.loads((folder / "case.json").read_text())
            case["outputs"] = [[float(f"{value:.8g}") for value in row] for row in case["outputs"]]
            config = json.loads((folder / "config.json").read_text())
            for field in ("transformers_version", "dtype", "use_cache", "label2id"):
                config.pop(field, None)
            case["config"] = config
            case["tensors"] = {name: list(tensor.shape) for name, tensor in load_file(folder / "model.safetensors").items()}
            cases.append(case)
            shutil.rmtree(folder)
        versions = {"transformers": transformers.__version__, "torch": torch.__version__, "seed": seed}
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        text = f'{{"versions":{json.dumps(versions)},"cases":[\n{lines}\n]}}\n'
        (out / f"{family}.json").write_text(text)
        print(f"{family}.json: {count} cases, {len(text)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["draw", "check", "fixture"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--family", choices=list(FAMILIES))
    options = parser.parse_args()
    if options.action == "check":
        return check(options.out)
    if options.action == "fixture":
        return fixture(options.out, options.seed, options.count)
    for family in [options.family] if options.family else FAMILIES:
        for number in range(options.count):
            draw(family, number, options.seed, options.out / f"{family}-{number}", plain=False)
    print(f"drawn with transformers {transformers.__version__}, torch {torch.__version__}, seed {options.seed}")


if __name__ == "__main__":
    main()
