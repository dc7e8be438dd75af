import type { Browser, Locator, Page } from "@playwright/test";
import OpenAI from "openai";

import { parseCsv } from "../lib/csv.ts";
import type { Hub } from "../lib/hub.ts";
import { parseDollars, sumDollars } from "../lib/money.ts";
import type { Session } from "../lib/session.ts";
import { call, client } from "./client.ts";
import { readDownload } from "./downloads.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { type Hand, useFinger, useKeyboard, useMouse } from "./hands.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { FirstSteps } from "./pages/first_steps.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";
import { retryUntilApplied } from "./retry.ts";

test("the whole way from the account to the revoked key, by touch alone", { tag: "@phone" }, async ({ page, hub }) => {
  await walk(page, hub, "touch", useFinger());
});

test("the whole way from the account to the revoked key, by keyboard alone", async ({ page, hub }) => {
  await walk(page, hub, "keyboard", useKeyboard(page));
});

test("from the overview down to a call, back, and to the file, by mouse", async ({ signedIn: page, browser, owner, key }) => {
  await call(owner.hub, key.secret);
  await drill(page, browser, owner, useMouse());
});

test("from the overview down to a call, back, and to the file, by touch alone", { tag: "@phone" }, async ({ signedIn: page, browser, owner, key }) => {
  await call(owner.hub, key.secret);
  await drill(page, browser, owner, useFinger());
});

test("from the overview down to a call, back, and to the file, by keyboard alone", async ({ signedIn: page, browser, owner, key }) => {
  await call(owner.hub, key.secret);
  await drill(page, browser, owner, useKeyboard(page));
});

/** Goes the whole way: an account, a key, a call, the chart, the log, and the key's end. */
async function walk(page: Page, hub: Hub, name: string, { reach, press, followBar }: Hand): Promise<void> {
  const [steps, usage, logs, keys] = [new FirstSteps(page), new UsagePage(page), new LogsPage(page), new ApiKeysPage(page)];
  const link = (label: string | RegExp) => page.getByRole("link", { name: label }).filter({ visible: true }).first();
  const button = (label: string) => page.getByRole("button", { name: label, exact: true });
  const type = async (field: Locator, text: string) => {
    await reach(field);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  };

  await page.goto("/");
  await press(link("Create an account"));
  const unique = `${name}-${Date.now()}`;
  await type(page.getByLabel("Your name"), "Mira Sorel");
  await type(page.getByLabel("Email"), `mira@${unique}.example`);
  await type(page.getByLabel("Organization"), unique);
  await type(page.getByLabel("Password"), "a horse of another colour");
  await press(button("Create account"));

  await press(steps.create);
  const secret = (await steps.secret.innerText()).trim();
  await press(button("Done, I've saved it"));
  await call(hub, secret);
  await expect(steps.arrival).toBeVisible();

  await press(link("Usage"));
  await expect(usage.bars).toHaveCount(1);
  await followBar(usage);
  await expect(logs.rows).toHaveCount(1);
  await press(logs.rows.getByRole("link").first());
  await expect(logs.call).toContainText("sandbox-1");
  await press(logs.call.getByRole("button", { name: "Close (Esc)" }));
  await expect(logs.call).toBeHidden();

  await press(link(/keys$/i));
  await press(button("Actions for my-first-key"));
  await press(page.getByRole("menuitem", { name: "Revoke…" }));
  await press(button("Revoke key"));
  await expect(keys.row("my-first-key")).toContainText("Revoked");
  const listModels = () => client(hub, secret).models.list().then(() => undefined, (error: unknown) => error);
  expect(await retryUntilApplied(listModels)).toBeInstanceOf(OpenAI.AuthenticationError);
}

/** Goes from the overview to usage, compares it, narrows it down to a call, and goes back to the link and the file of what is shown. */
async function drill(page: Page, browser: Browser, owner: Session, { press, followBar }: Hand): Promise<void> {
  const [usage, logs] = [new UsagePage(page), new LogsPage(page)];
  const main = page.getByRole("main");
  // Phones have filters and other actions in sheets.
  const isNarrow = (page.viewportSize()?.width ?? 0) < 700;

  await page.goto(`/o/${owner.organization.slug}`);
  await press(main.getByRole("link", { name: "View usage" }));
  await expect(page).toHaveURL(/\/usage\?range=30d$/);
  await expect(usage.bars).toHaveCount(1);

  if (isNarrow) await press(main.getByRole("button", { name: /^Filters/ }));
  await press(page.getByRole("button", { name: /^Compare with/ }));
  await press(page.getByRole("menuitem", { name: "Previous period" }));
  await expect(page).toHaveURL(/compare=previous/);
  if (isNarrow) await press(page.getByRole("dialog", { name: "Filters" }).getByRole("button", { name: "Done" }));
  await expect(usage.legend).toContainText("Previous period");
  await expect(usage.metric("Spend")).toContainText("new");

  await press(usage.legend.getByRole("link", { name: "sandbox-1" }));
  await expect(usage.levels).toHaveText(["Last 30 days", "sandbox-1"]);
  await expect(usage.tile("Calls")).toHaveText("1");
  const link = page.url();
  await followBar(usage);
  await expect(logs.rows).toHaveCount(1);
  await press(logs.rows.getByRole("link").first());
  await expect(logs.call).toContainText("sandbox-1");

  await page.goBack();
  await expect(logs.call).toBeHidden();
  await expect(logs.rows).toHaveCount(1);
  await page.goBack();
  await expect(page).toHaveURL(link);
  await expect(usage.levels).toHaveText(["Last 30 days", "sandbox-1"]);
  await expect(usage.legend).toContainText("Previous period");

  const context = await browser.newContext();
  await signIn(context, owner);
  const elsewhere = new UsagePage(await context.newPage());
  await elsewhere.page.goto(link);
  await expect(elsewhere.levels).toHaveText(["Last 30 days", "sandbox-1"]);
  await expect(elsewhere.legend).toHaveText((await usage.legend.textContent()) ?? "");
  for (const label of ["Spend", "Calls", "Tokens", "Errors"]) {
    await expect(elsewhere.tile(label)).toHaveText((await usage.tile(label).textContent()) ?? "");
  }
  await context.close();

  if (isNarrow) await press(main.getByRole("button", { name: "More actions" }));
  await press(page.getByRole("button", { name: "Export", exact: true }).filter({ visible: true }));
  const dialog = page.getByRole("dialog", { name: "Export" });
  const download = page.waitForEvent("download");
  await press(dialog.getByRole("link", { name: "Download" }));
  const rows = parseCsv(await readDownload(await download));
  const spend = (await usage.tile("Spend").getAttribute("title")) ?? "";
  expect(sumDollars(rows.map((row) => row.spend_usd))).toBe(parseDollars(spend));
  expect(rows.reduce((sum, row) => sum + Number(row.calls), 0)).toBe(1);
  expect(new Set(rows.map((row) => row.model))).toEqual(new Set(["sandbox-1"]));
}
