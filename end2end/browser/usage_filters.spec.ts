import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { reportCalls } from "./events.ts";
import { expect, test } from "./fixtures.ts";
import { showFilters } from "./pages/head.ts";
import { UsagePage } from "./pages/usage.ts";

test("several values of a dimension are chosen one by one, and taken away by their chips", { tag: "@widths" }, async ({ signedIn: page, hub, owner, organization }) => {
  const keys = [];
  for (const name of ["Web shop", "Batch", "Mail"]) keys.push(await owner.createKey({ name }));
  for (const key of keys) await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  await expect(usage.tile("Calls")).toHaveText("3");
  const search = page.getByRole("combobox", { name: /^Search/ });
  for (const name of ["shop", "Batch"]) {
    await showFilters(page);
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await expect(search).toBeFocused();
    await page.keyboard.type(name);
    await expect(page.getByRole("option")).toHaveCount(1);
    await page.keyboard.press("Enter");
    await expect(search).toBeHidden();
    await page.keyboard.press("Escape");
  }
  await expect(page).toHaveURL(/\?key=key_\w+&key=key_\w+$/);
  await expect(usage.tile("Calls")).toHaveText("2");
  await showFilters(page);
  await expect(usage.chips).toHaveText([/Web shop/, /Batch/]);
  await expectAccessible(page);
  await page.getByRole("link", { name: "Remove the filter Key: Web shop" }).click();
  await expect(page).toHaveURL(/\?key=key_\w+$/);
  await expect(usage.tile("Calls")).toHaveText("1");
  await expectToFit(page);
});

test("a tag's values are offered once its name is typed", async ({ signedIn: page, owner, key, organization }) => {
  await reportCalls(owner, key, 3, (number) => ({ tags: { customer: number === 0 ? "Big Corp" : "acme" } }));
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  await expect(usage.tile("Calls")).toHaveText("3");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page.getByRole("combobox", { name: /^Search/ })).toBeFocused();
  await page.keyboard.type("customer:");
  await expect(page.getByRole("option")).toHaveText([/^customer: acme/, /^customer: Big Corp/]);
  await page.keyboard.type("big");
  // What is typed comes first, since it may be a value too.
  await expect(page.getByRole("option")).toHaveText([/^customer: big/, /^customer: Big Corp/]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(usage.tile("Calls")).toHaveText("1");
  await expect(usage.chips).toHaveText([/customer: Big Corp/]);
});

test("a link may name any dimension, and one with a value that none has is no link to everything", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  const endpoint = "endpoint=/v1/chat/completions&endpoint=/v1/embeddings";
  await usage.open(organization.slug, `?${endpoint}&service=chat&provider=sandbox&status=2xx&status=errors`);
  await expect(usage.tile("Calls")).toHaveText("1");
  await expect(usage.chips).toHaveText([/chat/, /completions/, /embeddings/, /sandbox/, /2xx/, /Errors/]);
  await usage.open(organization.slug, "?status=4xx");
  await expect(page.getByText("No calls in this range")).toBeVisible();
  await page.goto(`/o/${organization.slug}/usage?status=teapot`);
  await expect(page.getByRole("main")).toContainText("status");
  await expect(usage.chart).toHaveCount(0);
});

test("usage is grouped by any dimension", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=7d");
  for (const [group, name] of [
    ["Endpoint", "/v1/chat/completions"],
    ["Provider", "sandbox"],
    ["Status", "200"],
    ["Service", /chat/i],
    ["Member", /\w/],
  ] as const) {
    await usage.choose("Group by", group);
    await expect(page).toHaveURL(new RegExp(`group=${group.toLowerCase()}`));
    await expect(page.getByRole("figure", { name: `Spend by ${group.toLowerCase()}, daily` })).toBeVisible();
    await expect(usage.groups).toHaveCount(1);
    await expect(usage.groups.first()).toContainText(name);
  }
});

test("one's own usage and keys are in the account menu", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  const choose = async (entry: string) => {
    await page.getByRole("button", { name: /^Account/ }).filter({ visible: true }).click();
    await page.getByRole("menuitem", { name: entry }).click();
  };
  await choose("My usage");
  await expect(page).toHaveURL(/\/usage\?member=user_\w+$/);
  await expect(usage.tile("Calls")).toHaveText("1");
  await expect(usage.chips).toHaveCount(1);
  await choose("My API keys");
  await expect(page).toHaveURL(/\/keys\?creator=user_\w+$/);
  await expect(page.getByRole("table").locator("tbody tr")).toHaveCount(1);
});

test("usage is grouped by a tag whose name is typed", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=12m");
  await usage.choose("Group by", "Tag…");
  const dialog = page.getByRole("dialog", { name: "Group by a tag" });
  const name = dialog.getByRole("textbox", { name: "Tag" });
  await expect(name).toBeFocused();
  await name.fill("Not a tag");
  await page.keyboard.press("Enter");
  await expect(dialog).toContainText("isn't a tag's name");
  await expectAccessible(page);
  await name.fill("customer");
  await page.keyboard.press("Enter");
  // Tags aren't known for a year.
  await expect(page).toHaveURL(/\?range=90d&group=tag\.customer$/);
  await expect(page.getByRole("figure", { name: "Spend by tag customer, daily" })).toBeVisible();
  await expectToFit(page);
});
