"""The requests of a recipe: the same each time, and more of them begin with the same ones."""

from collections import Counter
from pathlib import Path

from corpusmith.quality.growth.lists import growing
from corpusmith.quality.growth.requests import growth_requests
from corpusmith.teacher.payload import payload_key


def prompt(request: object) -> str:
    return str(request.payload["messages"][-1]["content"])  # type: ignore[attr-defined]


def test_more_requests_begin_with_same_ones_and_all_differ(device: Path) -> None:
    few, many = growth_requests(growing(str(device)), 10), growth_requests(growing(str(device)), 40)
    assert many[:10] == few
    assert len({payload_key(request.payload) for request in many}) == 40
    kinds = Counter(request.kind for request in few)
    assert kinds == {"frequent": 4, "short": 4, "confusable": 2}


def test_scope_domain_and_sampling_reach_the_payload(device: Path) -> None:
    text = device.read_text(encoding="utf-8")
    device.write_text(f"{text}domain: discharge summaries\n", encoding="utf-8")
    requests = growth_requests(growing(str(device), "other-teacher"), 5)
    assert all("discharge summaries" in prompt(request) for request in requests)
    assert all(" about " not in prompt(request) for request in requests)
    asked = [prompt(request) for request in requests if request.kind != "short"]
    assert all("What counts: implants and apparatus." in text for text in asked)
    assert all("What doesn't count: prostheses, stents." in text for text in asked)
    assert not any(set("{}") & set(prompt(request)) for request in requests)
    assert {request.payload["seed"] for request in requests} == set(range(7_000_000, 7_000_005))
    sampling = {key: requests[0].payload[key] for key in ("model", "temperature", "max_tokens")}
    assert sampling == {"model": "other-teacher", "temperature": 0.7, "max_tokens": 200}


def test_topics_vary_for_abstracts(device: Path) -> None:
    requests = growth_requests(growing(str(device)), 20)
    topics = {prompt(r).partition(" about ")[2] for r in requests if r.kind == "frequent"}
    assert len(topics) > 4


def test_heaviest_concepts_are_asked_for_short_forms_twice(device: Path) -> None:
    requests = growth_requests(growing(str(device)), 10)
    asked = [request.of for request in requests if request.kind == "short"]
    assert asked == [*["intrauterine device"] * 2, *["defibrillator"] * 2]


def test_each_list_and_each_type_of_relations_is_asked_for(pairs: Path) -> None:
    requests = growth_requests(growing(str(pairs)), 20)
    assert {(r.kind, r.label) for r in requests if r.kind != "statement"} == {
        (kind, label)
        for kind in ("frequent", "short", "confusable")
        for label in ("drug", "protein")
    }
    stated = [request for request in requests if request.kind == "statement"]
    assert Counter(request.of for request in stated) == {"inhibits": 4, "activates": 4}
    assert all("{head} and {tail}" in prompt(request) for request in stated)
