import pytest

from corpusmith.redaction import redact, without_secrets


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-SECRET0123456789",
        "Authorization: Bearer SECRET0123456789",
        "http://user:SECRET0123456789@host/v1",
        "GET /v1?api_key=SECRET0123456789&x=1",
        "https://host/files?sig=SECRET0123456789",
        "token hf_SECRET0123456789 was refused",
    ],
)
def test_secrets_are_redacted(text: str) -> None:
    assert "SECRET" not in redact(text) and "[redacted]" in redact(text)


def test_api_keys_of_environment_are_redacted_in_any_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "plain words as a key")
    assert redact("refused: plain words as a key!") == "refused: [redacted]!"


def test_other_text_is_unchanged() -> None:
    text = "HTTP 400: prompt and answer exceed 1024 tokens; task-oriented, at http://host:8081/v1?model=m"
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("https://ada:pa55@a.example/w.tsv?sig=abc&x=1#top", "https://a.example/w.tsv"),
        ("s3://bucket/w.tsv?versionId=7 or a", "s3://bucket/w.tsv or a"),
        (
            "hf://datasets/lab/words@v1/w.tsv",
            "hf://datasets/lab/words@v1/w.tsv",
        ),  # a revision is no user
        ("see https://a.example/b, c?", "see https://a.example/b, c?"),
        ("lists/words.tsv", "lists/words.tsv"),
    ],
)
def test_urls_are_published_without_user_and_query(text: str, public: str) -> None:
    assert without_secrets(text) == public
