import { parseCsv } from "../lib/csv.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { exportCsv, openExport } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";

test("a finger's first tap shows a bar's values, and the second or the link opens its calls", { tag: "@phone" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const [usage, logs] = [new UsagePage(page), new LogsPage(page)];
  await usage.open(organization.slug, "?range=30d");
  await expect(usage.bars).toHaveCount(1);

  // Beside the bar, which is narrower than a finger.
  const bar = await usage.bars.boundingBox();
  if (!bar) throw new Error("there is no bar");
  expect(bar.width).toBeLessThan(24);
  await page.touchscreen.tap(bar.x - 6, bar.y + bar.height / 2);
  const link = usage.tooltip.getByRole("link", { name: "View calls" });
  await expect(link).toBeVisible();
  await expect(usage.tooltip).toContainText(/sandbox-1\$0\.0\d+100%/);
  await expect(usage.tooltip).toContainText("1 call");
  await expect(page).toHaveURL(/\/usage\?range=30d$/);
  await expectAccessible(page);

  await usage.bars.tap();
  await expect(page).toHaveURL(/\/logs\?from=.*&to=/);
  await expect(logs.rows).toHaveCount(1);

  await page.goBack();
  await expect(usage.bars).toHaveCount(1);
  await usage.bars.tap();
  await link.tap();
  await expect(logs.rows).toHaveCount(1);

  // Where there is no bar, a tap says so; one elsewhere closes the values.
  await page.goBack();
  await expect(usage.bars).toHaveCount(1);
  await page.touchscreen.tap(bar.x - 100, bar.y + bar.height / 2);
  await expect(usage.tooltip).toContainText("No calls");
  await expect(link).toBeHidden();
  await page.getByRole("heading", { level: 1 }).tap();
  await expect(usage.tooltip).toBeHidden();
});

test("a mouse reads a bar by pointing at it, and clicks through", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const [usage, logs] = [new UsagePage(page), new LogsPage(page)];
  await usage.open(organization.slug);
  await usage.bars.hover();
  await expect(usage.tooltip).toContainText("1 call");
  await usage.bars.click();
  await expect(logs.rows).toHaveCount(1);
});

test("tiles are the tabs of the chart's metric", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  await expect(usage.metric("Spend")).toHaveAttribute("aria-pressed", "true");
  await usage.metric("Calls").click();
  await expect(page).toHaveURL(/\?metric=calls$/);
  await expect(usage.metric("Calls")).toHaveAttribute("aria-pressed", "true");
  await expect(usage.metric("Spend")).toHaveAttribute("aria-pressed", "false");
  await expect(page.getByRole("figure", { name: /^Calls by model/ })).toBeVisible();
  await expectToFit(page);
  await expectAccessible(page);
  await usage.metric("Tokens").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("figure", { name: /^Tokens by model/ })).toBeVisible();
  await expect(usage.metric("Tokens")).toBeFocused();
  await page.getByRole("link", { name: "View calls" }).first().click();
  await expect(page).toHaveURL(/\/logs\?from=/);
});

test("a filter is found by typing, and chosen with the keyboard", async ({ signedIn: page, hub, owner, organization }) => {
  for (const name of ["Web shop", "Batch"]) await call(hub, (await owner.createKey({ name })).secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  const add = page.getByRole("button", { name: "Filter", exact: true });
  await add.click();
  const search = page.getByRole("combobox", { name: /^Search/ });
  await expect(search).toBeFocused();
  await expect(page.getByRole("option", { name: "sandbox-1" })).toBeVisible();
  await page.keyboard.type("shop");
  await expect(page.getByRole("option")).toHaveText([/^Web shop/]);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\?key=key_/);
  await expect(usage.tile("Calls")).toHaveText("1");
  await expect(search).toBeHidden();

  await add.click();
  await expect(search).toBeFocused();
  await expect(page.getByRole("option").nth(1)).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("option").nth(1)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Escape");
  await expect(search).toBeHidden();
  await expect(add).toBeFocused();
  await page.getByRole("link", { name: /^Remove the filter Key/ }).click();
  await expect(usage.tile("Calls")).toHaveText("2");
});

test("more than 90 days are shown by week and month, and exported so", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=12m");
  const view = page.getByRole("group", { name: "View" });
  await expect(view.getByRole("button")).toHaveText(["Daily", "Weekly", "Monthly"]);
  await expect(view.getByRole("button", { name: "Weekly" })).toHaveAttribute("aria-pressed", "true");
  await expect(usage.bars).toHaveCount(1);
  await view.getByRole("button", { name: "Monthly" }).click();
  await expect(page.getByRole("figure", { name: "Spend by model, monthly" })).toBeVisible();
  await expect(usage.bars).toHaveCount(1);
  const dialog = await openExport(page);
  await expect(dialog).toContainText("month and model with usage");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  const month = new Date().toISOString().slice(0, 7);
  expect(parseCsv(await exportCsv(page))).toMatchObject([{ month, time_zone: "UTC", model: "sandbox-1", calls: "1" }]);
});

test("the others open", async ({ signedIn: page, hub, owner, organization }) => {
  for (let number = 1; number <= 10; number++) await call(hub, (await owner.createKey({ name: `Key ${number}` })).secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?group=key");
  await expect(usage.groups).toHaveCount(9);
  await usage.chart.getByRole("list", { name: "Legend" }).getByRole("link", { name: "2 others" }).click();
  await expect(page).toHaveURL(/groups=all/);
  await expect(usage.groups).toHaveCount(10);
  await expect(usage.groups.first()).toBeInViewport();
  await page.getByRole("link", { name: "Show the top 8 only" }).click();
  await expect(usage.groups).toHaveCount(9);
});

test("the longest names fit the smallest screen", { tag: "@phone" }, async ({ signedIn: page, hub, owner, organization }) => {
  for (const letter of ["W", "M"]) await call(hub, (await owner.createKey({ name: letter.repeat(80) })).secret);
  await page.setViewportSize({ width: 320, height: 640 });
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?group=key");
  await expect(usage.groups).toHaveCount(2);
  await usage.bars.tap();
  const tip = await usage.tooltip.boundingBox();
  expect(tip && tip.x >= 0 && tip.x + tip.width <= 320, "the values are on the screen").toBe(true);
  await usage.chart.getByText("Show as a table").click();
  await expect(usage.chart.getByRole("table")).toBeVisible();
  await expectToFit(page);
});
