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
  for (const wrong of ["0", "3651", "a year", ""]) {
    await settings.typeLifetime(wrong);
    await settings.saveButton.click();
    await expect(policy.getByRole("alert").filter({ hasText: "1 to 3650 days" })).toBeVisible();
    await expect(settings.customLifetime).toHaveAttribute("aria-invalid", "true");
    await expect(settings.customLifetime).toBeFocused();
  }
  await expectToFit(page);
  await expectAccessible(page);
  await settings.lifetime.selectOption("90 days");
  await expect(settings.customLifetime).toBeHidden();
  await policy.getByRole("radio", { name: /^Required/ }).check();
  await settings.saveButton.click();
  await expect(page.getByRole("status").filter({ hasText: "Changes saved." })).toBeVisible();
  await expect(settings.saveButton).toBeHidden();

  await page.reload();
  await expect(settings.lifetime).toHaveValue("90");
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
  await expect(keys.creation.getByRole("group", { name: "Expiration" }).getByRole("radio", { name: "Never" })).toHaveCount(0);
});

test("calls are kept for as many days as chosen, and the log of older ones says so", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  const section = settings.section("Calls");
  await settings.open(organization.slug);
  // Nothing is chosen, so the default is shown, and from when it applies.
  await expect(section.getByRole("radio", { name: /^Delete old calls/ })).toBeChecked();
  await expect(section.getByLabel("Keep for")).toHaveValue("397");
  await expect(section.getByRole("note")).toContainText(/^Nothing is chosen yet\. From \d+ \w+ \d{4}, calls older than 13 months are deleted/);
  await expect(settings.saveButton).toBeHidden();
  await settings.typeDays("Calls", "34");
  await settings.saveButton.click();
  await expect(section.getByRole("alert").filter({ hasText: "Choose 35 to 3650 days." })).toBeVisible();
  await expectToFit(page);
  await expectAccessible(page);
  await section.getByLabel("Keep for").selectOption("90 days");
  // No call is as old, so nothing has to be confirmed.
  await settings.saveAndWait();
  await page.reload();
  await expect(section.getByLabel("Keep for")).toHaveValue("90");
  await expect(section.getByRole("note")).toHaveCount(0);

  // As a bar of that day links to it.
  await logs.open(organization.slug, "?from=2026-01-10T00:00:00Z&to=2026-01-11T00:00:00Z");
  await expect(page.getByText(/^Calls before \d+ \w+ \d{4} are no longer stored\./)).toBeVisible();
  await expectToFit(page);
  await expectAccessible(page);
});

test("bodies can't be stored for longer than their calls, and each field says so", async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  const [bodies, calls] = [settings.section("Request and response bodies"), settings.section("Calls")];
  await settings.open(organization.slug);
  await settings.storeBodies();
  await expect(settings.saveButton).toBeHidden();
  await settings.typeDays("Calls", "40");
  await settings.saveAndWait();

  await settings.typeDays("Request and response bodies", "60");
  await settings.saveButton.click();
  const why = "Calls are kept for 40 days. Store bodies for 40 days or less.";
  await expect(bodies.getByRole("alert").filter({ hasText: why })).toBeVisible();
  await expect(bodies.getByLabel("Days")).toHaveAttribute("aria-invalid", "true");
  await bodies.getByLabel("Days").fill("40");
  await settings.saveAndWait();

  await settings.typeDays("Calls", "35");
  await settings.saveButton.click();
  const other = "Request and response bodies are stored for 40 days. Keep calls for at least as long.";
  await expect(calls.getByRole("alert").filter({ hasText: other })).toBeVisible();
  await expect(calls.getByLabel("Days")).toHaveAttribute("aria-invalid", "true");
  await expect(bodies.getByRole("alert").filter({ hasText: /./ })).toHaveCount(0);
});

test("a shorter retention asks first, and says how many calls it deletes", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  const counted = (count: number) => page.route("**/api/organizations/count_deleted_calls", (route) => route.fulfill({ json: count }));
  const section = settings.section("Calls");
  await counted(12_431);
  await settings.open(organization.slug);
  await section.getByRole("radio", { name: /^Delete old calls/ }).check();
  await section.getByLabel("Keep for").selectOption("90 days");
  await settings.saveButton.click();
  await expect(settings.deletionDialog).toContainText("12,431 calls older than 90 days will be deleted within the hour.");
  await expectToFit(page);
  await expectAccessible(page);
  await settings.deletionDialog.getByRole("button", { name: "Cancel" }).click();
  await expect(settings.saveButton).toBeVisible();
  await settings.saveAndDelete();

  // To keep more deletes nothing.
  await section.getByRole("radio", { name: /^Keep all/ }).check();
  await settings.saveAndWait();
});

test("all changes are saved together, and discarding restores what is saved", async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  const minutes = settings.section("Sessions").getByLabel("Sign out after");
  await settings.open(organization.slug);
  await expect(settings.saveButton).toBeHidden();
  await minutes.selectOption("30 minutes");
  await settings.lifetime.selectOption("180 days");
  await expect(page.getByRole("status").filter({ hasText: "Unsaved changes" })).toBeVisible();
  await settings.saveAndWait();

  await settings.typeLifetime("45");
  await minutes.selectOption("15 minutes");
  await settings.discardButton.click();
  await expect(settings.saveButton).toBeHidden();
  await expect(settings.lifetime).toHaveValue("180");
  await expect(settings.customLifetime).toBeHidden();
  await expect(minutes).toHaveValue("30");
  // What is as it was isn't a change.
  await settings.lifetime.selectOption("90 days");
  await settings.lifetime.selectOption("180 days");
  await expect(settings.saveButton).toBeHidden();
  await page.reload();
  await expect(minutes).toHaveValue("30");
  await expect(settings.lifetime).toHaveValue("180");

  // Enter in a field saves, too.
  await settings.typeLifetime("45");
  await settings.customLifetime.press("Enter");
  await expect(settings.saveButton).toBeHidden();
  await page.reload();
  await expect(settings.customLifetime).toHaveValue("45");
});

test("the index leads to the sections and marks the one in view", async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  const index = page.getByRole("navigation", { name: "On this page" });
  await expect(index.getByRole("link", { name: "Sessions" })).toHaveAttribute("aria-current", "location");
  await index.getByRole("link", { name: "Rate limits" }).click();
  await expect(page).toHaveURL(/#rate-limits$/);
  await expect(settings.rateLimits).toBeInViewport();
  await expect(index.getByRole("link", { name: "Rate limits" })).toHaveAttribute("aria-current", "location");
  await page.goto(`/o/${organization.slug}/settings#bodies`);
  await expect(settings.section("Request and response bodies").getByRole("heading")).toBeInViewport();
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
  await settings.typeLifetime("45");

  await page.goBack();
  await expect(settings.leaveDialog).toBeVisible();
  await expect(page).toHaveURL(`${home}/settings`);
  await settings.leaveDialog.getByRole("button", { name: "Cancel" }).click();
  await expect(settings.customLifetime).toHaveValue("45");

  // Back again, and then for good.
  await page.goBack();
  await settings.leaveDialog.getByRole("button", { name: "Leave" }).click();
  await expect(page).toHaveURL(`${home}/usage`);
  await usage.waitUntilLive();
  await page.goForward();
  await expect(settings.lifetime).toHaveValue("");

  // By a shortcut and by a link.
  await settings.typeLifetime("45");
  await settings.customLifetime.blur();
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
  await expect(settings.lifetime).toHaveValue("");
  await page.goBack();
  await expect(page).toHaveURL(`${home}/usage`);
});
