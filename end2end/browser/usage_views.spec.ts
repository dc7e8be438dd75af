import { type Row, parseCsv } from "../lib/csv.ts";
import { cost, formatDollars, parseDollars, sumDollars } from "../lib/money.ts";
import { PRICES } from "../sdk/configuration.ts";
import { call, callStreaming } from "./client.ts";
import { exportCsv } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { UsagePage } from "./pages/usage.ts";

const MINUTE = 60_000;

/** A range of full minutes around now, which no midnight ends. */
function buildMinuteRange(): string {
  const now = Math.floor(Date.now() / MINUTE) * MINUTE;
  const [from, to] = [now - 90 * MINUTE, now + 90 * MINUTE].map((at) => new Date(at).toISOString().replace(".000Z", "Z"));
  return `${from}..${to}`;
}

test("tile, bars, tables and file have the same sums in each view", async ({ signedIn: page, hub, owner, organization }) => {
  const calls = [];
  for (const name of ["One", "Two"]) {
    const { secret } = await owner.createKey({ name });
    calls.push(await call(hub, secret, "Good morning"), await callStreaming(hub, secret, `A question of ${name}`));
  }
  const spend = calls.reduce((sum, used) => sum + cost(PRICES["sandbox-1"]!, used), 0n);
  const tokens = calls.reduce((sum, { tokensIn, tokensOut }) => sum + tokensIn + tokensOut, 0);

  const usage = new UsagePage(page);
  for (const [view, range, label] of [
    ["minute", buildMinuteRange(), "by minute"],
    ["hour", "7d", "hourly"],
    ["day", "30d", "daily"],
    ["week", "12m", "weekly"],
    ["month", "12m", "monthly"],
  ] as const) {
    await test.step(label, async () => {
      await usage.open(organization.slug, `?range=${range}&view=${view}&group=key`);
      await expect(page.getByRole("figure", { name: `Spend by key, ${label}` })).toBeVisible();
      await expect(usage.tile("Calls")).toHaveText(`${calls.length}`);
      await expect(usage.tile("Spend")).toHaveAttribute("title", formatDollars(spend));
      await expect(usage.tile("Tokens")).toHaveAttribute("title", tokens.toLocaleString("en-US"));

      // A bar is read as "Mon 30 Nov 2026, in progress: $0.0012. 4 calls". Calls may be on both sides of a minute.
      await expect(usage.bars.first()).toBeAttached();
      const names = await usage.bars.evaluateAll((bars) => bars.map((bar) => bar.getAttribute("aria-label") ?? ""));
      expect(sumDollars(names.map((name) => /: (\$[\d.,]+)\. \d+ calls?/.exec(name)?.[1] ?? name))).toBe(spend);

      await usage.chart.getByText("Show as a table").click();
      const table = usage.chart.getByRole("table");
      await expect(table.locator("tfoot td").last()).toHaveText(formatDollars(spend));
      expect(sumDollars(await table.locator("tbody td:last-child").allInnerTexts())).toBe(spend);
      await expect(usage.groups).toHaveCount(2);
      const titles = await usage.groups.locator(".number").evaluateAll((numbers) => numbers.map((number) => number.getAttribute("title") ?? ""));
      expect(sumDollars(titles.filter((title) => title.startsWith("$")))).toBe(spend);

      const rows: Row[] = parseCsv(await exportCsv(page));
      const sumOf = (column: string) => rows.reduce((sum, row) => sum + Number(row[column]), 0);
      expect([sumOf("calls"), sumOf("tokens_in") + sumOf("tokens_out")]).toEqual([calls.length, tokens]);
      expect(rows.map((row) => row[view])).not.toContain(undefined);
      expect(rows.reduce((sum, row) => sum + parseDollars(row.spend_usd ?? ""), 0n)).toBe(spend);
    });
  }
});
