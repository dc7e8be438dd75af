"""The lines of `docs/clients.md`, run as they stand there, but for address and key."""

import os
import pathlib
import re
import subprocess
import sys

import httpx2 as httpx
import pytest

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "clients.md").read_text()
HUB = os.environ["BASE_URL"].removesuffix("/v1")
KEY = os.environ["ENDPOINTS_KEY"]


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return [block.replace("https://hub.example", HUB).replace("toll_std_…", KEY) for block in found]


def words(text: str) -> bool:
    """Whether it is what the sandbox answers: some words, on each line."""
    return bool(text.strip()) and all(len(line.split()) > 3 for line in text.strip().splitlines())


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.splitlines()[0])
def test_the_lines_for_python_answer(block):
    ran = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert words(ran.stdout), ran.stdout


def test_the_lines_for_the_environment_are_what_the_sdks_read():
    (exports,) = [block for block in blocks("sh") if "OPENAI_BASE_URL" in block]
    settings = dict(re.findall(r"(\w+)=(\S+)", exports))
    for program in (
        "import openai; print(openai.OpenAI().models.retrieve('sandbox-1').id)",
        "import anthropic; print(anthropic.Anthropic().models.retrieve('sandbox-1').id)",
    ):
        asked = [sys.executable, "-c", program]
        ran = subprocess.run(asked, capture_output=True, text=True, env={**os.environ, **settings}, timeout=120)
        assert ran.stdout.strip() == "sandbox-1", ran.stderr


def test_the_line_for_curl_answers():
    (curl,) = [block for block in blocks("sh") if block.startswith("curl")]
    ran = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, timeout=120)
    assert '"chat.completion"' in ran.stdout, ran.stdout + ran.stderr


def test_every_address_on_the_page_is_a_right_base_url():
    addresses = set(re.findall(r"https://hub\.example[\w/.]*", PAGE))
    bases = {address.removesuffix("/chat/completions") for address in addresses}
    assert bases == {"https://hub.example", "https://hub.example/v1"}
    for path in ("/v1/chat/completions", "/v1/responses", "/v1/messages"):
        body = {"model": "sandbox-1", "max_tokens": 9, "input": "a", "messages": [{"role": "user", "content": "a"}]}
        answer = httpx.post(HUB + path, json=body, headers={"authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200, answer.text
