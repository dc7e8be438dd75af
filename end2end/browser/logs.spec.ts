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
    await range.click();
    await page.getByRole("menuitem", { name }).click();
  };
  await logs.open(organization.slug);
  await expect(range).toHaveText("Any time");
  await expect(page.getByRole("button", { name: "Time zone: UTC" })).toBeVisible();
  await expect(logs.rows).toHaveCount(1);

  await choose("Last month");
  await expect(page).toHaveURL(/\?range=last-month$/);
  await expect(page.getByRole("heading", { name: "No matching calls" })).toBeVisible();
  await page.reload();
  await expect(range).toHaveText("Last month");
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
    await expect(page).toHaveURL(/outcome=errors/);
    await expect(logs.rows).toHaveCount(2);
    await expect(logs.rows.filter({ hasText: "broken" })).toHaveCount(1);
    await expect(logs.rows.filter({ hasText: "torn" })).toHaveCount(1);

    await usage.open(organization.slug, "?metric=errors");
    await usage.bars.click();
    await expect(logs.rows).toHaveCount(2);
    await page.goto(`/o/${organization.slug}`);
    await usage.tile("Errors").click();
    await expect(page).toHaveURL(/range=month&outcome=errors/);
    await expect(logs.rows).toHaveCount(2);
  });
});
