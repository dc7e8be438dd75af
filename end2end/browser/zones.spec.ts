import { Session } from "../lib/session.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { ApiKeyPage } from "./pages/api_key.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";

test("all times are in the organization's zone, which each page names", async ({ page, hub }) => {
  // The browser's zone is another one.
  const organization = await hub.createOrganization(undefined, "Asia/Kathmandu");
  const owner = await Session.signIn(hub, organization);
  await signIn(page.context(), owner);
  const { id } = await owner.createKey({ name: "Web" });
  await new ApiKeysPage(page).open(organization.slug);
  const note = page.getByText("Times in Asia/Kathmandu");
  await expect(note).toBeVisible();

  const key = new ApiKeyPage(page);
  await page.goto(`/o/${organization.slug}/keys/${id}`);
  await key.rotate("24 hours");
  const [dialog, zone] = [page.getByRole("dialog"), "GMT+5:45"];
  await expect(dialog).toContainText(zone);
  await new ApiKeysPage(page).storeSecret();
  await expect(key.rotation).toContainText(zone);
  await expect(note).toBeVisible();
  await key.openTab("History");
  await expect(key.history).toContainText(zone);

  await test.step("another zone that was chosen for the calls holds on all tabs", async () => {
    await key.openTab("Calls");
    await page.getByRole("button", { name: /^Time zone/ }).click();
    await page.getByRole("menuitem", { name: /^UTC/ }).click();
    await key.openTab("History");
    await expect(page).toHaveURL(/tz=UTC/);
    await expect(key.history).toContainText("UTC");
    await expect(key.history).not.toContainText(zone);
  });

  await test.step("the account's sessions are in the browser's own zone, by name", async () => {
    await page.goto("/account");
    await expect(page.getByRole("main")).toContainText("time zone, Europe/Berlin");
  });
});
