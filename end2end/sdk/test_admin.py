"""`client.admin.organization` of PyPI's `openai`, as it is, and by its `post` what is Tollhouse's own."""

import base64
import hashlib
import os
import time

import httpx2 as httpx
import openai
import pytest

PROJECT = os.environ["PROJECT"]
MESSAGES = [{"role": "user", "content": "Hello"}]
UNKNOWN = "key_01h2xcejqtf2nbrexx3vqjhp41"


def client(key: str = "ADMIN_KEY") -> openai.OpenAI:
    key = os.environ.get(key, key)
    return openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=key, admin_api_key=key, max_retries=0)


admin_keys = client().admin.organization.admin_api_keys
project_keys = client().admin.organization.projects.api_keys
usage = client().admin.organization.usage


def make_project_key(**more):
    """OpenAI makes keys of projects on its pages only."""
    path = f"/organization/projects/{PROJECT}/api_keys"
    return client().post(path, body={"name": "made by a key", **more}, cast_to=dict)


def rotate(path: str, request: str, grace_seconds: int = 3600):
    headers = {"Idempotency-Key": request}
    return client().post(f"{path}/rotate", body={"grace_seconds": grace_seconds}, options={"headers": headers}, cast_to=dict)


def is_accepted(secret: str) -> bool:
    try:
        client(secret).models.list()
        return True
    except openai.AuthenticationError:
        return False


def wait_until(condition) -> None:
    """What one server does holds on it at once, and on all within a second."""
    deadline = time.monotonic() + 1
    while not condition():
        assert time.monotonic() < deadline


def test_an_admin_key_is_made_shown_listed_and_deleted():
    created = admin_keys.create(name="deploy", expires_in_seconds=3600)
    assert created.object == "organization.admin_api_key"
    assert created.value.startswith("toll_admin_") and created.value.endswith(created.redacted_value[-4:])
    assert created.expires_at == pytest.approx(time.time() + 3600, abs=30)

    shown = admin_keys.retrieve(created.id)
    assert (shown.id, shown.name, shown.last_used_at) == (created.id, "deploy", None)
    assert not hasattr(shown, "value")
    assert created.id in [key.id for key in admin_keys.list()]
    assert client(created.value).admin.organization.admin_api_keys.retrieve(created.id).id == created.id

    deleted = admin_keys.delete(created.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (created.id, True, "organization.admin_api_key.deleted")
    assert created.id not in [key.id for key in admin_keys.list()]
    with pytest.raises(openai.NotFoundError):
        admin_keys.retrieve(created.id)
    wait_until(lambda: not is_accepted(created.value))


def test_lists_are_read_page_by_page_in_either_order():
    made = [admin_keys.create(name=f"page {number}").id for number in range(5)]
    for order, expected in [("asc", made), ("desc", made[::-1])]:
        listed = [key.id for key in admin_keys.list(limit=2, order=order) if key.id in made]
        assert listed == expected
    page = admin_keys.list(limit=2)
    assert (len(page.data), page.has_more) == (2, True)
    for key in made:
        admin_keys.delete(key)

    made = [make_project_key(name=f"page {number}")["id"] for number in range(3)]
    assert [key.id for key in project_keys.list(PROJECT, limit=1) if key.id in made] == made
    for key in made:
        project_keys.delete(key, project_id=PROJECT)


def test_a_projects_key_is_made_shown_changed_and_deleted():
    created = make_project_key(scopes=["chat"], models=["sandbox-1"])
    assert created["value"].startswith("toll_std_")
    shown = project_keys.retrieve(created["id"], project_id=PROJECT)
    assert (shown.object, shown.owner_project_access, shown.scopes) == ("organization.project.api_key", "active", ["chat"])
    changed = project_keys.update(created["id"], project_id=PROJECT, scopes=["chat", "models"])
    assert changed.scopes == ["chat", "models"]
    with pytest.raises(openai.BadRequestError) as raised:
        project_keys.update(created["id"], project_id=PROJECT, expires_in_seconds=60)
    assert raised.value.param == "expires_in_seconds"
    wait_until(lambda: is_accepted(created["value"]))

    deleted = project_keys.delete(created["id"], project_id=PROJECT)
    assert (deleted.deleted, deleted.object) == (True, "organization.project.api_key.deleted")
    wait_until(lambda: not is_accepted(created["value"]))


def test_who_made_a_key_is_told():
    owners = {key.owner.user.name: key.owner for key in project_keys.list(PROJECT) if key.owner.user}
    owner = owners["Mira Sorel"]
    assert owner.type == "user" and owner.user.email.startswith("owner@") and owner.user.role == "owner"


def test_rotating_twice_by_accident_rotates_once():
    created = make_project_key()
    path = f"/organization/projects/{PROJECT}/api_keys/{created['id']}"
    first, again = rotate(path, "deploy-7"), rotate(path, "deploy-7")
    assert first["value"] and first["value"] != created["value"]
    assert (again["id"], again["value"], again["status"]) == (created["id"], None, "rotating")
    with pytest.raises(openai.ConflictError):
        rotate(path, "deploy-8")
    assert is_accepted(created["value"]) and is_accepted(first["value"])

    ended = client().post(f"{path}/grace", body={"grace_seconds": 0}, cast_to=dict)
    assert (ended["status"], ended["old_secret"]) == ("active", None)
    wait_until(lambda: not is_accepted(created["value"]))
    assert is_accepted(first["value"])


def test_an_admin_key_is_rotated_alike():
    created = admin_keys.create(name="rotated")
    rotated = rotate(f"/organization/admin_api_keys/{created.id}", "once", grace_seconds=0)
    wait_until(lambda: not is_accepted(created.value))
    assert is_accepted(rotated["value"])


def test_usage_and_costs_are_those_of_the_calls():
    now = int(time.time())
    buckets = usage.completions(start_time=now - 86400, bucket_width="1h", limit=48, group_by=["model", "project_id"]).data
    completions = [result for bucket in buckets for result in bucket.results]
    assert {result.object for result in completions} == {"organization.usage.completions.result"}
    assert {result.model for result in completions} >= {"sandbox-1", "gpt-x"}
    assert {result.project_id for result in completions} == {PROJECT}

    whole = usage.completions(start_time=now - 86400).data
    for field in ["input_tokens", "output_tokens", "input_cached_tokens", "num_model_requests"]:
        assert sum(getattr(result, field) for bucket in whole for result in bucket.results) == sum(
            getattr(result, field) for result in completions
        )
    embeddings = [result for bucket in usage.embeddings(start_time=now - 86400).data for result in bucket.results]
    assert sum(result.input_tokens for result in embeddings) > 0
    costs = [result for bucket in usage.costs(start_time=now - 86400).data for result in bucket.results]
    assert {result.amount.currency for result in costs} == {"usd"} and sum(result.amount.value for result in costs) > 0


def test_usage_is_read_page_by_page():
    start = 1_700_006_400
    first = usage.costs(start_time=start, end_time=start + 10 * 86400, limit=6)
    assert (len(first.data), first.has_more) == (6, True)
    second = usage.costs(start_time=start, end_time=start + 10 * 86400, limit=6, page=first.next_page)
    assert (len(second.data), second.has_more, second.next_page) == (4, False, None)
    assert second.data[0].start_time == first.data[-1].end_time
    with pytest.raises(openai.BadRequestError) as raised:
        usage.completions(start_time=start, bucket_width="1w")
    assert raised.value.param == "bucket_width"


@pytest.mark.parametrize(("key", "may_read"), [("ADMIN_KEY", True), ("READ_KEY", True), ("KEY", False)])
def test_usage_is_for_read_and_admin_keys(key, may_read):
    ask = lambda: client(key).admin.organization.usage.completions(start_time=int(time.time()) - 60)
    if may_read:
        assert ask().object == "page"
        return
    with pytest.raises(openai.PermissionDeniedError) as raised:
        ask()
    assert raised.value.code == "insufficient_permissions" and "usage.read" in raised.value.message


@pytest.mark.parametrize("key", ["KEY", "READ_KEY"])
def test_keys_are_managed_by_admin_keys_only(key):
    organization = client(key).admin.organization
    for ask in [
        lambda: organization.admin_api_keys.create(name="more"),
        lambda: organization.admin_api_keys.list(),
        lambda: organization.admin_api_keys.retrieve(UNKNOWN),
        lambda: organization.projects.api_keys.list(PROJECT),
        lambda: organization.projects.api_keys.delete(UNKNOWN, project_id=PROJECT),
    ]:
        with pytest.raises(openai.PermissionDeniedError):
            ask()


def test_what_is_not_there_is_not_found():
    for ask in [
        lambda: admin_keys.retrieve(UNKNOWN),
        lambda: admin_keys.delete("nonsense"),
        lambda: project_keys.retrieve(UNKNOWN, project_id=PROJECT),
        lambda: project_keys.list("proj_01h2xcejqtf2nbrexx3vqjhp41"),
        lambda: client().get("/organization/nothing", cast_to=dict),
    ]:
        with pytest.raises(openai.NotFoundError) as raised:
            ask()
        assert raised.value.code == "not_found" and raised.value.request_id


def test_a_leaked_key_stops_and_its_report_is_answered_as_github_wants():
    created = make_project_key()
    never_made = "toll_std_000000000000000000000000000000002tlumi"
    tokens = [created["value"], never_made, "ghp_nonsense"]
    report = [{"token": token, "type": "tollhouse_api_key", "url": "https://git.example/x", "source": "commit"} for token in tokens]
    answer = httpx.post(f"{os.environ['BASE_URL']}/keys/report-leak", json=report)
    assert answer.status_code == 200
    assert [told["label"] for told in answer.json()] == ["true_positive", "false_positive", "false_positive"]
    for token, told in zip(tokens, answer.json()):
        assert told["token_hash"] == base64.b64encode(hashlib.sha256(token.encode()).digest()).decode()
        assert told["token_type"] == "tollhouse_api_key"
    wait_until(lambda: not is_accepted(created["value"]))
    assert project_keys.retrieve(created["id"], project_id=PROJECT).status == "disabled"
