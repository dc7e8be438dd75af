import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";
import { intercept } from "./routes.ts";

test("the overview lists what needs attention, and each entry leads to it", { tag: "@widths" }, async ({ signedIn: page, hub, owner, key, organization }) => {
  const home = `/o/${organization.slug}`;
  await call(hub, key.secret);
  await page.goto(home);
  await expect(page.getByRole("heading", { name: "This month" })).toBeVisible();
  const attention = page.getByRole("region", { name: "Needs attention" });
  await expect(attention).toHaveCount(0);

  const leaked = await owner.createKey({ name: "Leaky" });
  await hub.reportLeaks([leaked]);
  const messages = [{ role: "user" as const, content: "Hello" }];
  await expect(client(hub, key.secret).chat.completions.create({ model: "unknown", messages })).rejects.toThrow();
  await page.reload();
  await expect(attention.getByRole("listitem")).toHaveCount(2);
  await expectToFit(page);
  await expectAccessible(page);
  await attention.getByRole("link", { name: /^Leaky leaked and was disabled/ }).click();
  await expect(page).toHaveURL(`${home}/keys/${leaked.id}`);
  await page.goBack();
  const rejected = attention.getByRole("link", { name: /^1 call rejected in the last 24 hours/ });
  await expect(rejected).toContainText("model not found: 1");
  await rejected.click();
  await expect(page).toHaveURL(/status=refused/);
  await expect(new LogsPage(page).rows).toHaveCount(1);
});

test("figures name the compared period once, and a missing one as such", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await page.goto(`/o/${organization.slug}`);
  await expect(page.getByRole("main").getByText("vs. same period last month")).toHaveCount(1);
  await expect(page.locator(".tile").filter({ hasText: "Calls" })).toContainText("no data last month");
});

test("each figure leads to its chart, which shows the figure", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  const home = `/o/${organization.slug}`;
  const usage = new UsagePage(page);
  for (let made = 0; made < 3; made += 1) await call(hub, key.secret);
  await page.goto(home);
  await expectToFit(page);
  await expectAccessible(page);
  for (const label of ["Spend", "Calls", "Tokens", "Errors"]) {
    const tile = page.locator("a.tile").filter({ has: page.getByText(label, { exact: true }) });
    const value = await tile.locator(".tile-value").innerText();
    await tile.click();
    await expect(page).toHaveURL(/\/usage\?.*compare=last-month/);
    await expect(usage.metric(label)).toHaveAttribute("aria-pressed", "true");
    // The overview shows the share of errors.
    if (label !== "Errors") await expect(usage.tile(label)).toHaveText(value);
    await page.goBack();
    await expect(page.getByRole("heading", { name: "This month" })).toBeVisible();
  }
  await page.getByRole("link", { name: /^p95 latency, last 30 days/ }).click();
  await expect(page).toHaveURL(/range=30d&metric=latency/);
  await expect(usage.chart).toBeVisible();
  await page.goBack();
  await page.getByRole("link", { name: /^Error rate, last 30 days/ }).click();
  await expect(page).toHaveURL(/range=30d&metric=errors/);
});

test("the lists of models, keys and projects lead to the usage of each", async ({ signedIn: page, hub, key, organization }) => {
  const home = `/o/${organization.slug}`;
  const usage = new UsagePage(page);
  await call(hub, key.secret);
  await page.goto(home);
  for (const [title, filter] of [["Top models", "model=sandbox-1"], ["Top keys", `key=${key.id}`], ["Top projects", "project="]] as const) {
    const list = page.locator(".top-groups").filter({ has: page.getByRole("heading", { name: title }) });
    await expect(list.getByRole("listitem")).toHaveCount(1);
    await list.getByRole("link").click();
    await expect(page).toHaveURL(new RegExp(`/usage\\?range=30d&${filter}`));
    await expect(usage.chips).toHaveCount(1);
    await expect(usage.tile("Calls")).toHaveText("1");
    await page.goBack();
    await expect(page.getByRole("heading", { name: "This month" })).toBeVisible();
  }
});

test("a month is estimated from its fourth day on", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await page.goto(`/o/${organization.slug}`);
  await expect(page.getByRole("heading", { name: "This month" })).toBeVisible();
  // The organization's days are those of UTC.
  const day = new Date().getUTCDate();
  await expect(page.getByRole("main").getByText(/^Estimate for the month: /)).toHaveCount(day > 3 ? 3 : 0);
});

test("estimates and the first deletion of old calls are shown, whatever the day", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  // An estimate needs days that have passed, and calls are first deleted 13 months after an organization was created.
  await intercept(page, "**/api/overview/get", async (route) => {
    const response = await route.fetch();
    const overview = await response.json();
    const attention = { ...overview.attention, call_deletion: Date.UTC(2031, 4, 20, 12) };
    const projection = { spend: "12.50", calls: 432, tokens: 9_876 };
    await route.fulfill({ response, json: { ...overview, attention, projection } });
  });
  // A page that is opened by its address comes with its answers.
  await page.goto(`/o/${organization.slug}/usage`);
  await page.getByRole("link", { name: "Overview" }).filter({ visible: true }).first().click();
  const figures = page.getByRole("list", { name: /^This month/ });
  await expect(figures.getByRole("link", { name: /^Spend/ })).toContainText("Estimate for the month: $12.50");
  await expect(figures.getByRole("link", { name: /^Calls/ })).toContainText("Estimate for the month: 432");
  await expect(figures.getByRole("link", { name: /^Tokens/ })).toContainText("Estimate for the month: 9,876");
  const attention = page.getByRole("region", { name: "Needs attention" });
  const deletion = attention.getByRole("link", { name: /^Calls older than 13 months are deleted from 20 May 2031/ });
  await expect(deletion).toContainText("Choose in Settings for how long calls are kept.");
  await expectToFit(page);
  await expectAccessible(page);
  await deletion.click();
  await expect(page).toHaveURL(`/o/${organization.slug}/settings#calls`);
});
