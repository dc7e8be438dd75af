import { parseCsv } from "../lib/csv.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { exportCsv } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { showFilters } from "./pages/head.ts";

test("keys are chosen one by one or as a range, and revoked together", { tag: "@widths" }, async ({ signedIn: page, hub, owner, organization }) => {
  const names = ["Alpha", "Beta", "Gamma", "Delta"];
  for (const name of names) await owner.createKey({ name });
  const used = await owner.createKey();
  await call(hub, used.secret);
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug, "?sort=name");
  await keys.row("Alpha").getByRole("checkbox").check();
  await keys.row("Delta").getByRole("checkbox").click({ modifiers: ["Shift"] });
  await expect(keys.bulk).toContainText("3 selected");
  await keys.row("Beta").getByRole("checkbox").uncheck();
  await expect(keys.bulk).toContainText("2 selected");
  await keys.bulk.getByRole("button", { name: "Select page" }).click();
  await expect(keys.bulk).toContainText("5 selected");
  await expect(keys.bulk.getByRole("button", { name: "Clear" })).toBeFocused();
  await keys.row("Gamma").getByRole("checkbox").uncheck();
  await expectToFit(page);
  await expectAccessible(page);

  await keys.bulk.getByRole("button", { name: "Revoke…" }).click();
  const question = page.getByRole("dialog", { name: "Revoke 4 keys?" });
  await expect(question).toContainText("1 call in the last 24 hours, with 1 key");
  // All are named, the used one first, and the others in the order of the list.
  await expect(question.getByRole("list", { name: "Keys to revoke" }).locator("b")).toHaveText(["standard key", "Alpha", "Beta", "Delta"]);
  await expectAccessible(page);
  await question.getByRole("button", { name: "Revoke keys" }).click();
  await expect(keys.status.getByRole("link", { name: "Revoked" })).toContainText("4");
  await expect(keys.bulk.getByRole("button")).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await keys.status.getByRole("link", { name: "Active" }).click();
  await expect(keys.rows).toHaveCount(1);
  await expect(keys.row("Gamma")).toBeVisible();
});

test("more than ten keys are revoked by their number, and all of them are named", { tag: "@widths" }, async ({ signedIn: page, owner, organization }) => {
  for (let number = 1; number <= 11; number++) await owner.createKey({ name: `Key ${number}` });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await keys.row("Key 5").getByRole("checkbox").check();
  await keys.bulk.getByRole("button", { name: "Select page" }).click();
  await keys.bulk.getByRole("button", { name: "Revoke…" }).click();
  const question = page.getByRole("dialog", { name: "Revoke 11 keys?" });
  await expect(question.getByRole("list", { name: "Keys to revoke" }).getByRole("listitem")).toHaveCount(11);
  const revoke = question.getByRole("button", { name: "Revoke keys" });
  await expect(revoke).toHaveAttribute("aria-disabled", "true");
  await question.getByLabel("Type 11 to confirm").fill("10");
  await expect(revoke).toHaveAttribute("aria-disabled", "true");
  await question.getByLabel("Type 11 to confirm").fill("11");
  await expectAccessible(page);
  await revoke.click();
  await expect(keys.status.getByRole("link", { name: "Revoked" })).toContainText("11");
});

test("the counts of the statuses are those of the other filters", async ({ signedIn: page, owner, organization }) => {
  for (const name of ["Shop", "Shop two", "Grafana"]) await owner.createKey({ name });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const all = keys.status.getByRole("link", { name: "All" });
  await expect(all).toContainText("3");
  await page.getByRole("searchbox", { name: "Find a key" }).fill("shop");
  await expect(keys.rows).toHaveCount(2);
  await expect(all).toContainText("2");
  await expect(keys.status.getByRole("link", { name: "Active" })).toContainText("2");
});

test("search, filters and order are in the address, and Back undoes them", async ({ signedIn: page, owner, organization }) => {
  await owner.createKey({ name: "Shop" });
  await owner.createKey({ name: "Grafana", level: "read" });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await page.getByRole("combobox", { name: "Type" }).selectOption("read");
  await expect(page).toHaveURL(/level=read/);
  await expect(keys.rows).toHaveCount(1);
  await page.reload();
  await expect(keys.row("Grafana")).toBeVisible();
  await page.goBack();
  await expect(keys.rows).toHaveCount(2);

  const steps = await page.evaluate(() => history.length);
  await page.getByRole("searchbox", { name: "Find a key" }).pressSequentially("shop");
  await expect(page).toHaveURL(/q=shop/);
  await expect(keys.rows).toHaveCount(1);
  expect(await page.evaluate(() => history.length)).toBe(steps);
  await page.getByRole("searchbox", { name: "Find a key" }).fill("nothing is called so");
  await page.getByRole("link", { name: "Show all keys" }).click();
  await expect(keys.rows).toHaveCount(2);
  await expect(page.getByRole("searchbox", { name: "Find a key" })).toHaveValue("");
});

test("a column's header sorts, and sorts the other way round", async ({ signedIn: page, owner, organization }) => {
  await owner.createKey({ name: "Abel" });
  await owner.createKey({ name: "Zoe" });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const header = page.getByRole("columnheader", { name: "Name" });
  await header.getByRole("button").click();
  await expect(header).toHaveAttribute("aria-sort", "ascending");
  await expect(keys.rows.first()).toContainText("Abel");
  await header.getByRole("button").click();
  await expect(header).toHaveAttribute("aria-sort", "descending");
  await expect(keys.rows.first()).toContainText("Zoe");
  await expect(page).toHaveURL(/sort=name&reversed=true/);
});

test("cards, which have no headers, are sorted by a list", { tag: "@phone" }, async ({ signedIn: page, owner, organization }) => {
  await owner.createKey({ name: "Abel" });
  await owner.createKey({ name: "Zoe" });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await showFilters(page);
  await page.getByRole("combobox", { name: "Sort" }).selectOption("name");
  await expect(keys.rows.first()).toContainText("Abel");
  await expect(page).toHaveURL(/sort=name/);
});

test("the CSV holds the keys that are listed", async ({ signedIn: page, owner, organization }) => {
  await owner.createKey({ name: "Shop" });
  await owner.createKey({ name: "Grafana", level: "read" });
  await new ApiKeysPage(page).open(organization.slug, "?level=read");
  const plain = await exportCsv(page);
  expect(parseCsv(plain).map((row) => row.name)).toEqual(["Grafana"]);
  // Excel wants a byte-order mark, by which it knows the encoding.
  expect(await exportCsv(page, { forExcel: true })).toBe(`\ufeff${plain}`);
});

test("the palette finds a key by its name, and the page of an unknown key says that nothing is there", async ({ signedIn: page, key, organization }) => {
  await page.goto(`/o/${organization.slug}/usage`);
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.type("standard");
  await page.getByRole("option", { name: /standard key/ }).click();
  await expect(page).toHaveURL(`/o/${organization.slug}/keys/${key.id}`);
  await expect(page.getByRole("heading", { level: 1, name: "standard key" })).toBeVisible();
  await page.goto(`/o/${organization.slug}/keys/key_00000000000000000000000000`);
  await expect(page.getByRole("heading", { name: "Not found" })).toBeVisible();
});
