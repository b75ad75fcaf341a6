"""Fine-tune an encoder on a corpus: one loop for token (entities) and sequence classification.

    accelerate launch -m corpusmith.training.launch DATASET --encoder embedded --out DIR

The same call of `train` resumes a killed run.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import send_to_device, set_seed
from safetensors.torch import load_file

from corpusmith.progress import bar
from corpusmith.training.batches import class_weights, collate, plan_steps, share, token_loss
from corpusmith.training.checkpoint import Checkpoint
from corpusmith.training.config import WIDTH, TrainingConfig, schedule_for
from corpusmith.training.data import (
    SPLITS,
    Corpus,
    load_corpus,
    pair_types,
    undirected_types,
)
from corpusmith.training.encoder import (
    add_adapters,
    head_bias,
    learned_from_documents,
    load_model,
    load_tokenizer,
    locate_encoder,
    precision,
    remove_results,
    trained_model,
    trim_vocabulary,
    window_length,
)
from corpusmith.training.tracking import PROJECT, EnergyMeter, tracked_figures, tracker
from corpusmith.training.validation import METRIC, log_probabilities, validation_scores
from corpusmith.training.windows import IGNORED, count_mentions, encode, vocabulary

LIBRARIES = ("accelerate", "datasets", "tokenizers", "torch", "transformers")


def train(
    dataset: str | Corpus,
    encoder: str,
    out: Path,
    config: TrainingConfig,
    progress: Callable[[dict], None] | None = None,
) -> dict:
    """Train, keep the best weights on the validation split (or the last), write the model folder.

    Args:
        dataset: a dataset folder or Hub id, `id[:config][@revision]`, or a corpus in memory, which
            is never written to a file.
        encoder: "embedded", a folder, or a Hub id `id[@revision]` that `AutoModel` loads.
        out: the model folder. `out/state` holds the state of an unfinished run, which the same
            call resumes.
        progress: called on the main process with each row of the history.

    Returns:
        The content of training.json.

    Raises:
        UserError: when dataset or encoder cannot be loaded, or `out` holds the unfinished run of
            other data or settings.
    """
    AcceleratorState._reset_state()  # a search trains again in this process, in other precision
    accelerator = Accelerator(
        mixed_precision=precision(config.mixed_precision),
        cpu=not torch.accelerator.is_available(),
        log_with=tracker(config.tracker),
        project_dir=out / "logs",
    )
    set_seed(config.seed, device_specific=True, deterministic=config.deterministic)

    corpus = dataset if isinstance(dataset, Corpus) else load_corpus(dataset)
    tokenizer = load_tokenizer(encoder)
    facts: dict[str, Any] = {"task": corpus.task}
    if corpus.task == "relations":
        facts["head"], facts["tail"] = pair_types(corpus.splits["train"])
        facts["symmetric"] = undirected_types(corpus.splits["train"], corpus.labels)
        facts["threshold"] = 0.5
    model = load_model(encoder, corpus.labels, facts)
    if corpus.task == "ner" and config.outside_bias != 0:
        head_bias(model)  # fail before training, not after it
    if accelerator.device.type == "cpu":
        # PyTorch's fused kernel has no dropout on a CPU and falls back to a slower one.
        model.set_attn_implementation("eager")
    encoder_revision = getattr(model.config, "_commit_hash", None) or locate_encoder(encoder)[1]
    model_config = model.config
    facts["max_length"] = window_length(model_config, tokenizer, config.max_length)
    with accelerator.main_process_first():
        learned = learned_from_documents(encoder, encoder_revision)
        training, validation = (
            encode(corpus, split, tokenizer, facts["max_length"]) for split in SPLITS
        )

    used = vocabulary([training, validation], tokenizer.pad_token_id)
    training, validation = training.renumbered(used), validation.renumbered(used)
    trim_vocabulary(model, used)
    if config.freeze_embeddings:
        model.get_input_embeddings().weight.requires_grad_(False)
    if config.lora_rank:
        model = add_adapters(model, config.lora_rank)
    if config.compile:
        model.compile(dynamic=True)
    optimizer = torch.optim.AdamW(parameter_groups(model, config.weight_decay), fused=True)
    model, optimizer = accelerator.prepare(model, optimizer)

    weights = class_weights(training, len(corpus.labels), config.class_weights).to(
        accelerator.device
    )
    weight_of = np.array(
        [weights[labels[labels != IGNORED]].sum().item() for labels in training.labels]
    )
    begins_row = np.diff(training.rows, prepend=-1) > 0  # the first window of each row
    lengths = training.lengths()
    one_pass = len(plan_steps(lengths, config.batch_tokens, config.seed, epoch=0))
    width = getattr(model_config, "hidden_size", WIDTH)
    checked = count_mentions(validation.labels, corpus.labels)
    if corpus.task == "relations":
        checked = len(validation)
    schedule = schedule_for(config, corpus.task, one_pass, checked, width)
    plans = [
        plan_steps(lengths, config.batch_tokens, config.seed, epoch)
        for epoch in range(schedule.epochs)
    ]
    epoch_ends = list(np.cumsum([len(plan) for plan in plans]))
    steps = [step for plan in plans for step in plan]

    metric = METRIC[corpus.task]
    identity = {
        "dataset": corpus.fingerprint(),
        "encoder": [encoder, encoder_revision],
        "settings": asdict(config),
        "processes": accelerator.num_processes,
    }
    checkpoint = Checkpoint(out / "state", accelerator, identity)
    state = checkpoint.load()
    resumed = state.step > 0
    accelerator.init_trackers(PROJECT, {k: v for k, v in asdict(config).items() if v is not None})
    meter = EnergyMeter()
    loss_sum = torch.tensor(state.loss, device=accelerator.device)
    total, what = int(begins_row.sum()) * schedule.epochs, f"training, seed {config.seed}"
    shown = bar(total, what, "rows", done=state.sentences, shown=accelerator.is_local_main_process)
    begun = time.perf_counter()

    model.train()
    while state.step < len(steps) and (config.patience is None or state.stale() < config.patience):
        step = steps[state.step]
        for group in optimizer.param_groups:
            share_of_peak = rate_share(state.step, len(steps), config.warmup)
            group["lr"] = schedule.learning_rate * share_of_peak
        # Each process has the whole plan, so the weight needs no exchange. DDP averages over
        # processes.
        scale = accelerator.num_processes / max(weight_of[step].sum(), 1e-9)
        parts = share(
            step, accelerator.process_index, accelerator.num_processes, config.accumulation
        )
        for i, part in enumerate(parts):
            with accelerator.no_sync(model) if i + 1 < len(parts) else nullcontext():
                # A process without a window joins the exchange with a loss of zero.
                batch = collate(training, part if len(part) else step[:1], tokenizer.pad_token_id)
                batch = send_to_device(batch, accelerator.device)
                labels = batch.pop("labels")
                logits = model(**batch).logits
                loss = token_loss(logits, labels.view(logits.shape[:-1]), weights, config.noise_q)
                loss = loss * (scale if len(part) else 0.0)
                accelerator.backward(loss)
            loss_sum += loss.detach()
        accelerator.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()

        state.step += 1
        state.loss_steps += 1
        rows = int(begins_row[step].sum())
        state.sentences += rows
        shown.update(rows)
        evaluate = state.step in epoch_ends or due(state.step, config.evaluate_steps)
        if not evaluate and not due(state.step, config.save_steps):
            continue
        state.loss = accelerator.reduce(loss_sum, "mean").item()
        state.seconds += time.perf_counter() - begun
        if evaluate:
            chances = log_probabilities(
                accelerator, model, validation, tokenizer.pad_token_id, config.batch_tokens
            )
            scores = validation_scores(chances, validation, corpus, schedule, config)
            epoch = float(np.interp(state.step, [0, *epoch_ends], range(len(plans) + 1)))
            if state.record(epoch, scores, metric, schedule.keep_last):
                checkpoint.save_best(model, state)
            accelerator.log(tracked_figures(state.history[-1]), step=state.step)
            if progress and accelerator.is_main_process:
                shown.clear()  # so that the row is printed on a line of its own
                progress(state.history[-1])
        checkpoint.save(state)
        loss_sum.fill_(state.loss)
        begun = time.perf_counter()

    shown.close()
    energy = meter.stop()
    best = state.history[state.best]
    bias = best["validation"].get("outside_bias", 0.0)
    decided = asdict(config) | {
        "epochs": schedule.epochs,
        "learning_rate": schedule.learning_rate,
        "keep_last": schedule.keep_last,
        "outside_bias": bias,
    }
    report = {
        "task": corpus.task,
        "encoder": encoder,
        "encoder_revision": encoder_revision,
        "dataset": corpus.facts(identity["dataset"]),
        "hyperparameters": decided,
        "given": asdict(config),
        "seed": config.seed,
        "best": {
            "epoch": best["epoch"],
            "step": best["step"],
            "metric": metric,
            "value": best["validation"][metric],
        },
        "history": state.history,
        "seconds": round(state.seconds, 2),
        "sentences_per_second": round(state.sentences / state.seconds, 2),
        "hardware": hardware(accelerator),
        "energy_kwh": None if resumed else energy,
        "versions": {library: version(library) for library in LIBRARIES},
        **learned,
    }
    if accelerator.is_main_process:
        if corpus.task == "relations":
            facts["threshold"] = best["validation"]["threshold"]
            facts |= {k: v for k, v in best["validation"].items() if k == "thresholds"}
        weights_file = load_file(checkpoint.best(state))
        trained = trained_model(encoder, corpus.labels, facts, used, config.lora_rank, weights_file)
        if bias:
            head_bias(trained)[corpus.labels.index("O")] += bias
        remove_results(out)
        trained.save_pretrained(out)
        tokenizer.save_pretrained(out)
        (out / "training.json.partial").write_text(json.dumps(report, indent=2) + "\n")
        os.replace(out / "training.json.partial", out / "training.json")
    accelerator.wait_for_everyone()
    checkpoint.remove()
    accelerator.end_training()
    accelerator.free_memory()
    return report


def parameter_groups(model: Any, weight_decay: float) -> list[dict]:
    """Apply weight decay to matrices only: it would shrink embeddings of unused tokens."""
    embeddings = model.get_input_embeddings().weight
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decayed = [
        parameter for parameter in trained if parameter.ndim > 1 and parameter is not embeddings
    ]
    plain = [parameter for parameter in trained if parameter.ndim < 2 or parameter is embeddings]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]


def rate_share(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate at a step: a linear warm-up, then a linear decay to 0."""
    climb = warmup * steps
    return (step + 1) / (climb + 1) if step < climb else (steps - step) / max(steps - climb, 1)


def due(step: int, every: int | None) -> bool:
    return every is not None and step % every == 0


def hardware(accelerator: Accelerator) -> str:
    if accelerator.device.type == "cuda":
        return f"{accelerator.num_processes} x {torch.cuda.get_device_name(accelerator.device)}"
    return f"{accelerator.num_processes} x {torch.get_num_threads()} threads, {platform.machine()}"
