"""transformers' models as a run trains them: their tensors and ours, the loss of rows, dropout by our masks."""

from math import ceil, floor
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.overrides import TorchFunctionMode
from transformers import GPT2LMHeadModel, OpenAIGPTLMHeadModel, PreTrainedModel, RobertaForMaskedLM, logging

from .checkpoint import TABLE
from .data import IGNORED, Rows, read_json
from .philox import philox, seed_words

CLASSES = {"openai-gpt": OpenAIGPTLMHeadModel, "gpt2": GPT2LMHeadModel, "roberta": RobertaForMaskedLM}
EXPORT = "make it again: deno task train --export-torch"


def load_model(folder: Path, exact: bool, fresh: bool) -> PreTrainedModel:
    """The model of a checkpoint, or one of its sizes with weights that transformers draws."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    kind = read_json(folder / "config.json").get("model_type")
    if kind not in CLASSES:
        raise SystemExit(f"Cannot continue {folder}: its model_type is {kind!r}, which transformers does not have")
    attention = "eager" if exact or kind == "openai-gpt" else "sdpa"
    model = CLASSES[kind].from_pretrained(folder, dtype=torch.float32, attn_implementation=attention)
    model.config.use_cache = False
    if fresh:
        model = CLASSES[kind](model.config)
    if kind == "roberta":  # rows for padding learn as all others do, and the token type is part of every position
        embeddings = model.roberta.embeddings
        embeddings.word_embeddings.padding_idx = embeddings.position_embeddings.padding_idx = None
        types = embeddings.token_type_embeddings.weight.requires_grad_(False)
        embeddings.position_embeddings.weight.data += types.data[0]
        types.zero_()
    return model


def parts_of(run: Path, model: nn.Module) -> dict[str, tuple[list[nn.Parameter], bool]]:
    """The tensors that each parameter of ours consists of, and whether they are (out, in) where it is (in, out)."""
    try:
        table = read_json(run / TABLE)["tensors"]
        parts = {
            ours: ([model.get_parameter(name) for name in names], turned)
            for ours, (names, turned) in table.items()
        }
        named = {id(tensor) for tensors, _ in parts.values() for tensor in tensors}
        if named != {id(tensor) for tensor in model.parameters() if tensor.requires_grad}:
            raise KeyError("it does not name every tensor that learns")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"it is damaged or of another model ({error})"
        raise SystemExit(f"Cannot use {run / TABLE}: {why}; {EXPORT} {run}") from None
    return parts


def whole(tensor: Tensor) -> Tensor:
    """A tensor of which each process may hold a part, on the CPU. All processes call it together."""
    return (tensor.full_tensor() if isinstance(tensor, DTensor) else tensor).detach().cpu()


def to_ours(parts: list[Tensor], turned: bool) -> Tensor:
    """What we keep about a parameter, from what the optimizer keeps about its parts."""
    return torch.cat([whole(part).T if turned else whole(part) for part in parts], -1).contiguous()


def from_ours(tensor: Tensor, parameters: list[nn.Parameter], turned: bool) -> list[Tensor]:
    """The opposite: one tensor for each part, on its device, cut as it is."""
    parts = [part.T if turned else part for part in tensor.chunk(len(parameters), -1)]
    return [
        distribute_tensor(part.contiguous().to(like.device), like.device_mesh, like.placements)
        if isinstance(like, DTensor) else part.to(like.device, copy=True).contiguous()
        for part, like in zip(parts, parameters)
    ]  # fmt: skip


class Objective(nn.Module):
    """The sum of the losses of some rows, in nats."""

    def __init__(self, model: PreTrainedModel):
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
        """inputs and targets (rows, T), lengths (rows)."""
        if isinstance(self.model, RobertaForMaskedLM):
            place, wanted = torch.arange(inputs.shape[1], device=inputs.device), targets != IGNORED
            is_token = place < lengths[:, None]  # a drawn token may be <pad>, so the ids do not tell
            positions = torch.where(is_token, place + 2, 1)
            states = self.model.roberta(inputs, attention_mask=is_token.long(), position_ids=positions)[0]
            logits, targets = self.model.lm_head(states[wanted]), targets[wanted]
        else:
            logits = self.model(inputs).logits
        return F.cross_entropy(logits.float().flatten(0, -2), targets.flatten(), ignore_index=IGNORED, reduction="sum")


class ExactDropout(TorchFunctionMode):
    """While it is entered, dropout uses the masks of kernels/dropout.ts for the rows of a batch."""

    def __init__(self, seed: int, rows: Rows):
        super().__init__()
        self.key, self.rows, self.stream = seed_words(seed), rows, 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is not F.dropout:
            return func(*args, **(kwargs or {}))
        return self.drop(args[0], **kwargs)

    def drop(self, x: Tensor, p: float, training: bool, inplace: bool = False) -> Tensor:
        """The next dropout of the forward pass, of (rows, T, C), or of attention weights (rows, H, T, T)."""
        threshold = min(2**32 - 1, floor(p * 2**32 + 0.5))
        if not training or threshold == 0:
            return x
        width = 4 * ceil(x.shape[-1] / 4) if x.ndim == 4 else x.shape[-1]  # keys are drawn four at a time
        size = x[0].numel() // x.shape[-1] * width
        begin, end = self.rows.first * size, (self.rows.first + len(x)) * size
        index = torch.arange(begin // 4, ceil(end / 4), device=x.device)
        words = torch.stack(philox(self.key, (index, self.rows.number, self.stream, 0)), -1).flatten()
        kept = words[begin % 4 :][: end - begin].view(*x.shape[:-1], width)[..., : x.shape[-1]] >= threshold
        self.stream += 1
        return x * (kept * (1 / (1 - p))).to(x.dtype)
