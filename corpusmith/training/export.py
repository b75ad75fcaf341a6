"""Write the ONNX files of a model, float32 and int8, as optimum and transformers.js expect them.

    onnx/model.onnx            int64 input_ids, attention_mask, token_type_ids (batch, sequence)
                               to float32 logits
    onnx/model_quantized.onnx  the same with int8 weights and dynamically quantised activations

After that, `EntityExtractor.from_pretrained(folder)` loads the second file.
"""

import inspect
import logging
import warnings
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.inference.config import read_config
from corpusmith.inference.weights import load_weights

FILES = ("onnx/model.onnx", "onnx/model_quantized.onnx")
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPSET = 17
AGREE = 1e-3
"""Largest difference allowed between a logit of the exported model and PyTorch's."""


def export(model: str, benchmark: str | None = None, split: str = "validation") -> dict:
    """Export a model folder; with a benchmark, measure the loss of int8 there.

    Returns:
        `bytes` of each file and, with a benchmark, F1 in percent of `fp32` and `int8`, and the
        difference as `lost`.

    Raises:
        UserError: when `corpusmith train` did not write the folder, or the exported model differs
            from PyTorch's.
    """
    folder = Path(model)
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    float_file, int8_file = (folder / name for name in FILES)
    export_float(folder, float_file)
    quantize(float_file, int8_file)
    figures: dict[str, Any] = {"bytes": {name: (folder / name).stat().st_size for name in FILES}}
    return figures | (quantization_loss(model, benchmark, split) if benchmark else {})


def export_float(folder: Path, file: Path) -> None:
    """Trace the model: the same graph as optimum's, in seconds and without onnxscript."""
    import onnxruntime
    import torch
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    try:
        task = read_config(folder)["corpusmith"]["task"]
    except (OSError, KeyError) as error:
        raise UserError(
            f"{folder} holds no corpusmith model ({error!r}): "
            "give a folder that `corpusmith train` wrote"
        ) from error
    except ValueError as error:
        raise UserError(str(error)) from error
    loader = (
        AutoModelForSequenceClassification
        if task == "relations"
        else AutoModelForTokenClassification
    )
    try:
        network = load_weights(loader, folder).eval()
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error
    names = [name for name in INPUTS if name in inspect.signature(network.forward).parameters]

    def example(rows: int, columns: int) -> dict:
        mask = torch.ones(rows, columns, dtype=torch.int64)
        mask[-1, columns // 2 :] = 0
        ids = torch.arange(rows * columns).reshape(rows, columns) % network.config.vocab_size
        return {
            name: {"input_ids": ids, "attention_mask": mask}.get(name, torch.zeros_like(ids))
            for name in names
        }

    with warnings.catch_warnings():
        # The tracer warns at each Python branch; the comparison below decides.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (),
            str(file),
            kwargs=example(2, 9),
            input_names=names,
            output_names=["logits"],
            dynamic_axes={name: {0: "batch_size", 1: "sequence_length"} for name in names}
            | {
                "logits": {0: "batch_size"}
                | ({} if task == "relations" else {1: "sequence_length"})
            },
            opset_version=OPSET,
            dynamo=False,
        )

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    kept = [tensor.name for tensor in session.get_inputs()]  # without inputs the model ignores
    for inputs in (example(1, 5), example(3, 33)):  # other shapes than the traced one
        with torch.inference_mode():
            ours = network(**inputs).logits
        theirs = torch.from_numpy(
            session.run(["logits"], {name: inputs[name].numpy() for name in kept})[0]
        )
        if (ours - theirs).abs().max() > AGREE:
            raise UserError(
                f"the ONNX export of {folder} computes other logits than PyTorch: "
                "use the torch backend"
            )


def quantize(float_file: Path, int8_file: Path) -> None:
    """Int8 weights with a scale per channel. They use 7 bits, or CPUs without VNNI overflow."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # advice about an optional pass over the graph
    try:
        quantize_dynamic(
            float_file, int8_file, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )
    finally:
        logging.disable(logging.NOTSET)


def quantization_loss(model: str, benchmark: str, split: str) -> dict:
    """Strict F1 (entities) or macro F1 (relations) of both files in percent, and the difference."""
    from corpusmith.evaluation.evaluate import evaluate
    from corpusmith.evaluation.loading import Options

    figures = [
        evaluate(model, benchmark, split, options=Options(backend="onnx", quantized=quantized))
        for quantized in (False, True)
    ]
    metric = "strict_f1" if figures[0]["task"] == "ner" else "macro_f1"
    fp32, int8 = (measured[metric] for measured in figures)
    scores = {"fp32": fp32, "int8": int8, "lost": fp32 - int8}
    return {"split": split, "metric": metric, **scores}
