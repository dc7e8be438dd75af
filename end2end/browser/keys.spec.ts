import OpenAI from "openai";

import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeyPage } from "./pages/api_key.ts";
import { ApiKeysPage, unfold } from "./pages/api_keys.ts";
import { LogsPage } from "./pages/logs.ts";
import { retryUntilApplied } from "./retry.ts";
import { intercept } from "./routes.ts";

/** Returns the error that `call` is rejected with, if it is. */
const catchError = (call: Promise<unknown>) => call.then(() => undefined, (error: unknown) => error);

test("a key is made, used, rotated, used twice over, ended and revoked", { tag: "@phone" }, async ({ signedIn: page, hub, organization }) => {
  const [keys, key, logs] = [new ApiKeysPage(page), new ApiKeyPage(page), new LogsPage(page)];
  const expectRejected = async (secret: string) =>
    expect(await retryUntilApplied(() => catchError(client(hub, secret).models.list()))).toBeInstanceOf(OpenAI.AuthenticationError);

  await keys.open(organization.slug);
  const first = await keys.create("Web");
  await expect(page.getByText("Waiting for the first call…")).toBeVisible();
  await call(hub, first);
  await expect(page.getByText("The first call has arrived")).toBeVisible();
  await keys.storeSecret();
  await expect(keys.row("Web")).toContainText("Active");
  await expect(keys.row("Web")).toContainText("1 call");

  await keys.openKey("Web");
  await expect(key.settings).toContainText("Standard");
  await expect(page.getByRole("figure")).toBeVisible();
  await key.openTab("Calls");
  await logs.openCall(logs.rows.first());
  await page.keyboard.press("Escape");

  const second = await key.rotate("24 hours");
  expect(second).not.toBe(first);
  await keys.storeSecret();
  await expect(key.rotation).toContainText(/Rotating: (24 ?h|23 ?h 59 ?min) left/);
  await expect(key.rotation).toContainText("hasn't been used since the rotation");
  await call(hub, second);
  await call(hub, first);
  await expect(key.rotation).toContainText("is still in use");

  await test.step("the old secret's end is moved", async () => {
    const dialog = await key.act("Extend");
    await dialog.getByRole("radio", { name: "7 days" }).check();
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(key.rotation).toContainText(/Rotating: (7|6) days left/);
  });

  await test.step("the old secret is ended early", async () => {
    const dialog = await key.act("End now");
    await expect(dialog).toContainText("is still in use");
    await dialog.getByRole("button", { name: "End old secret" }).click();
    await expect(key.rotation).toBeHidden();
    await expectRejected(first);
    await call(hub, second);
  });

  await test.step("it is revoked, after saying what used it", async () => {
    const question = await key.act("Revoke");
    await expect(question).toContainText("4 calls in the last 24 hours");
    await expect(question).toContainText(/OpenAI\/JS/);
    await question.getByRole("button", { name: "Revoke key" }).click();
    await expect(page.getByText("This key no longer works.")).toBeVisible();
    // The button "Revoke" is gone; on phones the focus is back where its sheet was opened.
    await expect(page.locator("h1:focus, .page-head button:focus")).toBeVisible();
    await expectRejected(second);
  });

  await test.step("its history lists each change, and no secret", async () => {
    await key.openTab("History");
    for (const change of ["Revoked", "Old secret ended", "Grace period changed", "Rotated", "Created"]) {
      await expect(key.history.getByText(change, { exact: true }).first()).toBeVisible();
    }
    await expect(key.history).toContainText("Mira Sorel");
    // Times are written as dates, not as milliseconds.
    await expect(key.history).not.toContainText(/\d{13}/);
    await page.reload();
    await expect(key.history).toBeVisible();
    for (const secret of [first, second]) expect(await page.content()).not.toContain(secret);
  });
});

test("a key's page and its dialogs are accessible", { tag: "@widths" }, async ({ signedIn: page, hub, key: { id, secret }, organization }) => {
  await call(hub, secret);
  const [keys, key] = [new ApiKeysPage(page), new ApiKeyPage(page)];
  const checkPage = async () => {
    await expectToFit(page);
    await expectAccessible(page);
  };
  const leave = async () => {
    await page.keyboard.press("Escape");
    await expect(key.dialog).toBeHidden();
  };
  await page.goto(`/o/${organization.slug}/keys/${id}`);
  await expect(page.getByRole("figure")).toBeVisible();
  await checkPage();
  for (const act of ["Edit", "Rotate", "Revoke"] as const) {
    await key.act(act);
    await expect(page.locator("dialog [aria-busy]")).toHaveCount(0);
    await checkPage();
    await leave();
  }
  await key.rotate("24 hours");
  await checkPage();
  await keys.storeSecret();
  for (const act of ["Extend", "End now"] as const) {
    await key.act(act);
    await checkPage();
    await leave();
  }
  await key.openTab("History");
  await expect(key.history).toBeVisible();
  await checkPage();
});

test("an edited key obeys at once, and a moved one leaves its calls where they were", async ({ signedIn: page, hub, key: { secret }, organization }) => {
  await hub.runCommand(["project", "create", "--org", organization.slug, "--name", "Second"]);
  await call(hub, secret);
  const [keys, key, logs] = [new ApiKeysPage(page), new ApiKeyPage(page), new LogsPage(page)];
  await keys.open(organization.slug);
  const dialog = await keys.act("standard key", "Edit…");
  await dialog.getByLabel("Name").fill("Renamed");
  await dialog.getByLabel("Project").selectOption({ label: "Second" });
  await unfold(dialog, "Restrictions");
  await dialog.getByRole("group", { name: "Permissions" }).getByRole("button", { name: /^Selected/ }).click();
  await dialog.getByRole("checkbox", { name: "Embeddings" }).check();

  await page.keyboard.press("Escape");
  const question = page.getByRole("dialog", { name: "Discard your changes?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog.getByLabel("Name")).toHaveValue("Renamed");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(keys.row("Renamed")).toContainText("Second");
  expect(await retryUntilApplied(() => catchError(call(hub, secret)))).toBeInstanceOf(OpenAI.PermissionDeniedError);

  await keys.openKey("Renamed");
  await key.openTab("History");
  await expect(key.history).toContainText("standard key → Renamed");
  await expect(key.history).toContainText("all → Embeddings");
  await logs.open(organization.slug, "?outcome=succeeded");
  await logs.openCall(logs.rows.first());
  await expect(logs.call).toContainText("Default");
});

test("a rotation whose answer is lost is made once, and says so", { tag: "@widths" }, async ({ signedIn: page, hub, key: { secret }, organization }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const reconnect = await intercept(page, "**/api/api_keys/rotate", async (route) => {
    await route.fetch();
    await route.abort();
  });
  const dialog = await keys.act("standard key", "Rotate…");
  await dialog.getByRole("button", { name: "Rotate key" }).click();
  await expect(dialog.getByText("The server can't be reached")).toBeVisible();
  reconnect();
  await dialog.getByRole("button", { name: "Rotate key" }).click();
  await expect(dialog).toContainText("already rotated the key");
  await expectAccessible(page);
  await call(hub, secret);
  await dialog.getByRole("button", { name: "Create replacement…" }).click();
  await expect(page.getByRole("dialog", { name: "Create replacement for “standard key”" })).toBeVisible();
});

test("a key is rotated without a mouse, and the focus comes back", async ({ signedIn: page, owner, organization }) => {
  await owner.createKey();
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const menu = page.getByRole("button", { name: "Actions for standard key" });
  const startRotating = async () => {
    await page.keyboard.press("Enter");
    await expect(page.getByRole("menuitem", { name: "Open" })).toBeFocused();
    for (let presses = 0; presses < 4; presses++) await page.keyboard.press("ArrowDown");
    await expect(page.getByRole("menuitem", { name: "Rotate…" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "Rotate “standard key”" })).toBeVisible();
  };
  await menu.focus();
  await startRotating();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(menu).toBeFocused();

  await startRotating();
  await page.getByRole("radio", { name: "24 hours" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "7 days" })).toBeChecked();
  await page.keyboard.press("Enter");
  await expect(keys.secret).toBeVisible();
  await page.getByRole("button", { name: "Done, I've saved it" }).focus();
  await page.keyboard.press("Enter");
  await expect(keys.row("standard key")).toContainText("Rotating");
  await expect(menu).toBeFocused();
});

test("keys that an admin key made are offered to be revoked along", { tag: "@widths" }, async ({ signedIn: page, owner, hub, organization }) => {
  const input = { name: "Deploy", level: "admin", life: "never" };
  const { api_key, secret } = await owner.invoke<{ api_key: { id: string }; secret: string }>("api_keys/create", { input });
  const [project] = await owner.invoke<{ id: string }[]>("projects/list");
  for (const name of ["Web", "Worker"]) {
    const made = await fetch(`${hub.url}/v1/organization/projects/${project?.id}/api_keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ name }),
    });
    expect(made.status).toBe(200);
  }
  const [keys, key] = [new ApiKeysPage(page), new ApiKeyPage(page)];
  await page.goto(`/o/${organization.slug}/keys/${api_key.id}`);
  const question = await key.act("Revoke");
  const made = question.getByRole("list", { name: "Keys created or rotated with it" }).getByRole("listitem");
  await expect(made).toHaveText([/^Web toll_std_/, /^Worker toll_std_/]);
  await expect(page.locator("dialog [aria-busy]")).toHaveCount(0);
  await expectToFit(page);
  await expectAccessible(page);
  await question.getByRole("checkbox", { name: "Also revoke 2 keys created or rotated with it" }).check();
  await question.getByRole("button", { name: "Revoke key" }).click();
  await expect(page.getByText("This key no longer works.")).toBeVisible();
  await keys.open(organization.slug);
  for (const name of ["Deploy", "Web", "Worker"]) await expect(keys.row(name)).toContainText("Revoked");
});
