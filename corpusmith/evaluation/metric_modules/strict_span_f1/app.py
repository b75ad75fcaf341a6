"""The page of the metric's Space: scores tags that are pasted as JSON."""

import json

import gradio as gr
from spans import span_scores

EXAMPLE = ['[["O", "B-Disease", "I-Disease"]]', '[["O", "B-Disease", "O"]]']


def score(references: str, predictions: str) -> dict:
    """Strict span scores of BIO tags, a list for each sentence."""
    try:
        return span_scores(json.loads(references), json.loads(predictions))
    except (ValueError, TypeError) as error:
        raise gr.Error(f"Give a list of tags for each sentence, in both fields: {error}") from error


boxes = [gr.Textbox(label="references", lines=3), gr.Textbox(label="predictions", lines=3)]
gr.Interface(
    score, boxes, gr.JSON(label="scores"), examples=[EXAMPLE], title="strict_span_f1"
).launch()
