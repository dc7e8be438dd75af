import { expectAccessible } from "./accessibility.ts";
import { readDownload } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeyPage } from "./pages/api_key.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";

test("a secret stays until it is stored, and is gone after that", async ({ signedIn: page, organization }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const secret = await keys.create("Web");
  // Chromium closes any dialog at a second Esc.
  for (let presses = 0; presses < 3; presses++) await page.keyboard.press("Escape");
  await expect(keys.secret).toHaveText(secret);
  await page.goBack();
  await expect(keys.secret).toHaveText(secret);

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download as .env" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("web.env");
  const url = `${new URL(page.url()).origin}/v1`;
  expect(await readDownload(file)).toBe(`OPENAI_API_KEY=${secret}\nOPENAI_BASE_URL=${url}\n`);

  await keys.storeSecret();
  await page.reload();
  await expect(keys.row("Web")).toBeVisible();
  await expect(keys.secret).toBeHidden();
  expect(await page.content()).not.toContain(secret);
});

test("what was typed stays when the form is closed, and wrong lines are named", { tag: "@phone" }, async ({ signedIn: page, organization }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await keys.startCreating();
  await keys.creation.getByLabel("Name").fill("Restricted");
  await keys.unfold("Restrictions");
  await keys.creation.getByRole("button", { name: "Specific ranges" }).click();
  await keys.creation.getByLabel("IP ranges").fill("203.0.113.0/24\n\n10.0.0.300");
  await keys.submit();
  await expect(keys.creation.getByRole("alert").filter({ hasText: /^Line 3: "10.0.0.300"/ })).toBeVisible();
  await expect(keys.creation.getByLabel("IP ranges")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(keys.creation).toBeHidden();
  await expect(page).toHaveURL(/\/keys$/);

  await keys.startCreating();
  await expect(keys.creation.getByLabel("Name")).toHaveValue("Restricted");
  await keys.unfold("Restrictions");
  await keys.creation.getByLabel("IP ranges").fill("203.0.113.7/24");
  await keys.creation.getByRole("button", { name: /^Selected/ }).first().click();
  await keys.submit();
  await expect(keys.creation.getByRole("alert").filter({ hasText: "Select at least one" })).toBeVisible();
  await keys.creation.getByRole("checkbox", { name: "Chat" }).check();
  await keys.submit();
  await keys.storeSecret();
  await keys.openKey("Restricted");
  await expect(new ApiKeyPage(page).settings).toContainText("203.0.113.0/24");
});

test("what an organization demands of keys is all that the form offers", { tag: "@widths" }, async ({ signedIn: page, owner, organization }) => {
  await owner.invoke("organizations/update_settings", { changes: { key_policy: { expiry_required: true, longest_life_days: 60 } } });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await keys.startCreating();
  const lives = keys.creation.getByRole("group", { name: "Expiration" });
  await expect(lives).toContainText("must expire within 60 days");
  await expect(lives.getByRole("radio")).toHaveCount(3);
  await expect(lives.getByRole("radio", { name: "Never" })).toHaveCount(0);
  await lives.getByRole("radio", { name: "Custom date" }).check();
  const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000).toLocaleDateString("sv", { timeZone: "UTC" });
  await keys.creation.getByLabel("Last day").fill(tomorrow);
  await keys.creation.getByLabel("Name").fill("Short");
  await expectAccessible(page);
  await keys.submit();
  await keys.storeSecret();

  await test.step("a key that expires soon has an alert, with its next step", async () => {
    await page.getByRole("button", { name: /^Alerts for “Short”/ }).click();
    await expectAccessible(page);
    await page.getByRole("menuitem", { name: /Create replacement/ }).click();
    const dialog = page.getByRole("dialog", { name: "Create replacement for “Short”" });
    await expect(dialog.getByLabel("Name")).toHaveValue("Short");
    await expectAccessible(page);
  });
});
