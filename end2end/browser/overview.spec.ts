import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";

test("the overview lists what needs attention, and each entry leads to it", { tag: "@widths" }, async ({ signedIn: page, hub, owner, key, organization }) => {
  const home = `/o/${organization.slug}`;
  await call(hub, key.secret);
  await page.goto(home);
  await expect(page.getByRole("heading", { name: "This month" })).toBeVisible();
  const attention = page.getByRole("region", { name: "Needs attention" });
  await expect(attention).toHaveCount(0);

  const leaked = await owner.createKey({ name: "Leaky" });
  await hub.reportLeaks([leaked]);
  const messages = [{ role: "user" as const, content: "Hello" }];
  await expect(client(hub, key.secret).chat.completions.create({ model: "unknown", messages })).rejects.toThrow();
  await page.reload();
  await expect(attention.getByRole("listitem")).toHaveCount(2);
  await expectToFit(page);
  await expectAccessible(page);
  await attention.getByRole("link", { name: /^Leaky leaked and was disabled/ }).click();
  await expect(page).toHaveURL(`${home}/keys/${leaked.id}`);
  await page.goBack();
  const rejected = attention.getByRole("link", { name: /^1 call rejected in the last 24 hours/ });
  await expect(rejected).toContainText("model not found: 1");
  await rejected.click();
  await expect(page).toHaveURL(/status=refused/);
  await expect(new LogsPage(page).rows).toHaveCount(1);
});

test("figures name the compared period once, and a missing one as such", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await page.goto(`/o/${organization.slug}`);
  await expect(page.getByRole("main").getByText("vs. same period last month")).toHaveCount(1);
  await expect(page.locator(".tile").filter({ hasText: "Calls" })).toContainText("no data last month");
});
