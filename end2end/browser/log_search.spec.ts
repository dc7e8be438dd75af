import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, client } from "./client.ts";
import { reportCalls } from "./events.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";

test("the search opens a call by its ID and completes qualifiers and values, by keyboard", async ({ signedIn: page, hub, key: { secret }, organization }) => {
  const { requestId } = await call(hub, secret);
  const messages = [{ role: "user" as const, content: "Hello" }];
  const headers = { "x-client-request-id": "nightly-run-7" };
  const { response } = await client(hub, secret).chat.completions.create({ model: "sandbox-1", messages }, { headers }).withResponse();
  const named = response.headers.get("x-request-id") ?? "";
  await expect(client(hub, secret).chat.completions.create({ model: "unknown", messages })).rejects.toThrow("404");
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await expect(logs.rows).toHaveCount(3);

  await test.step("an ID opens its call, which doesn't narrow the list", async () => {
    await page.keyboard.press("/");
    await expect(logs.search).toBeFocused();
    await page.keyboard.type(requestId);
    await page.keyboard.press("Enter");
    await expect(logs.call).toContainText(requestId);
    await expect(logs.search).toHaveValue("");
    await expect(logs.rows).toHaveCount(3);
    await page.keyboard.press("Escape");
    await logs.search.fill("nightly-run-7");
    await expect(logs.suggestions.filter({ hasText: named })).toBeVisible();
    await page.keyboard.press("Enter");
    await expect(logs.call).toContainText("nightly-run-7");
    await expect(page).toHaveURL(new RegExp(`call=${named}`));
    await logs.call.getByRole("button", { name: /^Close/ }).click();
  });

  await test.step("qualifiers are completed, and then their values, which narrow at once", async () => {
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await expect(logs.suggestions.filter({ hasText: /^status:/ })).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.type("stat");
    await expect(logs.suggestions.filter({ hasText: /^model:/ })).toHaveCount(0);
    await expect(logs.suggestions.first()).toHaveText(/^status:/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect(logs.search).toHaveValue("status:");
    await page.keyboard.type("ref");
    await expect(logs.suggestions).toHaveText([/^status:refused/]);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\?status=refused$/);
    await expect(logs.rows).toHaveCount(1);
    await expect(logs.search).toHaveValue("status:refused");
    await page.getByRole("link", { name: "Remove the filter Status: Rejected" }).click();
    await expect(logs.rows).toHaveCount(3);
    await expect(logs.search).toHaveValue("");
  });

  await test.step("what can't be searched for says why, and stays to be corrected", async () => {
    await logs.searchFor("latency:soon");
    await expect(logs.search).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator(".search-error")).not.toBeEmpty();
    await expect(page).toHaveURL(/\/logs$/);
    await expectAccessible(page);
    await logs.searchFor("latency:>0s model:sandbox-1");
    await expect(page).toHaveURL(/min-latency=/);
    await expect(logs.rows).toHaveCount(2);
    await page.goBack();
    await expect(logs.search).toHaveValue("");
    await expect(logs.rows).toHaveCount(3);
  });
});

test("search, facets, chips and address say the same", { tag: "@widths" }, async ({ signedIn: page, owner, key, organization }) => {
  const models = ["gpt-a", "gpt-a", "gpt-a", "gpt-b", "gpt-b", "gpt-c"];
  await reportCalls(owner, key, models.length, (number) => ({ model: models[number], status: number === 0 ? 502 : 200 }));
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await expect(logs.rows).toHaveCount(6);
  const showFacets = async () => {
    await logs.showFilters();
    const button = page.getByRole("button", { name: "Facets" });
    if ((await button.isVisible()) && !(await logs.facets.isVisible())) await button.click();
  };
  await showFacets();
  await expect(logs.facet("Model", "gpt-a")).toHaveText(/3/);
  await expect(logs.facet("Model", "gpt-b")).toHaveText(/2/);
  await expect(logs.facet("Status", /502|failed/i).first()).toHaveText(/1 call$/);
  await expectToFit(page);
  await expectAccessible(page);

  await logs.facet("Model", "gpt-a").click();
  await expect(page).toHaveURL(/\?model=gpt-a$/);
  await expect(logs.facet("Model", "gpt-a")).toHaveAttribute("aria-current", "true");
  // The counts of other values stay, so that more than one can be chosen.
  await expect(logs.facet("Model", "gpt-b")).toHaveText(/2/);
  await logs.facet("Model", "gpt-b").click();
  await expect(page).toHaveURL(/\?model=gpt-a&model=gpt-b$/);
  await expect(logs.search).toHaveValue("model:gpt-a model:gpt-b");
  await expect(page.getByRole("link", { name: "Remove the filter Model: gpt-b" })).toBeVisible();
  await logs.facet("Model", "gpt-a").click();
  await expect(page).toHaveURL(/\?model=gpt-b$/);
  await logs.hideFilters();
  await expect(logs.rows).toHaveCount(2);

  const address = page.url();
  await showFacets();
  await logs.searchFor("status:502");
  await logs.hideFilters();
  await expect(logs.rows).toHaveCount(1);
  await page.goto(address);
  await showFacets();
  await expect(logs.search).toHaveValue("model:gpt-b");
});

test("tags are completed, listed beside the log and shown in a column", async ({ signedIn: page, owner, key, organization }) => {
  const customers = ["acme", "acme", "big corp"];
  await reportCalls(owner, key, 4, (number) => (customers[number] ? { tags: { customer: customers[number], plan: "pro" } } : {}));
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await expect(logs.rows).toHaveCount(4);

  await test.step("names come first, and then the values of one", async () => {
    await logs.search.fill("tag.cust");
    await expect(logs.suggestions).toHaveText([/^tag\.customer:\s*3 calls/]);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect(logs.search).toHaveValue("tag.customer:");
    await expect(logs.suggestions).toHaveText([/acme\s*2 calls/, /big corp\s*1 call/]);
    await expectAccessible(page);
    await page.keyboard.type("big");
    await expect(logs.suggestions).toHaveText([/big corp/]);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\?tag=customer(:|%3A)big(\+|%20)corp$/);
    await expect(logs.rows).toHaveCount(1);
    await expect(logs.search).toHaveValue('tag.customer:"big corp"');
  });

  await test.step("the values beside the log stay, so that more than one can be chosen", async () => {
    await expect(logs.facet("Tag customer", "big corp")).toHaveAttribute("aria-current", "true");
    await expect(logs.facet("Tag plan", "pro")).toHaveText(/1 call$/);
    await expect(logs.facet("Tag customer", "acme")).toHaveText(/2 calls/);
    await logs.facet("Tag customer", "acme").click();
    await expect(logs.rows).toHaveCount(3);
    await expect(logs.search).toHaveValue('tag.customer:"big corp" tag.customer:acme');
    await page.getByRole("link", { name: "Remove the filter Tag: customer:acme" }).click();
    await expect(logs.rows).toHaveCount(1);
  });

  await test.step("a column shows them, and a call links to others with its tags", async () => {
    await logs.chooseColumns("Model", "Tags");
    await expect(logs.columns).toHaveText(["Time", "Model", "Tags"]);
    await expect(logs.row(0)).toContainText("customer: big corp, plan: pro");
    await expectToFit(page);
    await logs.openCall(logs.row(0));
    await logs.call.getByRole("link", { name: "pro", exact: true }).click();
    await expect(logs.rows).toHaveCount(3);
    await expect(logs.search).toHaveValue("tag.plan:pro");
  });
});

test("a call with a header for a tag is found by it, and usage is grouped by it", async ({ signedIn: page, hub, key: { secret }, organization }) => {
  const request = { model: "sandbox-1", messages: [{ role: "user" as const, content: "Hello" }] };
  const headers = { "x-tollhouse-tag-customer": "acme" };
  const { response } = await client(hub, secret).chat.completions.create(request, { headers }).withResponse();
  await call(hub, secret);
  const [logs, usage] = [new LogsPage(page), new UsagePage(page)];
  await logs.open(organization.slug);
  await expect(logs.rows).toHaveCount(2);
  await logs.searchFor("tag.customer:acme");
  await expect(page).toHaveURL(/\?tag=customer(:|%3A)acme$/);
  await expect(logs.rows).toHaveCount(1);
  await logs.openCall(logs.row(0));
  await expect(logs.call).toContainText(response.headers.get("x-request-id") ?? "");

  await usage.open(organization.slug, "?range=7d&group=tag.customer&metric=calls");
  await expect(page.getByRole("figure", { name: "Calls by tag customer, daily" })).toBeVisible();
  await expect(usage.groups).toHaveCount(2);
  await usage.groups.filter({ hasText: "acme" }).getByTitle("View these calls").click();
  await expect(logs.rows).toHaveCount(1);
  await expect(logs.search).toHaveValue("tag.customer:acme");
});
