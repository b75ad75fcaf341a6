"""Replies with status 200, by kind."""

import json
from typing import Any

import pytest

from corpusmith.teacher.endpoint.refusal import refusal_in_reply
from corpusmith.teacher.endpoint.reply import read_reply


def reply(finish: Any = "stop", content: Any = "Ataxia was seen.", **body: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return json.dumps({"choices": [choice], **body}).encode()


@pytest.mark.parametrize(
    "reason", ["model_context_window_exceeded", "incomplete", "MAX_TOKENS", "length"]
)
def test_answer_that_was_cut_short_is_none(reason: str) -> None:
    read = read_reply(reply(reason))
    assert read.problem == f"finish reason {reason}" and read.final


@pytest.mark.parametrize("reason", ["sensitive", "guardrail_intervened", "ERROR_TOXIC", "SAFETY"])
def test_filtered_answer_is_not_asked_for_again(reason: str) -> None:
    assert read_reply(reply(reason)).final


@pytest.mark.parametrize("reason", ["stop", "eos", "end_turn", "COMPLETE", None])
def test_end_of_a_text_is_an_answer(reason: Any) -> None:
    assert read_reply(reply(reason)).problem is None


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ({"object": "error", "message": "The model is unknown", "code": 404}, "account", "unknown"),
        ({"success": False, "errors": [{"message": "no worker"}]}, "passing", "no worker"),
        ({"choices": None, "detail": "overloaded"}, "passing", "overloaded"),
    ],
)
def test_error_of_any_shape_keeps_its_message(body: dict, kind: str, message: str) -> None:
    refusal = refusal_in_reply(read_reply(json.dumps(body).encode()).error)
    assert refusal.kind == kind and message in refusal.reason


def test_web_page_is_named_by_its_title() -> None:
    page = b"<!doctype html><html><head><title>Sign in</title></head></html>"
    assert read_reply(page).problem == "the reply is a web page: Sign in"


@pytest.mark.parametrize("tokens", [float("inf"), 2**63, -4, "many", None])
def test_usage_that_is_no_count_is_none(tokens: Any) -> None:
    read = read_reply(reply(usage={"prompt_tokens": tokens, "completion_tokens": tokens}))
    assert read.problem is None and read.tokens.prompt == read.tokens.completion == 0


def test_reply_nested_too_deeply_is_not_json() -> None:
    assert read_reply(b"[" * 100_000).problem == "the reply is cut short or not JSON"
