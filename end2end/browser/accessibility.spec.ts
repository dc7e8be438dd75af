import type { Page } from "@playwright/test";

import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { showFilters } from "./pages/head.ts";
import { LogsPage } from "./pages/logs.ts";
import { SettingsPage } from "./pages/settings.ts";
import { UsagePage } from "./pages/usage.ts";

async function checkPage(page: Page): Promise<void> {
  await expectToFit(page);
  await expectAccessible(page);
}

test("pages off the main path are accessible", { tag: "@widths" }, async ({ signedIn: page, owner, organization }) => {
  await owner.invoke("rate_limits/set", { project: null, limits: { calls_per_minute: 60, tokens_per_minute: 2_000_000 } });
  const home = `/o/${organization.slug}`;
  for (const path of ["/account", `${home}/settings`, `${home}/keys/key_00000000000000000000000000`, "/nothing-here"]) {
    await page.goto(path);
    await expect(page.locator("h1, h2").filter({ visible: true }).first()).toBeVisible();
    await expect(page.locator("[aria-busy]")).toHaveCount(0);
    await checkPage(page);
  }
});

test("the overview is accessible once there are calls", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await page.goto(`/o/${organization.slug}`);
  await expect(page.getByRole("figure")).toBeVisible();
  await checkPage(page);
});

test("dialogs, menus and tables that open above a page are accessible", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);

  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await checkPage(page);
  await page.keyboard.press("Escape");
  // Until the dialog is closed and its field has lost the focus, it handles all keys itself.
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(async () => {
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await checkPage(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();

  await showFilters(page);
  await page.getByRole("button", { name: /^Range/ }).click();
  await expect(page.getByRole("menu", { name: /^Range/ })).toBeVisible();
  await checkPage(page);
  await page.getByRole("menuitem", { name: "Custom range…" }).click();
  const range = page.getByRole("dialog", { name: "Custom range" });
  await expect(range).toBeVisible();
  await checkPage(page);
  await page.keyboard.press("Escape");
  await expect(range).toBeHidden();

  const filter = page.getByRole("button", { name: "Filter", exact: true });
  await filter.click();
  await expect(page.getByRole("option", { name: "sandbox-1" })).toBeVisible();
  await checkPage(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("option")).toHaveCount(0);
  // On phones this closes the sheet of the filters.
  await page.keyboard.press("Escape");

  await usage.chart.getByText("Show as a table").click();
  await expect(usage.chart.getByRole("table")).toBeVisible();
  await checkPage(page);
});

// Phones have no columns.
test("the choice of the log's columns is accessible on a tablet", { tag: "@tablet" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await new LogsPage(page).open(organization.slug);
  await page.getByRole("button", { name: "Columns" }).click();
  await expect(page.getByRole("dialog", { name: "Columns" }).getByRole("checkbox").first()).toBeVisible();
  await checkPage(page);
});

test("the question before unsaved changes are lost is accessible", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  await settings.typeLifetime("45");
  await page.getByRole("link", { name: "Logs" }).filter({ visible: true }).first().click();
  await expect(settings.leaveDialog).toBeVisible();
  await checkPage(page);
});
