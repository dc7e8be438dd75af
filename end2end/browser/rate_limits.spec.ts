import OpenAI from "openai";

import type { Hub } from "../lib/hub.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeyPage } from "./pages/api_key.ts";
import { ApiKeysPage, unfold } from "./pages/api_keys.ts";
import { SettingsPage } from "./pages/settings.ts";
import { UsagePage } from "./pages/usage.ts";
import { retryUntilApplied } from "./retry.ts";

/** The sandbox, and the operator's limits for organizations and projects that have none of their own. */
const OPERATOR_LIMITS = `
[[provider]]
name = "sandbox"
kind = "sandbox"
[[model]]
name = "sandbox-1"
providers = ["sandbox"]
service = "chat"
[limits.organization]
tokens_per_minute = 1000000
[limits.project]
calls_per_minute = 1
`;

/** Calls until a limit of one call a minute rejects a call with an error that names the `limited` thing. */
async function expectRateLimited(hub: Hub, secret: string, limited: string): Promise<void> {
  const error = await retryUntilApplied(() => call(hub, secret).then(() => undefined, (error: unknown) => error));
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect(String(error)).toContain(limited);
}

/** Calls until no limit rejects a call. */
async function expectAllowed(hub: Hub, secret: string): Promise<void> {
  await retryUntilApplied(() => call(hub, secret).catch(() => undefined));
}

test("an invalid limit is reported at its field, and what was typed stays", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  const dialog = await settings.editLimits("Default");
  const [calls, tokens] = [dialog.getByLabel("Requests per minute"), dialog.getByLabel("Tokens per minute")];
  const save = dialog.getByRole("button", { name: "Save" });
  await expect(calls).toBeFocused();
  await expect(save).toHaveAttribute("aria-disabled", "true");
  for (const [wrong, why] of [
    ["1,000", "Enter a whole number"],
    ["0", "1 to 1 billion per minute"],
    ["5000000000", "1 to 1 billion per minute"],
  ] as const) {
    await calls.fill(wrong);
    await save.click();
    await expect(dialog.getByRole("alert").filter({ hasText: why })).toBeVisible();
    await expect(calls).toHaveAttribute("aria-invalid", "true");
  }
  await tokens.fill("many");
  await save.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "Enter a whole number" })).toBeVisible();
  await expect(calls).toHaveValue("5000000000");
  await expectToFit(page);
  await expectAccessible(page);
});

test("limits of a project and of the organization are set in the settings, and hold at once", async ({ signedIn: page, hub, key, organization }) => {
  await hub.runCommand(["project", "create", "--org", organization.slug, "--name", "Second"]);
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  for (const name of ["Default", "Second"]) {
    await expect(settings.limitsOf(name).getByText("No limit")).toHaveCount(2);
  }
  // An organization that signed up itself begins with a limit of the hub's.
  await expect(settings.limitsOf("Organization").getByText("6,000")).toBeVisible();
  await expect(settings.limitsOf("Organization").getByText("No limit")).toHaveCount(1);
  await call(hub, key.secret);
  await call(hub, key.secret);

  const dialog = await settings.editLimits("Default");
  await dialog.getByLabel("Requests per minute").fill("1");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Changes saved." })).toBeVisible();
  await expect(dialog).toBeHidden();
  await expect(settings.limitsOf("Default").getByRole("cell").nth(1)).toHaveText("1");
  await expect(settings.limitsOf("Default").getByRole("button", { name: "Edit" })).toBeFocused();
  await expectRateLimited(hub, key.secret, "project");

  await test.step("it is taken back, and the organization is limited", async () => {
    await settings.editLimits("Default");
    await dialog.getByLabel("Requests per minute").fill("");
    await dialog.getByLabel("Requests per minute").press("Enter");
    await expect(dialog).toBeHidden();
    await expectAllowed(hub, key.secret);

    await settings.editLimits("Organization");
    await dialog.getByLabel("Requests per minute").fill("1");
    await dialog.getByLabel("Tokens per minute").fill("2000000");
    await dialog.getByRole("button", { name: "Save" }).click();
    await expectRateLimited(hub, key.secret, "organization");
  });

  await page.reload();
  await expect(settings.limitsOf("Organization").getByRole("cell").nth(2)).toHaveText("2,000,000");
  await expect(settings.limitsOf("Default").getByText("No limit")).toHaveCount(2);
  expect(await hub.runCommand(["org", "limits", organization.slug])).toEqual({ calls_per_minute: 1, tokens_per_minute: 2_000_000 });
});

test("typed limits are guarded until they are saved or given up", async ({ signedIn: page, organization }) => {
  const [settings, usage] = [new SettingsPage(page), new UsagePage(page)];
  await usage.open(organization.slug);
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  const dialog = await settings.editLimits("Default");
  await dialog.getByLabel("Requests per minute").fill("60");
  await page.goBack();
  await expect(settings.leaveDialog).toBeVisible();
  await settings.leaveDialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog.getByLabel("Requests per minute")).toHaveValue("60");

  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  await settings.editLimits("Default");
  await expect(dialog.getByLabel("Requests per minute")).toHaveValue("");
  await page.keyboard.press("Escape");
  await page.goBack();
  await usage.waitUntilLive();
});

test.describe("with the operator's limits", () => {
  test.use({ ownServer: { toml: OPERATOR_LIMITS } });

  test("the operator's limits are shown, and apply where none is set", { tag: "@phone" }, async ({ signedIn: page, hub, key: { secret }, organization }) => {
    const settings = new SettingsPage(page);
    await settings.open(organization.slug);
    await expect(settings.limitsOf("Organization").getByRole("cell").nth(2)).toHaveText("Server default 1,000,000");
    await expect(settings.limitsOf("Default").getByRole("cell").nth(1)).toHaveText("Server default 1");
    await expectRateLimited(hub, secret, "project");

    const dialog = await settings.editLimits("Default");
    await expect(dialog).toContainText("Leave blank for the server default, 1.");
    await expectToFit(page);
    await expectAccessible(page);
    await dialog.getByLabel("Requests per minute").fill("60");
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(settings.limitsOf("Default").getByRole("cell").nth(1)).toHaveText("60");
    await expectAllowed(hub, secret);
  });
});

test("a key's limits are typed with the key, and hold at once", { tag: "@phone" }, async ({ signedIn: page, hub, organization }) => {
  const [keys, key] = [new ApiKeysPage(page), new ApiKeyPage(page)];
  await keys.open(organization.slug);
  await keys.startCreating();
  const [calls, tokens] = [keys.creation.getByLabel("Requests per minute"), keys.creation.getByLabel("Tokens per minute")];
  await keys.creation.getByLabel("Name").fill("Paced");

  await test.step("an invalid limit is reported at its field, which is unfolded and gets the focus", async () => {
    await expect(calls).toBeHidden();
    await keys.unfold("Limits");
    await calls.fill("a few");
    await tokens.fill("0");
    await keys.unfold("Limits");
    await expect(calls).toBeHidden();
    await keys.submit();
    await expect(keys.creation.getByRole("alert").filter({ hasText: "Enter a whole number" })).toBeVisible();
    await expect(calls).toBeFocused();
    await calls.fill("1");
    await keys.submit();
    await expect(keys.creation.getByRole("alert").filter({ hasText: "1 to 1 billion per minute" })).toBeVisible();
    await expect(tokens).toBeFocused();
    await expectToFit(page);
    await expectAccessible(page);
  });

  await test.step("keys that call no models have none", async () => {
    await keys.creation.getByRole("radio", { name: /^Read/ }).check();
    await expect(calls).toBeHidden();
    await keys.creation.getByRole("radio", { name: /^Standard/ }).check();
    await keys.unfold("Limits");
    await expect(calls).toHaveValue("1");
  });

  await tokens.fill("");
  await keys.submit();
  const secret = await keys.readSecret();
  await keys.storeSecret();
  await call(hub, secret);
  await expectRateLimited(hub, secret, "This key is limited to");

  await keys.openKey("Paced");
  const fact = (name: string) => key.settings.locator("dt", { hasText: name }).locator("+ dd");
  await expect(fact("Requests per minute")).toHaveText("1");
  await expect(fact("Tokens per minute")).toHaveText("No key limit");

  const dialog = await key.act("Edit");
  await unfold(dialog, "Limits");
  await expect(dialog.getByLabel("Requests per minute")).toHaveValue("1");
  await dialog.getByLabel("Requests per minute").fill("2000000000");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByRole("alert").filter({ hasText: "1 to 1 billion per minute" })).toBeVisible();
  await expect(dialog.getByLabel("Requests per minute")).toBeFocused();
  await expectAccessible(page);
  await dialog.getByLabel("Requests per minute").fill("");
  await dialog.getByLabel("Tokens per minute").fill("50000");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(fact("Requests per minute")).toHaveText("No key limit");
  await expect(fact("Tokens per minute")).toHaveText("50,000");
  await expectAllowed(hub, secret);
});
