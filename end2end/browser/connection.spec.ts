import { expect, test } from "./fixtures.ts";
import { UsagePage } from "./pages/usage.ts";
import { intercept } from "./routes.ts";

test("without a network nothing claims to be live, and with it the page is live again", { tag: "@widths" }, async ({ context, signedIn: page, organization }) => {
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  const banner = page.getByText("You're offline.");
  const main = page.getByRole("main");
  await context.setOffline(true);
  await expect(banner).toBeVisible();
  await expect(main.getByText("Live", { exact: true })).toHaveCount(0);
  await context.setOffline(false);
  await expect(banner).toBeHidden();
  await usage.waitUntilLive();
});

test("a page that failed to load comes by itself", async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/settings`);
  await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
  const reconnect = await intercept(page, "**/api/api_keys/list", (route) => route.abort());
  await page.getByRole("link", { name: "API keys" }).filter({ visible: true }).first().click();
  const failure = page.getByRole("heading", { name: "The server can't be reached" });
  await expect(failure).toBeVisible();
  reconnect();
  await expect(page.getByRole("heading", { name: "No keys yet" })).toBeVisible();
  await expect(failure).toHaveCount(0);
});

test.describe("when the server restarts", () => {
  test.use({ ownServer: {} });

  test("a page that asked meanwhile has its answer, and is live", async ({ signedIn: page, hub, owner, organization }) => {
    await owner.createKey({ name: "Web" });
    const usage = new UsagePage(page);
    await usage.open(organization.slug);
    const restarted = hub.restart();
    await page.getByRole("link", { name: "API keys" }).filter({ visible: true }).first().click();
    await restarted;
    await expect(page.getByRole("table", { name: "API keys" })).toContainText("Web");
    await usage.waitUntilLive();
  });
});
