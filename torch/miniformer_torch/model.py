"""transformers' models as a run trains them: our names for their tensors, the loss of rows, dropout by our masks."""

from math import ceil, floor
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.overrides import TorchFunctionMode
from transformers import GPT2LMHeadModel, OpenAIGPTLMHeadModel, PreTrainedModel, RobertaForMaskedLM, logging

from .data import IGNORED, Rows, read_json
from .philox import philox, seed_words

CLASSES = {"openai-gpt": OpenAIGPTLMHeadModel, "gpt2": GPT2LMHeadModel, "roberta": RobertaForMaskedLM}

RENAMED = (
    "transformer.h.=blocks. transformer.= attn.c_attn=attention.queryKeyValue attn.c_proj=attention.projection "
    "mlp.c_fc=mlp.expand mlp.c_proj=mlp.contract ln_1=norm1 ln_2=norm2 ln_f=finalNorm wte.weight=tokenEmbedding "
    "tokens_embed.weight=tokenEmbedding wpe.weight=positionEmbedding positions_embed.weight=positionEmbedding "
    "lm_head.weight=languageHead roberta.embeddings.word_embeddings.weight=encoder.tokenEmbedding "
    "roberta.embeddings.position_embeddings.weight=encoder.positionEmbedding "
    "roberta.embeddings.LayerNorm=encoder.embeddingNorm roberta.encoder.layer.=encoder.blocks. "
    "attention.self.query=attention.queryKeyValue attention.self.key=attention.queryKeyValue "
    "attention.self.value=attention.queryKeyValue attention.output.dense=attention.projection "
    "attention.output.LayerNorm=norm1 intermediate.dense=mlp.expand output.dense=mlp.contract output.LayerNorm=norm2 "
    "lm_head.dense=languageHead.dense lm_head.layer_norm=languageHead.norm lm_head.bias=languageHead.bias"
)
"""Their names and ours, replaced in this order."""


def load_model(folder: Path, exact: bool) -> PreTrainedModel:
    """The model of a checkpoint. Its rows for padding learn as all others do, and token types are part of positions."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    kind = read_json(folder / "config.json").get("model_type")
    if kind not in CLASSES:
        raise SystemExit(f"Cannot continue {folder}: its model_type is {kind!r}, which transformers does not have")
    attention = "eager" if exact or kind == "openai-gpt" else "sdpa"
    model = CLASSES[kind].from_pretrained(folder, dtype=torch.float32, attn_implementation=attention)
    model.config.use_cache = False
    if kind == "roberta":
        embeddings = model.roberta.embeddings
        embeddings.word_embeddings.padding_idx = embeddings.position_embeddings.padding_idx = None
        types = embeddings.token_type_embeddings.weight.requires_grad_(False)
        embeddings.position_embeddings.weight.data += types.data[0]
        types.zero_()
    return model


def our_names(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Our name of each parameter that learns, and the tensors of theirs that it consists of."""
    ours: dict[str, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        for pair in RENAMED.split():
            name = name.replace(*pair.split("="))
        if parameter.requires_grad:
            ours.setdefault(name, []).append(parameter)
    return ours


def turned(tensor: Tensor, name: str, model: PreTrainedModel) -> Tensor:
    """A tensor with rows and columns exchanged where it is (out, in) there and (in, out) here."""
    is_linear = name.endswith(".weight") and tensor.ndim == 2
    return tensor.T if is_linear and isinstance(model, RobertaForMaskedLM) else tensor


def whole(tensor: Tensor) -> Tensor:
    """A tensor of which each process may hold a part, on the CPU. All processes call it together."""
    return (tensor.full_tensor() if isinstance(tensor, DTensor) else tensor).detach().cpu()


def to_ours(name: str, parts: list[Tensor], model: PreTrainedModel) -> Tensor:
    """What we keep under a name, from the tensors that belong to its parameters there."""
    return torch.cat([turned(whole(part), name, model) for part in parts], -1).contiguous()


def from_ours(name: str, tensor: Tensor, parameters: list[nn.Parameter], model: PreTrainedModel) -> list[Tensor]:
    """The opposite: one tensor for each parameter, on its device, cut as it is."""
    parts = [turned(part, name, model) for part in tensor.chunk(len(parameters), -1)]
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
