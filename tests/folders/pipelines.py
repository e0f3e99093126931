"""Folders as transformers writes them by default, and what its pipelines answer: for tests/pipelines_test.ts.

    python3 tests/folders/pipelines.py write FOLDER
    python3 tests/folders/pipelines.py answer QUESTIONS.json ANSWERS.json

A question is {"task", "folder", "input"} and, of a generated text, {"tokens"}: how many.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast, pipeline

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(1)

CONTEXT = 64
TEXT = ["The fox sat on the mat, and the dog sat on the log.", "Ein Fußgänger überquert 2 Straßen: naïve, n'est-ce pas?",
        "Привет, мир! 你好,世界 😀 👩‍👩‍👧", "The hen isn't here;\n\tit  flew   away..."] * 3  # fmt: skip
SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "cls_token": "<s>",
           "sep_token": "</s>", "mask_token": "<mask>"}  # fmt: skip


def byte_pairs(special, size, masked):
    """A byte-level tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())  # fmt: skip
    tokenizer.train_from_iterator(TEXT, trainer)
    if masked:
        ends = [(name, tokenizer.token_to_id(name)) for name in ("</s>", "<s>")]
        tokenizer.post_processor = processors.RobertaProcessing(*ends)
    return tokenizer


def write(out):
    """One folder for each class, with weights large enough that no two answers are nearly equal."""
    causal = PreTrainedTokenizerFast(tokenizer_object=byte_pairs(["<|endoftext|>"], 300, False), eos_token="<|endoftext|>",
                                     model_max_length=CONTEXT)  # fmt: skip
    padded = PreTrainedTokenizerFast(tokenizer_object=byte_pairs(["<|endoftext|>", "<pad>"], 300, False), pad_token="<pad>",
                                     eos_token="<|endoftext|>", model_max_length=CONTEXT)  # fmt: skip
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    masked = transformers.RobertaTokenizer(tokenizer_object=byte_pairs(names, 320, True), model_max_length=CONTEXT)
    plain = PreTrainedTokenizerFast(tokenizer_object=byte_pairs(names, 320, True), model_max_length=CONTEXT, **SPECIAL)
    gpt = dict(n_positions=CONTEXT, n_embd=24, n_layer=2, n_head=3, initializer_range=0.5)
    roberta = dict(max_position_embeddings=CONTEXT + 2, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
                   intermediate_size=40, initializer_range=0.5)  # fmt: skip
    for name, tokenizer, kind, fields in [
        ("gpt2", causal, "GPT2LMHeadModel", gpt),
        ("gpt2_gelu", causal, "GPT2LMHeadModel", gpt | {"activation_function": "gelu", "tie_word_embeddings": False}),
        ("gpt1", causal, "OpenAIGPTLMHeadModel", gpt),
        ("roberta", masked, "RobertaForMaskedLM", roberta),
        ("roberta_plain", plain, "RobertaForMaskedLM", roberta | {"tie_word_embeddings": False}),
        ("roberta_classes", masked, "RobertaForSequenceClassification", roberta | {"num_labels": 3}),
        ("roberta_each", plain, "RobertaForSequenceClassification",
         roberta | {"num_labels": 3, "problem_type": "multi_label_classification"}),
        ("roberta_one", plain, "RobertaForSequenceClassification", roberta | {"num_labels": 1}),
        ("roberta_number", plain, "RobertaForSequenceClassification",
         roberta | {"num_labels": 1, "problem_type": "regression"}),
        ("gpt2_classes", padded, "GPT2ForSequenceClassification", gpt | {"num_labels": 3, "pad_token_id": 1}),
        ("gpt1_classes", padded, "OpenAIGPTForSequenceClassification", gpt | {"num_labels": 3, "pad_token_id": 1}),
    ]:  # fmt: skip
        torch.manual_seed(len(name))
        model_class = getattr(transformers, kind)
        model = model_class(model_class.config_class(vocab_size=len(tokenizer), **fields)).eval()
        model.save_pretrained(out / name)
        tokenizer.save_pretrained(out / name)
        if name == "gpt2":
            write_ending(model, tokenizer, out)


def write_ending(model, tokenizer, out):
    """The same model with two rows of its embedding exchanged, so that it generates token 0 after "The fox". By default that
    is a token like any other; the other folder says that texts end with it."""
    ids = model.generate(**tokenizer("The fox", return_tensors="pt"), do_sample=False, max_new_tokens=8)[0].tolist()
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        table[[0, ids[-3]]] = table[[ids[-3], 0]]
    model.save_pretrained(out / "gpt2_on")
    tokenizer.save_pretrained(out / "gpt2_on")
    for part in (model.config, model.generation_config):
        part.eos_token_id = 0
    model.save_pretrained(out / "gpt2_ends")
    renamed = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str().replace("<|endoftext|>", "<end>"))
    PreTrainedTokenizerFast(tokenizer_object=renamed, eos_token="<end>").save_pretrained(out / "gpt2_ends")


def answer(questions):
    """The answers of the pipelines."""
    loaded = {}
    for question in questions:
        task, folder, text = question["task"], question["folder"], question["input"]
        if (task, folder) not in loaded:
            loaded[task, folder] = pipeline(task, model=folder, device="cpu"), AutoTokenizer.from_pretrained(folder)
        run, tokenizer = loaded[task, folder]
        cut = {"truncation": True, "max_length": question["length"]} if "length" in question else {}
        if task == "text-generation":
            greedy = {"do_sample": False, "max_new_tokens": question["tokens"]}
            ids = run(text, return_tensors=True, **greedy)[0]["generated_token_ids"]
            whole = run(text, skip_special_tokens=False, **greedy)[0]["generated_text"]
            if ids[-1] == run.model.generation_config.eos_token_id:
                whole = whole.removesuffix(tokenizer.decode(ids[-1:]))
            yield {"ids": ids, "text": whole}
        elif task == "fill-mask":
            masks = run(text, top_k=5, tokenizer_kwargs=cut)
            masks = masks if isinstance(masks[0], list) else [masks]
            if len(masks) > 1:  # the texts that ours gives there have no masks left
                masks = [[{key: score[key] for key in score if key != "sequence"} for score in mask] for mask in masks]
            yield masks
        else:
            found = run(text, top_k=None, **cut)
            yield {score["label"]: score["score"] for score in found}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        answers = list(answer(json.loads(Path(sys.argv[2]).read_text())))
        Path(sys.argv[3]).write_text(json.dumps(answers))
