"""Replies with an error status, by kind."""

import json

import pytest

from corpusmith.errors import UserError
from corpusmith.teacher.endpoint.address import Endpoint
from corpusmith.teacher.endpoint.refusal import read_refusal


def body(message: str) -> bytes:
    return json.dumps({"error": {"message": message}}).encode()


@pytest.mark.parametrize(
    "message",
    [
        "Your credit balance is too low to access the Anthropic API.",
        "Insufficient balance",
        "You exceeded your current quota, please check your plan and billing details.",
        "You have reached your specified API usage limits.",
        "Access denied, please make sure your account is in good standing.",
        "This organization has been disabled.",
    ],
)
@pytest.mark.parametrize("status", [400, 403])
def test_account_without_money_ends_the_run_at_any_status(status: int, message: str) -> None:
    refusal = read_refusal(status, body(message), {})
    assert refusal.kind == "account" and "top up" in refusal.remedy


def test_monthly_limit_ends_the_run_although_a_pause_of_weeks_is_asked_for() -> None:
    message = body("You have reached your monthly limit.")
    assert read_refusal(429, message, {"retry-after": "1209600"}).kind == "account"
    assert read_refusal(429, message, {"retry-after": "20"}).kind == "busy"


@pytest.mark.parametrize(
    "message",
    [
        "jinja2.exceptions.TemplateError: System role not supported",
        "Conversation roles must alternate user/assistant/user/assistant/...",
    ],
)
def test_role_that_a_chat_template_refuses_as_500_can_be_learned_from(message: str) -> None:
    refusal = read_refusal(500, body(message), {})
    assert refusal.kind == "request" and message in refusal.message
    assert read_refusal(500, body("CUDA out of memory"), {}).kind == "passing"


def test_error_nested_too_deeply_is_read_as_text() -> None:
    assert read_refusal(400, b"[" * 100_000, {}).kind == "request"


@pytest.mark.parametrize("url", ["http://127.0.0.1:80811/v1", "http://127.0.0.1:port/v1"])
def test_address_with_an_impossible_port_is_one_error(url: str) -> None:
    with pytest.raises(UserError, match="not a URL of a teacher"):
        Endpoint.from_environment(url)


@pytest.mark.parametrize(
    "message",
    [
        "x/y is not a valid model ID",
        "Model Not Exist",
        "The model `gpt-3` has been deprecated, learn more in our documentation",
        "Unknown model: llama",
        "model 'qwen:7b' not found, try pulling it first",
        "Invalid model name passed in model=foo. Call `/v1/models` to view available models.",
    ],
)
def test_model_that_the_endpoint_lacks_ends_the_run_also_at_400(message: str) -> None:
    refusal = read_refusal(400, body(message), {})
    assert refusal.kind == "account" and "no such model" in refusal.remedy


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported model parameter: seed",
        "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "This model does not support the system role.",
        "The model returned the following errors: `temperature` is deprecated for this model.",
        "For this model, `max_tokens` is deprecated; use `max_completion_tokens`.",
        "Unsupported model configuration: response_format json_schema",
        "The model does not support chat templates: role system not found",
    ],
)
def test_parameter_that_a_model_lacks_stays_a_refusal_to_learn_from(message: str) -> None:
    assert read_refusal(400, body(message), {}).kind == "request"


@pytest.mark.parametrize(
    "message",
    ["Your account is in arrears. Please recharge.", "Tokens per day limit exceeded"],
)
def test_empty_account_or_day_is_not_waited_for(message: str) -> None:
    assert read_refusal(429, body(message), {}).kind == "account"
    assert read_refusal(429, body(f"{message}. Try again in 7m12s."), {}).kind == "busy"


def test_region_that_an_endpoint_does_not_serve_ends_the_run_at_400() -> None:
    refusal = read_refusal(400, body("User location is not supported for the API use."), {})
    assert refusal.kind == "account" and "region" in refusal.remedy


@pytest.mark.parametrize(
    "ids",
    [
        ("(request id: 20250101aBcD1)", "(request id: 20250101xYz22)"),
        ("request_id=req_1a", "request_id=req_2b"),
        ("7f1c2d3e-aaaa-4bbb-8ccc-000000000001", "7f1c2d3e-aaaa-4bbb-8ccc-000000000002"),
    ],
)
def test_ids_of_requests_are_no_part_of_a_reason(ids: tuple[str, str]) -> None:
    reasons = {read_refusal(400, body(f"Bad prompt {one}"), {}).reason for one in ids}
    assert reasons == {"HTTP 400: Bad prompt"}
