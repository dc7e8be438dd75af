"""`client.admin.organization.usage` of PyPI's `openai`, as it is, against the calls that it made."""

import csv
import io
import os
import time

import httpx2 as httpx
import openai
import pytest

BASE_URL, KEY, ADMIN_KEY = os.environ["BASE_URL"], os.environ["USAGE_KEY"], os.environ["USAGE_ADMIN_KEY"]
WIDTHS = ["1m", "1h", "1d"]
COMMON = ["project_id", "user_id", "api_key_id", "model"]

client = openai.OpenAI(base_url=BASE_URL, api_key=KEY, admin_api_key=ADMIN_KEY, max_retries=0)
own = openai.OpenAI(base_url=BASE_URL, api_key=ADMIN_KEY, max_retries=0)
usage = client.admin.organization.usage


def results(page):
    return [result for bucket in page.data for result in bucket.results]


def sum_of(page, field):
    return sum(getattr(result, field) for result in results(page))


def read(width):
    """The sums of everything that the calls of `make_calls` use. Other tests may have called before."""
    query = {"start_time": int(time.time()) - 3000, "bucket_width": width}
    videos = own.get("/organization/usage/videos", cast_to=dict, options={"params": query})
    return {
        "chats": sum_of(usage.completions(**query), "num_model_requests"),
        "chat tokens": sum_of(usage.completions(**query), "input_tokens"),
        "embedded tokens": sum_of(usage.embeddings(**query), "input_tokens"),
        "moderations": sum_of(usage.moderations(**query), "num_model_requests"),
        "images": sum_of(usage.images(**query), "images"),
        "speeches": sum_of(usage.audio_speeches(**query), "num_model_requests"),
        "characters": sum_of(usage.audio_speeches(**query), "characters"),
        "transcriptions": sum_of(usage.audio_transcriptions(**query), "num_model_requests"),
        "video": sum(result["milliseconds"] for bucket in videos["data"] for result in bucket["results"]),
    }


def make_calls():
    """Returns the sums by which the usage grows."""
    chat = client.chat.completions.create(model="sandbox-1", messages=[{"role": "user", "content": "Hello"}])
    embedding = client.embeddings.create(model="sandbox-embedding", input="a")
    client.moderations.create(model="sandbox-1", input="a")
    client.images.generate(model="sandbox-image", prompt="a", n=2)
    speech = client.audio.speech.create(model="sandbox-audio", voice="alloy", input="Good evening").read()
    client.audio.transcriptions.create(model="sandbox-audio", file=("a.wav", speech))
    video = client.videos.create(model="sandbox-video", prompt="a", seconds="8", extra_headers={"x-sandbox-job": "0s"})
    assert client.videos.retrieve(video.id).status == "completed"
    return {
        "chats": 1,
        "chat tokens": chat.usage.prompt_tokens,
        "embedded tokens": embedding.usage.prompt_tokens,
        "moderations": 1,
        "images": 2,
        "speeches": 1,
        "characters": len("Good evening"),
        "transcriptions": 1,
        "video": 8000,
    }


def test_each_resource_grows_by_the_calls_that_are_made():
    before = {width: read(width) for width in WIDTHS}
    grown = make_calls()
    for width in WIDTHS:
        after = read(width)
        assert {name: after[name] - before[width][name] for name in grown} == grown, width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "resource", ["decisions", "file_search_calls", "vector_stores", "code_interpreter_sessions", "web_search_calls"]
)
def test_what_the_gateway_does_not_offer_is_empty(resource, width):
    page = getattr(usage, resource)(start_time=int(time.time()) - 60, bucket_width=width)
    assert page.object == "page" and page.data and results(page) == []


@pytest.mark.parametrize(
    ("resource", "groups"),
    [
        ("completions", [*COMMON, "batch", "service_tier", "api_source"]),
        ("embeddings", COMMON),
        ("moderations", COMMON),
        ("images", [*COMMON, "size", "source"]),
        ("audio_speeches", COMMON),
        ("audio_transcriptions", COMMON),
        ("costs", ["project_id", "user_id", "line_item", "api_key_id", "api_source"]),
    ],
)
def test_every_group_of_the_package_sums_to_the_whole(resource, groups):
    read_pages = getattr(usage, resource)
    start = int(time.time()) - 3000
    field = "num_unpriced_requests" if resource == "costs" else "num_model_requests"
    whole = sum_of(read_pages(start_time=start), field)
    for chosen in [[group] for group in groups] + [groups]:
        assert sum_of(read_pages(start_time=start, group_by=chosen), field) == whole, chosen


def test_results_are_of_their_type():
    start = int(time.time()) - 3000
    for resource, name in [
        ("completions", "organization.usage.completions.result"),
        ("embeddings", "organization.usage.embeddings.result"),
        ("moderations", "organization.usage.moderations.result"),
        ("images", "organization.usage.images.result"),
        ("audio_speeches", "organization.usage.audio_speeches.result"),
        ("audio_transcriptions", "organization.usage.audio_transcriptions.result"),
        ("costs", "organization.costs.result"),
    ]:
        found = results(getattr(usage, resource)(start_time=start))
        assert found and {result.object for result in found} == {name}


def test_costs_are_filtered_by_line_item():
    start = int(time.time()) - 3000
    items = {result.line_item: result.amount.value for result in results(usage.costs(start_time=start, group_by=["line_item"]))}
    for item, amount in items.items():
        assert sum(result.amount.value for result in results(usage.costs(start_time=start, line_items=[item]))) == amount


@pytest.mark.parametrize(
    ("param", "resource", "query"),
    [
        ("limit", "completions", {"bucket_width": "1m", "limit": 1441}),
        ("limit", "costs", {"limit": 181}),
        ("group_by", "moderations", {"group_by": ["batch"]}),
        ("user_ids", "embeddings", {"user_ids": ["nobody"]}),
        ("sizes", "images", {"sizes": ["256x256"]}),
        ("context_levels", "web_search_calls", {"context_levels": ["low"]}),
        ("end_time", "vector_stores", {"end_time": 1}),
        ("page", "audio_speeches", {"page": "page_1"}),
    ],
)
def test_a_wrong_parameter_is_named(param, resource, query):
    with pytest.raises(openai.BadRequestError) as raised:
        getattr(usage, resource)(start_time=int(time.time()) - 60, **query)
    assert raised.value.param == param


def test_a_page_is_csv_for_those_who_accept_it():
    start = int(time.time()) - 3000
    headers = {"authorization": f"Bearer {ADMIN_KEY}", "accept": "text/csv"}
    query = {"start_time": start, "bucket_width": "1h", "limit": 1}
    table = httpx.get(f"{BASE_URL}/organization/usage/images", params=query, headers=headers)
    assert table.status_code == 200 and table.headers["content-type"] == "text/csv; charset=utf-8"
    page = usage.images(**query)
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert sum(int(row["images"]) for row in rows) == sum_of(page, "images")
    assert ('rel="next"' in table.headers.get("link", "")) == page.has_more
