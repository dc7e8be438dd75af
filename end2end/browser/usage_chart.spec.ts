import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { readDownload } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { showFilters } from "./pages/head.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";

test("a chart has three forms, and a series can be hidden", { tag: "@widths" }, async ({ signedIn: page, hub, owner, organization }) => {
  for (const name of ["One", "Two"]) await call(hub, (await owner.createKey({ name })).secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=7d&group=key&metric=calls");
  const drawing = usage.chart.locator(".chart-drawing");
  await expect(drawing.locator(".bar")).toHaveCount(2);
  const form = page.getByRole("group", { name: "Chart type" });
  await form.getByRole("button", { name: "Share" }).click();
  await expect(page).toHaveURL(/form=share/);
  await expect(drawing.getByText("100%")).toBeAttached();
  await form.getByRole("button", { name: "Lines" }).click();
  await expect(page).toHaveURL(/form=lines/);
  await expect(drawing.locator(".bar")).toHaveCount(0);
  await expect(drawing.locator(".line").first()).toBeAttached();
  await expectToFit(page);
  await expectAccessible(page);

  await form.getByRole("button", { name: "Stacked" }).click();
  const toggle = usage.legend.getByRole("button", { name: "Show One" });
  await expect(toggle).toHaveAttribute("aria-pressed", "true");
  await toggle.click();
  await expect(toggle).toHaveAttribute("aria-pressed", "false");
  await expect(drawing.locator(".bar")).toHaveCount(1);
  // The table behind the chart has all of it.
  await usage.chart.getByText("Show as a table").click();
  await expect(usage.chart.getByRole("columnheader", { name: "One" })).toBeVisible();
  await expectAccessible(page);
});

test("latency is three percentiles with the bounds that they lie between", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=7d");
  await usage.choose("Metric", "Latency");
  await expect(page.getByRole("figure", { name: "Latency, daily" })).toBeVisible();
  await expect(usage.legend.getByRole("listitem")).toHaveText(["p50", "p95", "p99"]);
  await expect(page.getByText("Percentiles are estimated")).toBeVisible();
  await expect(page.getByRole("group", { name: "Chart type" })).toBeHidden();
  await usage.chart.getByText("Show as a table").click();
  const row = usage.chart.getByRole("table").locator("tbody tr").last();
  await expect(row).toContainText(/\d.*(ms|s).*\((up to|over)? ?\d/);
  await expect(usage.groups.first()).toContainText(/(up to|–|over)/);
  await expectToFit(page);
  await expectAccessible(page);
});

test("what there was nothing of before is new, and no percentage is made of a few calls", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=7d&metric=calls");
  await showFilters(page);
  await usage.choose("Compare with", "Previous period");
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/compare=previous/);
  await expect(usage.metric("Calls")).toContainText("new");
  await expect(usage.legend).toContainText("Previous period");
  await expect(usage.chart.locator(".chart-drawing .compared")).toBeAttached();
  await expect(page.getByRole("main")).not.toContainText(/∞|NaN|Infinity/);
  await expect(page.getByRole("table", { name: "Usage by group" }).getByRole("row", { name: /sandbox-1/ })).toContainText("new");
  await expectToFit(page);
  await expectAccessible(page);
  await showFilters(page);
  await usage.choose("Compare with", "No comparison");
  await expect(page).not.toHaveURL(/compare/);
});

test("a year is narrowed to a week, a day and its calls, and each level is a link", async ({ signedIn: page, hub, key, organization, context }) => {
  await call(hub, key.secret);
  const [usage, logs] = [new UsagePage(page), new LogsPage(page)];
  await usage.open(organization.slug, "?range=12m&metric=calls");
  await expect(usage.levels).toHaveCount(0);
  await usage.bars.click();
  await expect(page).toHaveURL(/range=\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d.*&up=/);
  await expect(usage.levels).toHaveText(["Last 12 months", /\d/]);
  await usage.legend.getByRole("link", { name: "sandbox-1" }).click();
  await expect(usage.levels).toHaveText(["Last 12 months", /\d/, "sandbox-1"]);
  const link = page.url();
  await usage.bars.click();
  await expect(logs.rows).toHaveCount(1);
  await page.goBack();
  await expect(usage.levels).toHaveCount(3);
  await page.goBack();
  await expect(usage.levels).toHaveCount(2);
  await usage.levels.getByRole("link", { name: "Last 12 months" }).click();
  await expect(page).toHaveURL(/\?range=12m&metric=calls$/);
  await expect(usage.levels).toHaveCount(0);

  const other = new UsagePage(await context.newPage());
  await other.page.goto(link);
  await expect(other.levels).toHaveText(["Last 12 months", /\d/, "sandbox-1"]);
  await expect(other.tile("Calls")).toHaveText("1");
});

test("a chart is zoomed with the keyboard", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=30d&metric=calls");
  await usage.bars.focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  await expect(usage.chart.getByRole("status")).toContainText("Enter zooms");
  await expect(usage.chart.locator(".chart-selection")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(usage.chart.locator(".chart-selection")).toBeHidden();
  await usage.bars.focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/range=\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d/);
  await expect(usage.tile("Calls")).toHaveText("1");
  await expect(usage.levels).toHaveCount(2);
});

test("a chart is zoomed by dragging over it, down to minutes", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  // Today may have only one hour.
  await usage.open(organization.slug, "?range=7d&view=hour&metric=calls");
  await expect(page.getByRole("figure", { name: "Calls by model, hourly" })).toBeVisible();
  await usage.chart.scrollIntoViewIfNeeded();
  const bar = await usage.bars.boundingBox();
  if (!bar) throw new Error("there is no bar");
  const [x, y] = [bar.x + bar.width / 2, bar.y + bar.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - bar.width, y, { steps: 4 });
  await expect(usage.chart.locator(".chart-selection")).toBeVisible();
  await page.mouse.up();
  await expect(page).toHaveURL(/range=[\d-]+T[\d:]+Z\.\.[\d-]+T[\d:]+Z&view=minute/);
  await expect(page.getByRole("figure", { name: "Calls by model, by minute" })).toBeVisible();
  await expect(usage.tile("Calls")).toHaveText("1");
  await usage.bars.click();
  await expect(new LogsPage(page).rows).toHaveCount(1);
});

test("the chart is downloaded as a picture", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=7d");
  const download = async (format: string) => {
    const file = page.waitForEvent("download");
    await usage.choose("Download chart", format);
    return file;
  };
  const svg = await download("SVG");
  expect(svg.suggestedFilename()).toBe("spend-by-model-daily.svg");
  const text = await readDownload(svg);
  expect(text).toContain("sandbox-1</text>");
  expect(text).not.toContain("var(");
  const png = await download("PNG");
  expect(png.suggestedFilename()).toBe("spend-by-model-daily.png");
  expect((await readDownload(png)).slice(1, 4)).toBe("PNG");
});

test("tokens of each model and key are in one table", { tag: "@widths" }, async ({ signedIn: page, hub, owner, organization }) => {
  const calls = [];
  for (const name of ["One", "Two"]) calls.push(await call(hub, (await owner.createKey({ name })).secret));
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  await page.getByText("Tokens by model and key").first().click();
  const table = page.getByRole("table", { name: "Tokens by model and key" });
  await expect(table.locator("tbody tr")).toHaveCount(2);
  await expect(table.locator("tbody tr").filter({ hasText: "One" })).toContainText("sandbox-1");
  const total = calls.reduce((sum, { tokensIn, tokensOut }) => sum + tokensIn + tokensOut, 0);
  await expect(table.locator("tfoot tr")).toContainText(total.toLocaleString("en-US"));
  await expectToFit(page);
  await expectAccessible(page);
});

test("a finger zooms in by a bar's other link", { tag: "@phone" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug, "?range=7d&metric=calls");
  await usage.bars.tap();
  await usage.tooltip.getByRole("link", { name: "View hours" }).tap();
  await expect(page.getByRole("figure", { name: "Calls by model, hourly" })).toBeVisible();
  await expect(usage.levels).toHaveText(["Last 7 days", /\d/]);
  await expect(usage.tile("Calls")).toHaveText("1");
  await usage.levels.getByRole("link").first().tap();
  await expect(page).toHaveURL(/\?range=7d&metric=calls$/);
});
