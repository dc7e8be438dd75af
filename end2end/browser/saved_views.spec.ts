import type { Page } from "@playwright/test";
import { Session } from "../lib/session.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";

test("a view of usage is saved, opened from the palette, renamed and deleted", { tag: "@widths" }, async ({ signedIn: page, key, organization }) => {
  expect(key.id).toBeTruthy();
  const usage = new UsagePage(page);
  const dialog = page.getByRole("dialog", { name: "Views" });
  await usage.open(organization.slug, "?range=7d&group=key&metric=tokens");
  await openViews(page);
  await expect(dialog).toBeVisible();
  await expectToFit(page);
  await expectAccessible(page);

  await test.step("a name is required", async () => {
    await dialog.getByRole("button", { name: "Save view" }).click();
    await expect(dialog.getByLabel("Save the current view as")).toHaveAttribute("aria-invalid", "true");
  });
  await dialog.getByLabel("Save the current view as").fill("Tokens by key");
  await dialog.getByRole("button", { name: "Save view" }).click();
  await expect(dialog.getByRole("link", { name: "Tokens by key" })).toBeVisible();
  await expectToFit(page);
  await expectAccessible(page);

  await test.step("the palette opens it, from any page", async () => {
    await page.goto(`/o/${organization.slug}/keys`);
    await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("dialog").getByRole("combobox")).toBeFocused();
    await page.keyboard.type("views tokens");
    await page.getByRole("option", { name: /Tokens by key/ }).click();
    await expect(page).toHaveURL(`/o/${organization.slug}/usage?range=7d&group=key&metric=tokens`);
  });

  await test.step("Enter renames it, and saves nothing else", async () => {
    await usage.waitUntilLive();
    await openViews(page);
    await dialog.getByRole("button", { name: "Rename “Tokens by key”" }).click();
    await dialog.getByLabel("New name").fill("Tokens of the week");
    await page.keyboard.press("Enter");
    await expect(dialog.getByRole("link", { name: "Tokens of the week" })).toBeVisible();
    await expect(dialog.getByRole("listitem")).toHaveCount(1);
  });
  await dialog.getByRole("button", { name: "Delete “Tokens of the week”" }).click();
  await expect(dialog.getByRole("listitem")).toHaveCount(0);
});

test("a shared view of the log is in the menus of all who see the log, who can't change it", async ({ signedIn: page, browser, hub, key, organization }) => {
  expect(key.id).toBeTruthy();
  const logs = new LogsPage(page);
  await logs.open(organization.slug, "?status=errors&range=7d");
  const dialog = page.getByRole("dialog", { name: "Views" });
  await openViews(page);
  await dialog.getByLabel("Save the current view as").fill("Errors of the week");
  await dialog.getByLabel("Share with all members who see this page").check();
  await dialog.getByRole("button", { name: "Save view" }).click();
  await expect(dialog.getByRole("listitem")).toContainText(["Shared"]);

  const developer = { email: `views@${organization.slug}.example`, password: organization.password };
  const role = ["--email", developer.email, "--name", "Dev", "--org", organization.slug, "--role", "developer"];
  await hub.runCommand(["user", "create", ...role, "--password-stdin"], developer.password);
  await hub.runCommand(["project", "assign", "--org", organization.slug, "--project", "default", "--user", developer.email]);
  const context = await browser.newContext();
  await signIn(context, await Session.signIn(hub, { slug: organization.slug, ...developer }));
  const theirs = new LogsPage(await context.newPage());
  await theirs.page.goto(new URL(`/o/${organization.slug}/logs`, page.url()).href);
  const list = theirs.page.getByRole("dialog", { name: "Views" });
  await openViews(theirs.page);
  await expect(list.getByRole("link", { name: "Errors of the week" })).toBeVisible();
  await expect(list.getByRole("button", { name: /^(Rename|Share|Stop sharing|Delete)/ })).toHaveCount(0);
  await expect(list.getByLabel("Share with all members who see this page")).toHaveCount(0);
  await list.getByRole("link", { name: "Errors of the week" }).click();
  await expect(theirs.page).toHaveURL(/\/logs\?(status=errors&range=7d|range=7d&status=errors)$/);
  await context.close();

  await dialog.getByRole("button", { name: "Stop sharing “Errors of the week”" }).click();
  await expect(dialog.getByRole("listitem")).not.toContainText("Shared");
  await dialog.getByRole("button", { name: "Share “Errors of the week”", exact: true }).click();
  await expect(dialog.getByRole("listitem")).toContainText(["Shared"]);
  const question = page.getByRole("dialog", { name: "Delete “Errors of the week”?" });
  await dialog.getByRole("button", { name: "Delete “Errors of the week”" }).click();
  await expectAccessible(page);
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(question).toBeHidden();
  await dialog.getByRole("button", { name: "Delete “Errors of the week”" }).click();
  await question.getByRole("button", { name: "Delete view" }).click();
  await expect(dialog.getByRole("listitem")).toHaveCount(0);
});

/** Opens the dialog; on phones its button is behind "More actions". */
async function openViews(page: Page): Promise<void> {
  const button = page.getByRole("main").getByRole("button", { name: "Views", exact: true });
  const more = page.getByRole("button", { name: "More actions" });
  await expect(button.or(more).filter({ visible: true }).first()).toBeVisible();
  if (await more.isVisible()) await more.click();
  await button.filter({ visible: true }).first().click();
}
