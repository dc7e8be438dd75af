import { Upstream } from "../lib/upstream.ts";
import { buildConfiguration, UPSTREAM_KEY } from "../sdk/configuration.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";

test("the log is narrowed to presets and to any days, in a time zone that is shown", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const logs = new LogsPage(page);
  const range = page.getByRole("button", { name: /^Range/ });
  const choose = async (name: string) => {
    await logs.showFilters();
    await range.click();
    await page.getByRole("menuitem", { name }).click();
  };
  await logs.open(organization.slug);
  await logs.showFilters();
  await expect(range).toHaveText("Any time");
  await expect(page.getByRole("button", { name: "Time zone: UTC" })).toBeVisible();
  await expect(logs.rows).toHaveCount(1);

  await choose("Last month");
  await expect(page).toHaveURL(/\?range=last-month$/);
  await expect(page.getByRole("heading", { name: "No matching calls" })).toBeVisible();
  await page.reload();
  await logs.showFilters();
  await expect(range).toHaveText("Last month");
  await logs.hideFilters();
  await page.getByRole("link", { name: "Any time" }).click();
  await expect(logs.rows).toHaveCount(1);
  await choose("Last 7 days");
  await expect(logs.rows).toHaveCount(1);
  await expectToFit(page);
  await expectAccessible(page);

  await choose("Custom range…");
  const days = page.getByRole("dialog", { name: "Custom range" });
  await days.getByLabel("Start date").fill("2026-01-01");
  await days.getByLabel("End date").fill("2026-01-31");
  await days.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/range=2026-01-01\.\.2026-01-31/);
  await expect(range).toHaveText("1 Jan 2026 – 31 Jan 2026");
  await expect(page.getByRole("heading", { name: "No matching calls" })).toBeVisible();
  await page.goBack();
  await expect(logs.rows).toHaveCount(1);
});

test("new calls come in by themselves at the top of the list, and wait while one reads", async ({ signedIn: page, hub, key: { secret }, organization }) => {
  const first = await call(hub, secret);
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await logs.waitUntilLive();
  await expect(logs.rows).toHaveCount(1);

  await test.step("the focus stays on its call", async () => {
    const link = page.locator(`[id="open-${first.requestId}"]`);
    await link.focus();
    await call(hub, secret);
    await expect(logs.rows).toHaveCount(2);
    await expect(link).toBeFocused();
    await expect(logs.rows.last()).toContainText(await link.innerText());
    await expect(logs.newCalls).toHaveCount(0);
  });

  await test.step("nothing moves while a call is open, and all is there when it is closed", async () => {
    await logs.openCall(logs.rows.last());
    await call(hub, secret);
    await expect(logs.newCalls).toHaveText(/^1 new/);
    await call(hub, secret);
    await expect(logs.newCalls).toHaveText(/^2 new/);
    await expect(logs.rows).toHaveCount(2);
    await page.keyboard.press("Escape");
    await expect(logs.rows).toHaveCount(4);
    await expect(logs.newCalls).toHaveCount(0);
  });

  await test.step("further down a button shows them, and scrolls up", async () => {
    await page.setViewportSize({ width: 1280, height: 240 });
    await logs.rows.last().scrollIntoViewIfNeeded();
    await page.mouse.wheel(0, 2_000);
    await call(hub, secret);
    await expect(logs.newCalls).toBeVisible();
    await expect(logs.rows).toHaveCount(4);
    await logs.newCalls.click();
    await expect(logs.rows).toHaveCount(5);
    await expect(logs.rows.first()).toBeInViewport();
  });

  await test.step("what came while the page was paused comes when it goes on", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.evaluate(() => scrollTo(0, 0));
    const live = page.getByRole("button", { name: "Live" });
    await live.click();
    await call(hub, secret);
    await expect(logs.rows).toHaveCount(5);
    await page.getByRole("button", { name: "Paused" }).click();
    await expect(logs.rows).toHaveCount(6);
    const ids = await logs.rows.getByRole("link").evaluateAll((links) => links.map((link) => link.id).filter(Boolean));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("twelve calls that come while one is read wait behind one button", async ({ signedIn: page, hub, key: { secret }, organization }) => {
  await call(hub, secret);
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await logs.waitUntilLive();
  await expect(logs.rows).toHaveCount(1);
  await logs.openCall(logs.row(0));
  await Promise.all(Array.from({ length: 12 }, () => call(hub, secret)));
  await expect(logs.newCalls).toHaveText(/^12 new/);
  await expect(logs.rows).toHaveCount(1);
  await logs.newCalls.click();
  await expect(logs.rows).toHaveCount(13);
  await expect(logs.newCalls).toHaveCount(0);
  await expect(logs.call).toBeVisible();
});

test("a rejected call shows what its client was told, what it asked for and what would allow it", { tag: "@widths" }, async ({ signedIn: page, hub, owner, key: { secret }, organization }) => {
  const messages = [{ role: "user" as const, content: "Hello" }];
  const refusal = await client(hub, secret).chat.completions.create({ model: "gpt-none", messages }).catch((error: Error) => error);
  expect(refusal).toBeInstanceOf(Error);
  const read = await owner.createKey({ level: "read" });
  await expect(client(hub, read.secret).chat.completions.create({ model: "sandbox-1", messages })).rejects.toThrow("403");
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  const why = logs.call.getByRole("region", { name: "Why the call was rejected" });

  await logs.openCall(logs.rows.filter({ hasText: "404" }));
  const sentence = (refusal as Error).message.replace(/^404 /, "");
  await expect(why.locator("blockquote")).toHaveText(sentence);
  await expect(why).toContainText("gpt-none");
  await expect(why).toContainText("No model of this name is available.");
  await expectToFit(page);
  await expectAccessible(page);
  await logs.call.getByRole("button", { name: /^Close/ }).click();
  await logs.openCall(logs.rows.filter({ hasText: "403" }));
  await expect(why).toContainText("The key's type, which can't have this permission.");
  await why.getByRole("link", { name: "Create a key" }).click();
  await expect(page.getByRole("dialog", { name: "Create key" })).toBeVisible();
});

test("a bar above the list narrows it to its time, by mouse and by keyboard", async ({ signedIn: page, hub, key: { secret }, organization }) => {
  await call(hub, secret);
  await expect(client(hub, secret).chat.completions.create({ model: "unknown", messages: [] })).rejects.toThrow();
  const logs = new LogsPage(page);
  await logs.open(organization.slug, "?range=30d");
  const last = logs.bars.last();
  await expect(last).toHaveAccessibleName(/: 1 call · 1 rejected$/);
  await last.hover();
  await expect(page.getByText(/ · 1 call · 1 rejected$/)).toBeVisible();
  await last.click();
  await expect(page).toHaveURL(/\?from=.*&to=/);
  await expect(logs.rows).toHaveCount(2);

  await page.goBack();
  await expect(page).toHaveURL(/\?range=30d$/);
  await expect(logs.bars).toHaveCount(30);
  await logs.bars.last().focus();
  await page.keyboard.press("ArrowLeft");
  await expect(logs.bars.nth(-2)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\?from=.*&to=/);
  await expect(page.getByRole("heading", { name: "No matching calls" })).toBeVisible();
  await expectAccessible(page);
});

test("dragging over bars zooms to them, by mouse and with Shift and the arrow keys, and out again", async ({ signedIn: page, hub, key: { secret }, organization }) => {
  await call(hub, secret);
  const logs = new LogsPage(page);
  await logs.open(organization.slug, "?range=30d");
  const drag = async (from: number, to: number) => {
    const [first, last] = [await logs.bars.nth(from).boundingBox(), await logs.bars.nth(to).boundingBox()];
    await page.mouse.move(first!.x + first!.width / 2, first!.y + 10);
    await page.mouse.down();
    await page.mouse.move(last!.x + last!.width / 2, last!.y + 10, { steps: 8 });
    await expect(page.locator(".activity-bars a.marked")).toHaveCount(Math.abs(to - from) + 1);
    await page.mouse.up();
  };
  const days = () => {
    const { searchParams } = new URL(page.url());
    return (Date.parse(searchParams.get("to") ?? "") - Date.parse(searchParams.get("from") ?? "")) / 86_400_000;
  };
  await expect(logs.bars).toHaveCount(30);
  await drag(28, 20);
  await expect(page).toHaveURL(/\?from=.*&to=/);
  expect(days()).toBe(9);
  await expect(page.getByRole("heading", { name: "No matching calls" })).toBeVisible();

  await page.getByRole("link", { name: "Zoom out" }).click();
  // Nine days before, and what has passed since: no time to come.
  await expect.poll(days).toBeGreaterThan(17.9);
  expect(days()).toBeLessThan(19.1);
  await expect(logs.rows).toHaveCount(1);
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL(/\?range=30d$/);
  await expect(logs.bars).toHaveCount(30);

  await page.mouse.move(0, 0);
  await logs.bars.last().focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  await expect(page.locator(".activity-bars a.marked")).toHaveCount(3);
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\?from=.*&to=/);
  await expect(logs.rows).toHaveCount(1);
});

test.describe("where providers fail", () => {
  test.use({
    ownServer: async ({}, use) => {
      const upstream = await Upstream.start();
      const toml = `${buildConfiguration(upstream.url, "1m")}\n[sign_up]\nopen = true\n`;
      await use({ toml, environment: { UPSTREAM_KEY } });
      await upstream.stop();
    },
  });

  test("the errors that a tile counts are those that it leads to", async ({ signedIn: page, hub, key: { secret }, organization }) => {
    await call(hub, secret);
    const messages = [{ role: "user" as const, content: "Hello" }];
    await expect(client(hub, secret).chat.completions.create({ model: "broken", messages })).rejects.toThrow("502");
    const torn = await client(hub, secret).chat.completions.create({ model: "torn", messages, stream: true });
    await expect(async () => {
      for await (const _ of torn);
    }).rejects.toThrow();
    await expect(client(hub, secret).chat.completions.create({ model: "unknown", messages })).rejects.toThrow();

    const [usage, logs] = [new UsagePage(page), new LogsPage(page)];
    await usage.open(organization.slug);
    await expect(usage.tile("Errors")).toHaveText("2");
    await usage.metric("Errors").click();
    await expect(page).toHaveURL(/metric=errors/);
    await page.getByRole("link", { name: "View errors" }).first().click();
    await expect(page).toHaveURL(/status=errors/);
    await expect(logs.rows).toHaveCount(2);
    await expect(logs.rows.filter({ hasText: "broken" })).toHaveCount(1);
    await expect(logs.rows.filter({ hasText: "torn" })).toHaveCount(1);

    await usage.open(organization.slug, "?metric=errors");
    await usage.bars.click();
    await expect(logs.rows).toHaveCount(2);
    await page.goto(`/o/${organization.slug}`);
    await usage.tile("Errors").click();
    await expect(page).toHaveURL(/\/usage\?.*metric=errors/);
    await expect(usage.tile("Errors")).toHaveText("2");
    await page.getByRole("link", { name: "View errors" }).first().click();
    await expect(page).toHaveURL(/status=errors/);
    await expect(logs.rows).toHaveCount(2);
  });
});
