"""Real OpenAI-compatible servers, driven for 20 answers each.

- `transformers serve`, with a tiny model that has random weights;
- the server of llama-cpp-python, with the weights of $CORPUSMITH_GGUF. $CORPUSMITH_LLAMA_PYTHON is
  the Python that has `llama-cpp-python[server]`, if it is another one.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from huggingface_hub.utils import get_session

from corpusmith.corpus.generate import generate
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits

pytestmark = pytest.mark.slow
ANSWERS = 20
SECONDS_TO_START = 300
GGUF = os.environ.get("CORPUSMITH_GGUF", "")
LLAMA_PYTHON = os.environ.get("CORPUSMITH_LLAMA_PYTHON", sys.executable)


@contextmanager
def served(command: list[str], folder: Path) -> Iterator[str]:
    """The base URL of a server that is started by a command; `{port}` is a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    with log.open("w") as output:
        line = [part.format(port=port) for part in command]
        process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        until = time.monotonic() + SECONDS_TO_START
        while not answers(f"{url}/models"):
            assert process.poll() is None and time.monotonic() < until, log.read_text()[-3000:]
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(url: str) -> bool:
    try:
        return get_session().get(url, timeout=5).status_code == 200
    except Exception:  # refused, reset or silent while it starts
        return False


def check(url: str, recipe: Recipe, folder: Path, concurrency: int) -> None:
    """Every request is answered or failed for a reason, and counted; nothing is asked again."""
    limits = AskLimits(concurrency=concurrency, timeout=300.0, anyway=True)
    with Ledger(folder / "ledger.sqlite") as ledger:
        done = generate(recipe, ledger, base_url=url, limits=limits)
        assert (done.total, done.answered, done.pending) == (ANSWERS, ANSWERS, 0), (
            ledger.failures_by_reason()
        )
        assert done.accepted + done.rejected == ANSWERS
        (usage,) = ledger.totals()
        assert usage.answers == ANSWERS and usage.completion_tokens >= ANSWERS
        assert usage.prompt_tokens > 50 * ANSWERS
        again = generate(recipe, ledger, base_url="http://127.0.0.1:9/v1", limits=limits)
        assert (again.before, again.answered) == (ANSWERS, 0)


def asked(ner_recipe: Path, model: str, max_tokens: int) -> Recipe:
    """The recipe with 20 requests to a model, whose answers may end at the limit of tokens."""
    recipe = load_recipe(str(ner_recipe))
    teacher = recipe.teacher.model_copy(
        update={"model": model, "parameters": {"max_tokens": max_tokens, "temperature": 0.7}}
    )
    return recipe.model_copy(update={"rows": ANSWERS, "teacher": teacher})


@pytest.mark.skipif(not GGUF, reason="CORPUSMITH_GGUF is not set: give the path of GGUF weights")
def test_llama_cpp_server_gives_twenty_answers(ner_recipe: Path, tmp_path: Path) -> None:
    found = subprocess.run(
        [LLAMA_PYTHON, "-c", "import llama_cpp.server.app"], capture_output=True, text=True
    )
    if found.returncode:
        pytest.skip(
            f"{LLAMA_PYTHON} cannot import llama_cpp.server: install llama-cpp-python[server], or "
            f"name another Python in CORPUSMITH_LLAMA_PYTHON ({found.stderr.strip()[-100:]})"
        )
    command = [LLAMA_PYTHON, "-m", "llama_cpp.server", "--model", GGUF, "--port", "{port}"]
    with served([*command, "--n_ctx", "2048", "--model_alias", "local"], tmp_path) as url:
        check(url, asked(ner_recipe, "local", 120), tmp_path, concurrency=2)


@pytest.fixture
def tiny_chat_model(tmp_path: Path) -> Path:
    """A Llama with random weights, which writes some ten tokens and ends."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
    from transformers import PreTrainedTokenizerFast as Fast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: n for n, token in enumerate(["<s>", "</s>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = tmp_path / "tiny-llama"
    fast = Fast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    fast.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = LlamaForCausalLM(config)
    # The end becomes ever likelier after eight tokens: the server says "length" at the limit.
    model.generation_config = GenerationConfig(
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        do_sample=True,
        exponential_decay_length_penalty=(8, 3.0),
    )
    model.save_pretrained(folder)
    return folder


def test_transformers_serve_gives_twenty_answers(
    ner_recipe: Path, tmp_path: Path, tiny_chat_model: Path
) -> None:
    from transformers.utils.import_utils import is_serve_available

    if not is_serve_available():
        pytest.skip("transformers serve needs packages: install transformers[serving]")
    program = "from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-c", program, "serve", str(tiny_chat_model)]
    with served([*command, "--port", "{port}", "--device", "cpu"], tmp_path) as url:
        check(url, asked(ner_recipe, str(tiny_chat_model), 60), tmp_path, concurrency=2)
