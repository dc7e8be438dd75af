import { parseCsv } from "../lib/csv.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { openExport, readDownload } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { intercept } from "./routes.ts";

test("a file of calls has the chosen format and columns", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await new LogsPage(page).open(organization.slug);
  const dialog = await openExport(page);
  await expect(dialog).toContainText("1 row");
  await dialog.getByText("Columns", { exact: true }).first().click();
  await dialog.getByRole("button", { name: /^Selected/ }).click();
  await dialog.getByRole("checkbox", { name: "model", exact: true }).check();
  await dialog.getByRole("checkbox", { name: "tokens_in", exact: true }).check();
  await expectToFit(page);
  await expectAccessible(page);
  const csv = page.waitForEvent("download");
  await dialog.getByRole("link", { name: "Download" }).click();
  const rows = parseCsv(await readDownload(await csv));
  expect(rows.map((row) => Object.keys(row))).toEqual([["model", "tokens_in"]]);

  await expect(dialog).toBeHidden();
  await openExport(page);
  await dialog.getByRole("button", { name: "JSON Lines" }).click();
  // Programs that read JSON trip over a mark.
  await expect(dialog.getByRole("checkbox", { name: /for Excel/ })).toHaveCount(0);
  const lines = page.waitForEvent("download");
  await dialog.getByRole("link", { name: "Download" }).click();
  const [line] = (await readDownload(await lines)).trimEnd().split("\n");
  expect(JSON.parse(line ?? "")).toMatchObject({ model: "sandbox-1", status: 200, outcome: "succeeded", error_code: null });
});

test("cost comes in the columns of FOCUS", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await page.goto(`/o/${organization.slug}/usage?range=7d`);
  const dialog = await openExport(page);
  await dialog.getByRole("button", { name: /FOCUS/ }).click();
  const download = page.waitForEvent("download");
  await dialog.getByRole("link", { name: "Download" }).click();
  const [row] = parseCsv(await readDownload(await download));
  expect(row).toMatchObject({ BillingCurrency: "USD", ChargeCategory: "Usage", PricingUnit: "Tokens", SkuId: "sandbox-1", x_Calls: "1" });
});

test("a long file is made in the background, and the inbox says when it is ready", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await page.route("**/api/exports/count", (route) => route.fulfill({ json: 250_000 }));
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  const dialog = await openExport(page);
  await expect(dialog).toContainText("250,000 rows");
  await expect(dialog.getByRole("link", { name: "Download" })).toHaveCount(0);
  await dialog.getByRole("button", { name: "Prepare file" }).click();
  await expect(dialog.getByRole("button", { name: "Cancel" })).toHaveCount(0);
  const file = dialog.getByRole("listitem").filter({ hasText: "Calls, CSV" });
  await expect(file).toContainText("1 row, until");
  await expectToFit(page);
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await file.getByRole("link", { name: "Download file" }).click();
  expect(parseCsv(await readDownload(await download))).toHaveLength(1);
  // The file is there for a day, also after a reload.
  await page.reload();
  await openExport(page);
  await expect(file.getByRole("link", { name: "Download file" })).toBeVisible();
  // A page that showed the file needs no notification.
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.goto(`/o/${organization.slug}/notifications`);
  await expect(page.getByRole("heading", { name: "No notifications" })).toBeVisible();
});

test("a file that is being made shows how far it is, and is stopped", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  let state = "running";
  await intercept(page, "**/api/exports/count", (route) => route.fulfill({ json: 250_000 }));
  // One call is written at once; the page gets a file that is half done.
  await intercept(page, "**/api/exports/list", async (route) => {
    const response = await route.fetch();
    const exports = (await response.json()) as object[];
    const changes = { state, rows: 120_000, expected_rows: 250_000, expires_at: null };
    await route.fulfill({ response, json: exports.map((file) => ({ ...file, ...changes })) });
  });
  await intercept(page, "**/api/exports/cancel", async (route) => {
    state = "canceled";
    await route.fallback();
  });
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  const dialog = await openExport(page);
  await dialog.getByRole("button", { name: "Prepare file" }).click();
  const file = dialog.getByRole("listitem").filter({ hasText: "Calls, CSV" });
  await expect(file).toContainText("48%, 120,000 rows");
  await expect(file.getByRole("progressbar", { name: "Progress of Calls, CSV" })).toHaveAttribute("value", "48");
  await expect(file.getByRole("link", { name: "Download file" })).toHaveCount(0);
  await expectAccessible(page);
  await file.getByRole("button", { name: "Stop" }).click();
  await expect(file).toHaveCount(0);
});
