"""Continues a Miniformer run in PyTorch and hands it back.

    torchrun --nproc_per_node 2 -m miniformer_torch continue RUN    goes on from RUN/last

philox.py     random numbers: the same words as core/philox.ts and core/random.ts
data.py       the same batches in the same order, from the ids in the folder of the run
model.py      transformers' models, their tensors and ours, dropout by our masks
checkpoint.py the folder of a run: lock, checksums, checkpoints that are replaced whole or not at all
train.py      the training loop, over all processes
"""
