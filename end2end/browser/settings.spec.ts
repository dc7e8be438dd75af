import { expectAccessible, expectToFit } from "./accessibility.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { LogsPage } from "./pages/logs.ts";
import { SettingsPage } from "./pages/settings.ts";
import { UsagePage } from "./pages/usage.ts";

test("a policy for keys is chosen, the form for a new key keeps to it, and what breaks it is listed", { tag: "@widths" }, async ({ signedIn: page, owner, organization }) => {
  await owner.createKey({ name: "For ever" });
  await owner.createKey({ name: "Short", life: { days: 30 } });
  const [settings, keys] = [new SettingsPage(page), new ApiKeysPage(page)];
  await settings.open(organization.slug);
  await expect(page.getByRole("link", { name: /this policy/ })).toHaveCount(0);

  const policy = settings.section("API keys");
  for (const wrong of ["0", "3651", "a year"]) {
    await settings.longestLife.fill(wrong);
    await settings.save("API keys");
    await expect(policy.getByRole("alert").filter({ hasText: "1 to 3650 days" })).toBeVisible();
    await expect(settings.longestLife).toHaveAttribute("aria-invalid", "true");
  }
  await policy.getByRole("button", { name: "90 days" }).click();
  await policy.getByRole("radio", { name: /^Required/ }).check();
  await expectToFit(page);
  await expectAccessible(page);
  await settings.save("API keys");
  await expect(page.getByRole("status").filter({ hasText: "Settings saved." })).toBeVisible();
  await expect(policy.getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");

  await page.reload();
  await expect(settings.longestLife).toHaveValue("90");
  await expect(policy.getByRole("radio", { name: /^Required/ })).toBeChecked();
  await page.getByRole("link", { name: "1 key breaks this policy" }).click();
  await expect(page).toHaveURL(`/o/${organization.slug}/keys?hint=breaks_policy`);
  await expect(keys.row("For ever")).toBeVisible();
  await expect(keys.row("Short")).toHaveCount(0);

  await keys.open(organization.slug);
  await keys.startCreating();
  await expect(keys.creation).toContainText("must expire within 90 days");
  await expect(keys.creation.getByRole("radio", { name: "90 days" })).toBeVisible();
  await expect(keys.creation.getByRole("radio", { name: "180 days" })).toHaveCount(0);
  await expect(keys.creation.getByRole("radio", { name: "Never" })).toHaveCount(0);
});

test("calls are kept for as many days as chosen, and the log of older ones says so", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  const section = settings.section("Calls");
  await settings.open(organization.slug);
  await expect(section.getByRole("radio", { name: /^Keep all/ })).toBeChecked();
  await section.getByRole("radio", { name: /^Delete old ones/ }).check();
  await section.getByLabel("Days in the log").fill("34");
  await settings.save("Calls");
  await expect(section.getByRole("alert").filter({ hasText: "Choose 35 to 3650 days." })).toBeVisible();
  await expectToFit(page);
  await expectAccessible(page);
  await section.getByRole("button", { name: "90 days" }).click();
  await settings.saveAndWait("Calls");
  await page.reload();
  await expect(section.getByLabel("Days in the log")).toHaveValue("90");

  // As a bar of that day links to it.
  await logs.open(organization.slug, "?from=2026-01-10T00:00:00Z&to=2026-01-11T00:00:00Z");
  await expect(page.getByText(/^Calls before \d+ \w+ \d{4} are no longer stored\./)).toBeVisible();
  await expectToFit(page);
  await expectAccessible(page);
});

test("each section is saved separately, and discarding restores what is saved", async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  await settings.section("Sessions").getByRole("button", { name: "30 min" }).click();
  await settings.longestLife.fill("180");
  await settings.save("Sessions");
  await expect(page.getByRole("status").filter({ hasText: "Settings saved." })).toBeVisible();
  await expect(settings.section("API keys").getByText("Not saved yet")).toBeVisible();
  await settings.section("API keys").getByRole("button", { name: "Discard" }).click();
  await expect(settings.longestLife).toHaveValue("");
  await page.reload();
  await expect(page.getByLabel("Minutes without activity")).toHaveValue("30");
  await expect(settings.longestLife).toHaveValue("");
});

test("leaving unsaved changes asks first, by Back and Forward too", async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  const home = `/o/${organization.slug}`;
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(`${home}/settings`);
  await page.goBack();
  await usage.waitUntilLive();
  await page.goForward();
  await settings.longestLife.fill("45");

  await page.goBack();
  await expect(settings.leaveDialog).toBeVisible();
  await expect(page).toHaveURL(`${home}/settings`);
  await settings.leaveDialog.getByRole("button", { name: "Cancel" }).click();
  await expect(settings.longestLife).toHaveValue("45");

  // Back again, and then for good.
  await page.goBack();
  await settings.leaveDialog.getByRole("button", { name: "Leave" }).click();
  await expect(page).toHaveURL(`${home}/usage`);
  await usage.waitUntilLive();
  await page.goForward();
  await expect(settings.longestLife).toHaveValue("");

  // By a shortcut and by a link.
  await settings.longestLife.fill("45");
  await settings.longestLife.blur();
  await page.keyboard.press("g");
  await page.keyboard.press("u");
  await expect(settings.leaveDialog).toBeVisible();
  await settings.leaveDialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("link", { name: "Logs" }).filter({ visible: true }).first().click();
  await settings.leaveDialog.getByRole("button", { name: "Leave" }).click();
  await expect(page.getByRole("heading", { name: "Logs", level: 1 })).toBeVisible();
  await expect(page).toHaveURL(`${home}/logs`);
  // Nothing is guarded any more.
  await page.goBack();
  await expect(settings.longestLife).toHaveValue("");
  await page.goBack();
  await expect(page).toHaveURL(`${home}/usage`);
});
