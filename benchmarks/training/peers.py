"""The peers of `benchmarks.training`: transformers.Trainer and run_ner_no_trainer.py."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def train_peer(job: dict) -> dict:
    """transformers.Trainer, as its token classification guide sets it up."""
    import transformers

    from corpusmith.training.data import load_corpus
    from corpusmith.training.encoder import load_tokenizer, locate_encoder

    corpus, tokenizer = load_corpus(job["data"]), load_tokenizer(job["encoder"])

    def tokenise(batch: dict) -> dict:
        encoded = tokenizer(
            batch["tokens"], truncation=True, is_split_into_words=True, max_length=job["max_length"]
        )
        encoded["labels"] = []
        for row, tags in enumerate(batch["ner_tags"]):
            words = encoded.word_ids(row)
            first = [
                word is not None and word != before
                for before, word in zip([None, *words], words, strict=False)
            ]
            encoded["labels"].append(
                [
                    tags[word] if is_first else -100
                    for word, is_first in zip(words, first, strict=True)
                ]
            )
        return encoded

    rows = corpus.splits["train"]
    model = transformers.AutoModelForTokenClassification.from_pretrained(
        locate_encoder(job["encoder"])[0],
        id2label=dict(enumerate(corpus.labels)),
        label2id={label: i for i, label in enumerate(corpus.labels)},
    )
    trainer = transformers.Trainer(
        model,
        transformers.TrainingArguments(
            job["out"],
            num_train_epochs=job["epochs"],
            per_device_train_batch_size=job["batch"],
            learning_rate=job["learning_rate"],
            seed=job["seed"],
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=rows.map(tokenise, batched=True, remove_columns=rows.column_names),
        data_collator=transformers.DataCollatorForTokenClassification(tokenizer),
        processing_class=tokenizer,
    )
    figures = trainer.train().metrics
    trainer.save_model(job["out"])
    return {
        "sentences_per_second": figures["train_samples_per_second"],
        "steps": trainer.state.global_step,
    }


def run_script(script: str, job: dict, folder: Path) -> dict:
    """Run the peer's script on the same rows, with a copy of seqeval that needs no network."""
    from corpusmith.training.data import load_corpus
    from corpusmith.training.encoder import locate_encoder

    corpus = load_corpus(job["data"])
    for split, rows in corpus.splits.items():
        lines = (
            {"tokens": r["tokens"], "ner_tags": [corpus.labels[tag] for tag in r["ner_tags"]]}
            for r in rows
        )
        (folder / f"{split}.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    encoder, _ = locate_encoder(job["encoder"])
    options = {
        "model_name_or_path": Path(encoder).resolve() if Path(encoder).is_dir() else encoder,
        "train_file": folder / "train.json",
        "validation_file": folder / "validation.json",
        "text_column_name": "tokens",
        "label_column_name": "ner_tags",
        "max_length": job["max_length"],
        "per_device_train_batch_size": job["batch"],
        "learning_rate": job["learning_rate"],
        "num_train_epochs": job["epochs"],
        "seed": job["seed"],
        "output_dir": folder / "script",
    }
    command = [
        sys.executable,
        str(Path(script).resolve()),
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    here = Path(__file__).parents[1]  # holds seqeval/, which the script loads by name
    figures = timed(command, cwd=here, env=os.environ | {"PYTHONPATH": str(here.parent)})
    figures["sentences_per_second"] = (
        corpus.splits["train"].num_rows * job["epochs"] / figures["whole_process_seconds"]
    )
    return figures | score(str(folder / "script"), job)


def timed(command: list[str], cwd: Path | None = None, env: dict | None = None) -> dict:
    """Run a process: its seconds by the clock and of CPU, and its largest resident set."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, cwd=cwd, env=env
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{errors.read()[-2000:]}")
    # Linux counts in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "whole_process_seconds": time.perf_counter() - begun,
        "whole_process_cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_memory_mb": usage.ru_maxrss / unit,
    }


def score(model: str, job: dict) -> dict:
    from corpusmith.evaluation.evaluate import evaluate
    from corpusmith.evaluation.loading import Options

    found = evaluate(model, job["benchmark"], job["split"], options=Options(backend="torch"))
    return {name: found[name] for name in ("strict_f1", "ci95")}
