"""Payloads to send."""


def payload(i: int, **more):
    messages = [
        {"role": "system", "content": "Reply with a sentence."},
        {"role": "user", "content": f"Topic {i}."},
    ]
    return {
        "model": "m",
        "messages": messages,
        "temperature": 0.9,
        "max_tokens": 50,
        "seed": i,
        **more,
    }


def plan(n: int):
    return [payload(i) for i in range(n)]
