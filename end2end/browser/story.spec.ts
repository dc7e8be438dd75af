import OpenAI from "openai";

import { type Row, parseCsv } from "../lib/csv.ts";
import { cost, dollars, nanos } from "../lib/money.ts";
import { PRICES } from "../sdk/configuration.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, callStreaming, client, type Told } from "./client.ts";
import { downloaded } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { within } from "./pace.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { LogsPage } from "./pages/logs.ts";
import { SignUpPage } from "./pages/sign_up.ts";
import { UsagePage } from "./pages/usage.ts";
import { untilItHolds } from "./until.ts";

/** How long a call may take until it is on an open page, in milliseconds. */
const LIVE_WITHIN = within(2_000);

const SANDBOX = PRICES["sandbox-1"]!;

test("from a first visit to a call on the chart, in the log and in the CSV", { tag: "@widths" }, async ({ page, hub }, { project, repeatEachIndex }) => {
  const name = `Sorel ${project.name} ${repeatEachIndex}`;
  const stem = name.toLowerCase().replaceAll(" ", "-");
  const [keys, usage, logs, signUp] = [new ApiKeysPage(page), new UsagePage(page), new LogsPage(page), new SignUpPage(page)];
  const look = async () => {
    await expectToFit(page);
    await expectAccessible(page);
  };

  const slug = await test.step("signing up leads to what to do first", async () => {
    await page.goto("/");
    await expect(page).toHaveURL(/\/sign-in/);
    await look();
    await page.getByRole("link", { name: "Create an account" }).click();
    await look();
    const account = { name: "Mira Sorel", email: `mira@${stem}.example`, organization: name };
    await signUp.fill({ ...account, password: "a horse of another colour" });
    await signUp.submit();
    // It ends in what nobody foresees.
    await expect(page).toHaveURL(new RegExp(`/o/${stem}-[a-z0-9]{6}$`));
    const slug = new URL(page.url()).pathname.split("/")[2] ?? "";
    await expect(page.getByRole("heading", { name: "Create a key" })).toBeVisible();
    await look();
    await page.getByRole("link", { name: "Create key" }).click();
    await expect(keys.creation).toBeVisible();
    return slug;
  });

  const secret = await test.step("a key's secret is shown once", async () => {
    await keys.open(slug);
    await look();
    await keys.startCreating();
    await look();
    await page.keyboard.press("Escape");
    const secret = await keys.create("Web");
    expect(secret).toMatch(/^toll_std_[0-9A-Za-z]{38}$/);
    await look();
    await keys.storeSecret();
    await expect(keys.row("Web")).toBeVisible();
    await look();
    await page.reload();
    await expect(keys.row("Web")).toBeVisible();
    expect(await page.content()).not.toContain(secret);
    return secret;
  });

  const told: Told[] = [];
  await test.step("a call is on the open usage page within two seconds, without reloading it", async () => {
    await usage.open(slug);
    await expect(usage.tile("Calls")).toHaveText("0");
    await look();
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    told.push(await call(hub, secret, "Good evening"));
    await expect(usage.tile("Calls")).toHaveText("1", { timeout: LIVE_WITHIN });
    await expect(usage.bars).toHaveCount(1, { timeout: LIVE_WITHIN });
    told.push(await callStreaming(hub, secret, "Tell me of the road"));
    await expect(usage.tile("Calls")).toHaveText("2", { timeout: LIVE_WITHIN });
    expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
    await look();
  });

  const exported = await test.step("the chart's CSV says what clients were told", async () => {
    const rows = parseCsv(await downloaded(await usage.exportCsv()));
    const total = rows.at(-1);
    expect(total).toMatchObject({ calls: "2", tokens_in: `${sum(told, "tokensIn")}`, tokens_out: `${sum(told, "tokensOut")}` });
    expect(nanos(total?.spend_usd ?? "")).toBe(spend(told));
    return total;
  });

  await test.step("a bar leads to the calls behind it, by mouse and by keyboard, and Back goes up again", async () => {
    await usage.bars.click();
    await expect(page).toHaveURL(new RegExp(`/o/${slug}/logs\\?from=.*&to=`));
    await expect(logs.rows).toHaveCount(2);
    await look();
    await page.goBack();
    await usage.isLive();
    await usage.bars.focus();
    await page.keyboard.press("Enter");
    await expect(logs.rows).toHaveCount(2);
    await expect(logs.rows.first()).toContainText("Web");
  });

  await test.step("a call opens to what the client was told", async () => {
    const streamed = told[1]!;
    await logs.openCall(logs.rows.first());
    await expect(logs.call).toContainText(streamed.requestId);
    await expect(logs.call).toContainText(`${streamed.tokensIn}`);
    await expect(logs.call).toContainText(`${streamed.tokensOut}`);
    await expect(logs.call).toContainText(dollars(cost(SANDBOX, streamed)));
    await look();
    await page.reload();
    await expect(logs.call).toContainText(streamed.requestId);
    await page.keyboard.press("Escape");
    await expect(logs.call).toBeHidden();
  });

  await test.step("the log's CSV holds the same calls", async () => {
    const rows = parseCsv(await downloaded(await logs.exportCsv()));
    const byId = new Map(rows.map((row) => [row.request_id, row]));
    expect(rows).toHaveLength(told.length);
    for (const { requestId, at, ...used } of told) {
      const row = byId.get(requestId) as Row;
      expect(row).toMatchObject({ key: "Web", tokens_in: `${used.tokensIn}`, tokens_out: `${used.tokensOut}` });
      expect(nanos(row.cost_usd ?? "")).toBe(cost(SANDBOX, used));
      expect(Math.abs(Date.parse(row.started_at ?? "") - at)).toBeLessThan(10_000);
    }
    const summed = rows.reduce((total, row) => total + nanos(row.cost_usd ?? ""), 0n);
    expect(summed).toBe(nanos(exported?.spend_usd ?? ""));
  });

  await test.step("a revoked key is refused", async () => {
    await keys.open(slug);
    const question = await keys.startRevoking("Web");
    await look();
    await question.getByRole("button", { name: "Revoke key" }).click();
    await expect(keys.row("Web")).toContainText(/revoked/i);
    const refused = () => client(hub, secret).models.list().then(() => undefined, (error: unknown) => error);
    expect(await untilItHolds(refused)).toBeInstanceOf(OpenAI.AuthenticationError);
    await look();
  });
});

function sum(told: Told[], what: "tokensIn" | "tokensOut"): number {
  return told.reduce((total, call) => total + call[what], 0);
}

function spend(told: Told[]): bigint {
  return told.reduce((total, call) => total + cost(SANDBOX, call), 0n);
}
