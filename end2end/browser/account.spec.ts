import { Session } from "../lib/session.ts";
import { buildConfiguration, UPSTREAM_KEY } from "../sdk/configuration.ts";
import { expectAccessible } from "./accessibility.ts";
import { expect, test } from "./fixtures.ts";

test("ending sessions asks for the password", async ({ signedIn: page, hub, organization }) => {
  await Session.signIn(hub, organization);
  await page.goto("/account");
  const rows = page.getByRole("table", { name: "Sessions" }).locator("tbody tr");
  await expect(rows).toHaveCount(2);
  await page.getByRole("button", { name: "Sign out all others" }).click();
  const question = page.getByRole("dialog", { name: "Sign out all other sessions?" });
  await question.getByLabel("Your password").fill("not the password");
  await question.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(question.getByRole("alert").filter({ hasText: /current password/ })).toBeVisible();
  await expectAccessible(page);
  await question.getByLabel("Your password").fill(organization.password);
  await question.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(question).toBeHidden();
  await expect(rows).toHaveCount(1);

  await Session.signIn(hub, organization);
  await page.reload();
  await rows.getByRole("button", { name: "Sign out", exact: true }).click();
  const one = page.getByRole("dialog", { name: "Sign out this session?" });
  await one.getByLabel("Your password").fill(organization.password);
  await page.keyboard.press("Enter");
  await expect(one).toBeHidden();
  await expect(rows).toHaveCount(1);
});

test("a session that was ended says why, and goes on with the password", { tag: "@widths" }, async ({ signedIn: page, hub, organization }) => {
  await page.goto(`/o/${organization.slug}/settings`);
  await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
  const another = await Session.signIn(hub, organization);
  await another.invoke("accounts/end_other_sessions", { confirmation: { password: organization.password } });
  await page.getByRole("link", { name: "Usage" }).filter({ visible: true }).first().click();
  const dialog = page.getByRole("dialog", { name: "Session ended" });
  await expect(dialog).toContainText("ended from another browser");
  await expectAccessible(page);
  await dialog.getByLabel("Password").fill(organization.password);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
});

test.describe("beside a provider", () => {
  test.use({ ownServer: { toml: buildConfiguration("http://127.0.0.1:1/v1"), environment: { UPSTREAM_KEY } } });

  test("sign-up is closed, and the pages say so", async ({ page }) => {
    await page.goto("/sign-in");
    await expect(page.getByText("Ask your administrator for one")).toBeVisible();
    await expect(page.getByRole("link", { name: "Create an account" })).toHaveCount(0);
    await page.goto("/sign-up");
    await expect(page.getByText("Sign-up is closed")).toBeVisible();
    await expect(page.getByLabel("Password")).toHaveCount(0);
    // The link for the first account, with a wrong code.
    await page.goto("/sign-up?setup=wrong");
    await page.getByLabel("Your name").fill("Eve");
    await page.getByLabel("Email").fill("eve@example.com");
    await page.getByLabel("Organization").fill("Other");
    await page.getByLabel("Password").fill("a horse of another colour");
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "Sign-up is closed." })).toBeVisible();
  });
});
