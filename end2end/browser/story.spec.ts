import OpenAI from "openai";

import { type Row, parseCsv } from "../lib/csv.ts";
import { cost, formatDollars, parseDollars, sumDollars } from "../lib/money.ts";
import { PRICES } from "../sdk/configuration.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, callStreaming, client, type ClientCall } from "./client.ts";
import { exportCsv, openExport } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { scaleTimeout } from "./pace.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { LogsPage } from "./pages/logs.ts";
import { SignUpPage } from "./pages/sign_up.ts";
import { UsagePage } from "./pages/usage.ts";
import { retryUntilApplied } from "./retry.ts";

/** How long a call may take until an open page shows it, in milliseconds. */
const LIVE_TIMEOUT = scaleTimeout(2_000);

const SANDBOX = PRICES["sandbox-1"]!;

test("from a first visit to a call on the chart, in the log and in the CSV", { tag: "@widths" }, async ({ page, hub }, { project, repeatEachIndex }) => {
  const name = `Sorel ${project.name} ${repeatEachIndex}`;
  const stem = name.toLowerCase().replaceAll(" ", "-");
  const [keys, usage, logs, signUp] = [new ApiKeysPage(page), new UsagePage(page), new LogsPage(page), new SignUpPage(page)];
  const checkPage = async () => {
    await expectToFit(page);
    await expectAccessible(page);
  };

  const slug = await test.step("signing up leads to what to do first", async () => {
    await page.goto("/");
    await expect(page).toHaveURL(/\/sign-in/);
    await checkPage();
    await page.getByRole("link", { name: "Create an account" }).click();
    await checkPage();
    const account = { name: "Mira Sorel", email: `mira@${stem}.example`, organization: name };
    await signUp.fill({ ...account, password: "a horse of another colour" });
    await signUp.submit();
    // The slug ends in random characters.
    await expect(page).toHaveURL(new RegExp(`/o/${stem}-[a-z0-9]{6}$`));
    const slug = new URL(page.url()).pathname.split("/")[2] ?? "";
    await expect(page.getByRole("heading", { name: "Create a key" })).toBeVisible();
    await checkPage();
    await page.getByRole("link", { name: "More options" }).click();
    await expect(keys.creation).toBeVisible();
    return slug;
  });

  const secret = await test.step("a key's secret is shown once", async () => {
    await keys.open(slug);
    await checkPage();
    await keys.startCreating();
    await checkPage();
    for (const part of ["Restrictions", "Limits", "Details"] as const) await keys.unfold(part);
    await checkPage();
    await page.keyboard.press("Escape");
    const secret = await keys.create("Web");
    expect(secret).toMatch(/^toll_std_[0-9A-Za-z]{38}$/);
    await checkPage();
    await keys.storeSecret();
    await expect(keys.row("Web")).toBeVisible();
    await checkPage();
    await page.reload();
    await expect(keys.row("Web")).toBeVisible();
    expect(await page.content()).not.toContain(secret);
    return secret;
  });

  const calls: ClientCall[] = [];
  await test.step("a call is on the open usage page within two seconds, without reloading it", async () => {
    await usage.open(slug);
    await expect(usage.tile("Calls")).toHaveText("0");
    await checkPage();
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    calls.push(await call(hub, secret, "Good evening"));
    await expect(usage.tile("Calls")).toHaveText("1", { timeout: LIVE_TIMEOUT });
    await expect(usage.bars).toHaveCount(1, { timeout: LIVE_TIMEOUT });
    calls.push(await callStreaming(hub, secret, "Tell me of the road"));
    await expect(usage.tile("Calls")).toHaveText("2", { timeout: LIVE_TIMEOUT });
    expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
    await checkPage();
  });

  const exported = await test.step("the chart's CSV agrees with what the client read", async () => {
    const dialog = await openExport(page);
    await expect(dialog).toContainText("2 calls");
    await checkPage();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    const rows = parseCsv(await exportCsv(page));
    const sumOf = (column: string) => rows.reduce((total, row) => total + Number(row[column]), 0);
    expect([sumOf("calls"), sumOf("tokens_in"), sumOf("tokens_out")]).toEqual([2, sum(calls, "tokensIn"), sum(calls, "tokensOut")]);
    expect(rows[0]).toMatchObject({ day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), model: "sandbox-1" });
    const spend = sumDollars(rows.map((row) => row.spend_usd));
    expect(spend).toBe(sumCosts(calls));
    return spend;
  });

  await test.step("a bar leads to the calls behind it, by mouse and by keyboard, and Back goes up again", async () => {
    await usage.bars.click();
    await expect(page).toHaveURL(new RegExp(`/o/${slug}/logs\\?from=.*&to=`));
    await expect(logs.rows).toHaveCount(2);
    await checkPage();
    await page.goBack();
    await usage.waitUntilLive();
    await usage.bars.focus();
    await page.keyboard.press("Enter");
    await expect(logs.rows).toHaveCount(2);
    await expect(logs.rows.first()).toContainText("Web");
  });

  await test.step("an opened call shows what the client read", async () => {
    const streamed = calls[1]!;
    await logs.openCall(logs.rows.first());
    await expect(logs.call).toContainText(streamed.requestId);
    await expect(logs.call).toContainText(`${streamed.tokensIn}`);
    await expect(logs.call).toContainText(`${streamed.tokensOut}`);
    await expect(logs.call).toContainText(formatDollars(cost(SANDBOX, streamed)));
    await checkPage();
    await page.reload();
    await expect(logs.call).toContainText(streamed.requestId);
    await page.keyboard.press("Escape");
    await expect(logs.call).toBeHidden();
  });

  await test.step("the log's CSV holds the same calls", async () => {
    const rows = parseCsv(await exportCsv(page));
    const byId = new Map(rows.map((row) => [row.request_id, row]));
    expect(rows).toHaveLength(calls.length);
    for (const { requestId, at, ...used } of calls) {
      const row = byId.get(requestId) as Row;
      expect(row).toMatchObject({ key: "Web", tokens_in: `${used.tokensIn}`, tokens_out: `${used.tokensOut}` });
      expect(parseDollars(row.cost_usd ?? "")).toBe(cost(SANDBOX, used));
      expect(Math.abs(Date.parse(row.started_at ?? "") - at)).toBeLessThan(10_000);
    }
    const summed = rows.reduce((total, row) => total + parseDollars(row.cost_usd ?? ""), 0n);
    expect(summed).toBe(exported);
  });

  await test.step("a revoked key is rejected", async () => {
    await keys.open(slug);
    const question = await keys.startRevoking("Web");
    await checkPage();
    await question.getByRole("button", { name: "Revoke key" }).click();
    await expect(keys.row("Web")).toContainText(/revoked/i);
    const listModels = () => client(hub, secret).models.list().then(() => undefined, (error: unknown) => error);
    expect(await retryUntilApplied(listModels)).toBeInstanceOf(OpenAI.AuthenticationError);
    await checkPage();
  });
});

function sum(calls: ClientCall[], field: "tokensIn" | "tokensOut"): number {
  return calls.reduce((total, call) => total + call[field], 0);
}

function sumCosts(calls: ClientCall[]): bigint {
  return calls.reduce((total, call) => total + cost(SANDBOX, call), 0n);
}
