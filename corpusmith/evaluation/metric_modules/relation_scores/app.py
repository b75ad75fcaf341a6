"""The page of the metric's Space: scores probabilities that are pasted as JSON."""

import json

import gradio as gr
from binary import relation_scores

EXAMPLE = ["[1, 1, 0, 0]", "[0.9, 0.4, 0.6, 0.1]", 0.5]


def score(references: str, predictions: str, threshold: float) -> dict:
    """Scores of probabilities, one for each row."""
    try:
        return relation_scores(json.loads(references), json.loads(predictions), threshold)
    except (ValueError, TypeError) as error:
        raise gr.Error(
            f"Give 0 or 1 for each reference and a probability for each prediction: {error}"
        ) from error


boxes = [
    gr.Textbox(label="references"),
    gr.Textbox(label="predictions"),
    gr.Slider(0, 1, 0.5, label="threshold"),
]
gr.Interface(
    score, boxes, gr.JSON(label="scores"), examples=[EXAMPLE], title="relation_scores"
).launch()
