import OpenAI from "openai";

import { parseCsv } from "../lib/csv.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call, client } from "./client.ts";
import { downloaded } from "./downloads.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeyPage } from "./pages/api_key.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { LogsPage } from "./pages/logs.ts";

/** How long what was done to a key may take until it holds, in milliseconds. */
const HOLDS_WITHIN = 1_000;

test("a key is made, used, rotated, used twice over, ended and revoked", async ({ signedIn: page, hub, organization }) => {
  const [keys, key, logs] = [new ApiKeysPage(page), new ApiKeyPage(page), new LogsPage(page)];
  const refused = (secret: string) =>
    expect(async () => {
      await expect(client(hub, secret).models.list()).rejects.toThrow(OpenAI.AuthenticationError);
    }).toPass({ timeout: HOLDS_WITHIN });

  await keys.open(organization.slug);
  const first = await keys.create("Web");
  await expect(page.getByText("Waiting for its first call…")).toBeVisible();
  await call(hub, first);
  await expect(page.getByText("Its first call has arrived")).toBeVisible();
  await keys.storeSecret();
  await expect(keys.row("Web")).toContainText("Active");
  await expect(keys.row("Web")).toContainText("1 call");

  await keys.openKey("Web");
  await expect(key.settings).toContainText("Standard");
  await expect(page.getByRole("figure")).toBeVisible();
  await key.tab("Calls");
  await logs.openCall(logs.rows.first());
  await page.keyboard.press("Escape");

  const second = await key.rotate("24 hours");
  expect(second).not.toBe(first);
  await keys.storeSecret();
  await expect(key.rotation).toContainText(/Rotating: (24 h|23 h 59 min) left/);
  await expect(key.rotation).toContainText("wasn’t used since the rotation");
  await call(hub, second);
  await call(hub, first);
  await expect(key.rotation).toContainText("is still used");

  await test.step("the old secret's end is moved", async () => {
    const dialog = await key.act("Extend");
    await dialog.getByRole("radio", { name: "7 days" }).check();
    await dialog.getByRole("button", { name: "Set the end" }).click();
    await expect(key.rotation).toContainText(/Rotating: (7|6) days left/);
  });

  await test.step("the old secret is ended early", async () => {
    const dialog = await key.act("End now");
    await expect(dialog).toContainText("is still used");
    await dialog.getByRole("button", { name: "End it now" }).click();
    await expect(key.rotation).toBeHidden();
    await refused(first);
    await call(hub, second);
  });

  await test.step("it is revoked, after saying what used it", async () => {
    const question = await key.act("Revoke");
    await expect(question).toContainText("4 calls in the last 24 hours");
    await expect(question).toContainText(/OpenAI\/JS/);
    await question.getByRole("button", { name: "Revoke key" }).click();
    await expect(page.getByText("Its secret is refused for good.")).toBeVisible();
    await refused(second);
  });

  await test.step("its history tells all of it, and no secret", async () => {
    await key.tab("History");
    for (const done of ["Revoked", "Grace period changed", "Rotated", "Created"]) {
      await expect(key.history.getByText(done, { exact: true }).first()).toBeVisible();
    }
    await expect(key.history).toContainText("Mira Sorel");
    await page.reload();
    await expect(key.history).toBeVisible();
    for (const secret of [first, second]) expect(await page.content()).not.toContain(secret);
  });
});

test("a key's page and its dialogs are accessible", async ({ signedIn: page, hub, organization }) => {
  const { id, secret } = await hub.key(organization);
  await call(hub, secret);
  const [keys, key] = [new ApiKeysPage(page), new ApiKeyPage(page)];
  const look = async () => {
    await expectToFit(page);
    await expectAccessible(page);
  };
  const leave = async () => {
    await page.keyboard.press("Escape");
    await expect(key.dialog).toBeHidden();
  };
  await page.goto(`/o/${organization.slug}/keys/${id}`);
  await expect(page.getByRole("figure")).toBeVisible();
  await look();
  for (const act of ["Edit", "Rotate", "Revoke"] as const) {
    await key.act(act);
    await expect(page.locator("dialog [aria-busy]")).toHaveCount(0);
    await look();
    await leave();
  }
  await key.rotate("24 hours");
  await look();
  await keys.storeSecret();
  for (const act of ["Extend", "End now"] as const) {
    await key.act(act);
    await look();
    await leave();
  }
  await key.tab("History");
  await expect(key.history).toBeVisible();
  await look();
});

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
  expect(await downloaded(file)).toBe(`OPENAI_API_KEY=${secret}\nOPENAI_BASE_URL=${url}\n`);

  await keys.storeSecret();
  await page.reload();
  await expect(keys.row("Web")).toBeVisible();
  await expect(keys.secret).toBeHidden();
  expect(await page.content()).not.toContain(secret);
});

test("what was typed stays when the form is closed, and wrong lines are named", async ({ signedIn: page, organization }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await keys.startCreating();
  await keys.creation.getByLabel("Name").fill("Restricted");
  await keys.creation.getByRole("button", { name: "Only these networks" }).click();
  await keys.creation.getByLabel("Networks").fill("203.0.113.0/24\n\n10.0.0.300");
  await keys.submit();
  await expect(keys.creation.getByRole("alert").filter({ hasText: /^Line 3: "10.0.0.300"/ })).toBeVisible();
  await expect(keys.creation.getByLabel("Networks")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(keys.creation).toBeHidden();
  await expect(page).toHaveURL(/\/keys$/);

  await keys.startCreating();
  await expect(keys.creation.getByLabel("Name")).toHaveValue("Restricted");
  await keys.creation.getByLabel("Networks").fill("203.0.113.7/24");
  await keys.creation.getByRole("button", { name: /^Only chosen/ }).first().click();
  await keys.submit();
  await expect(keys.creation.getByRole("alert").filter({ hasText: "Choose at least one" })).toBeVisible();
  await keys.creation.getByRole("checkbox", { name: "Chat" }).check();
  await keys.submit();
  await keys.storeSecret();
  await keys.openKey("Restricted");
  await expect(new ApiKeyPage(page).settings).toContainText("203.0.113.0/24");
});

test("an edited key obeys at once, and a moved one leaves its calls where they were", async ({ signedIn: page, hub, organization }) => {
  await hub.command(["project", "create", "--org", organization.slug, "--name", "Second"]);
  const { secret } = await hub.key(organization);
  await call(hub, secret);
  const [keys, key, logs] = [new ApiKeysPage(page), new ApiKeyPage(page), new LogsPage(page)];
  await keys.open(organization.slug);
  const dialog = await keys.act("standard key", "Edit…");
  await dialog.getByLabel("Name").fill("Renamed");
  await dialog.getByLabel("Project").selectOption({ label: "Second" });
  await dialog.getByRole("group", { name: "Scopes" }).getByRole("button", { name: /^Only chosen/ }).click();
  await dialog.getByRole("checkbox", { name: "Embeddings" }).check();

  await page.keyboard.press("Escape");
  const question = page.getByRole("dialog", { name: "Discard your changes?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog.getByLabel("Name")).toHaveValue("Renamed");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(keys.row("Renamed")).toContainText("Second");
  await expect(async () => {
    await expect(call(hub, secret)).rejects.toThrow(OpenAI.PermissionDeniedError);
  }).toPass({ timeout: HOLDS_WITHIN });

  await keys.openKey("Renamed");
  await key.tab("History");
  await expect(key.history).toContainText("standard key → Renamed");
  await expect(key.history).toContainText("all → Embeddings");
  await logs.open(organization.slug, "?outcome=succeeded");
  await logs.openCall(logs.rows.first());
  await expect(logs.call).toContainText("Default");
});

test("keys are chosen one by one or as a range, and revoked together", async ({ signedIn: page, hub, organization }) => {
  const names = ["Alpha", "Beta", "Gamma", "Delta"];
  for (const name of names) await hub.key(organization, "standard", "--name", name);
  const used = await hub.key(organization);
  await call(hub, used.secret);
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug, "?sort=name");
  await keys.row("Alpha").getByRole("checkbox").check();
  await keys.row("Delta").getByRole("checkbox").click({ modifiers: ["Shift"] });
  await expect(keys.bulk).toContainText("3 keys chosen");
  await keys.row("Beta").getByRole("checkbox").uncheck();
  await expect(keys.bulk).toContainText("2 keys chosen");
  await keys.bulk.getByRole("button", { name: "All on this page" }).click();
  await expect(keys.bulk).toContainText("5 keys chosen");
  await keys.row("Gamma").getByRole("checkbox").uncheck();
  await expectToFit(page);
  await expectAccessible(page);

  await keys.bulk.getByRole("button", { name: "Revoke…" }).click();
  const question = page.getByRole("dialog", { name: "Revoke 4 keys?" });
  await expect(question).toContainText("1 call in the last 24 hours, with 1 key");
  await expect(question).toContainText("standard key");
  await expectAccessible(page);
  await question.getByRole("button", { name: "Revoke keys" }).click();
  await expect(keys.status.getByRole("link", { name: "Revoked" })).toContainText("4");
  await keys.status.getByRole("link", { name: "Active" }).click();
  await expect(keys.rows).toHaveCount(1);
  await expect(keys.row("Gamma")).toBeVisible();
});

test("search, filters and order are in the address, and Back undoes them", async ({ signedIn: page, hub, organization }) => {
  await hub.key(organization, "standard", "--name", "Shop");
  await hub.key(organization, "read", "--name", "Grafana");
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await page.getByRole("combobox", { name: "Level" }).selectOption("read");
  await expect(page).toHaveURL(/level=read/);
  await expect(keys.rows).toHaveCount(1);
  await page.reload();
  await expect(keys.row("Grafana")).toBeVisible();
  await page.goBack();
  await expect(keys.rows).toHaveCount(2);

  const steps = await page.evaluate(() => history.length);
  await page.getByRole("searchbox", { name: "Find a key" }).pressSequentially("shop");
  await expect(page).toHaveURL(/q=shop/);
  await expect(keys.rows).toHaveCount(1);
  expect(await page.evaluate(() => history.length)).toBe(steps);
  await page.getByRole("searchbox", { name: "Find a key" }).fill("nothing is called so");
  await page.getByRole("link", { name: "Show all keys" }).click();
  await expect(keys.rows).toHaveCount(2);
  await expect(page.getByRole("searchbox", { name: "Find a key" })).toHaveValue("");
});

test("a column's header sorts, and sorts the other way round", async ({ signedIn: page, hub, organization }, { project }) => {
  test.skip(project.name === "phone", "cards have no headers; there is a list instead");
  await hub.key(organization, "standard", "--name", "Abel");
  await hub.key(organization, "standard", "--name", "Zoe");
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const header = page.getByRole("columnheader", { name: "Name" });
  await header.getByRole("button").click();
  await expect(header).toHaveAttribute("aria-sort", "ascending");
  await expect(keys.rows.first()).toContainText("Abel");
  await header.getByRole("button").click();
  await expect(header).toHaveAttribute("aria-sort", "descending");
  await expect(keys.rows.first()).toContainText("Zoe");
  await expect(page).toHaveURL(/sort=name&reversed=true/);
});

test("the CSV holds the keys that are listed", async ({ signedIn: page, hub, organization }) => {
  await hub.key(organization, "standard", "--name", "Shop");
  await hub.key(organization, "read", "--name", "Grafana");
  await new ApiKeysPage(page).open(organization.slug, "?level=read");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export CSV" }).click();
  const rows = parseCsv(await downloaded(await download));
  expect(rows.map((row) => row.name)).toEqual(["Grafana"]);
});

test("a rotation whose answer is lost is made once, and says so", async ({ signedIn: page, hub, organization }) => {
  const { secret } = await hub.key(organization);
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await page.route("**/api/api_keys/rotate", async (route) => {
    await route.fetch();
    await route.abort();
  });
  const dialog = await keys.act("standard key", "Rotate…");
  await dialog.getByRole("button", { name: "Rotate key" }).click();
  await expect(dialog.getByText("The server can't be reached")).toBeVisible();
  await page.unroute("**/api/api_keys/rotate");
  await dialog.getByRole("button", { name: "Rotate key" }).click();
  await expect(dialog).toContainText("already rotated by this very request");
  await expectAccessible(page);
  await call(hub, secret);
  await dialog.getByRole("button", { name: "Create a successor…" }).click();
  await expect(page.getByRole("dialog", { name: "Create a successor of “standard key”" })).toBeVisible();
});

test("what an organization demands of keys is all that the form offers", async ({ signedIn: page, organization }) => {
  const settings = { session_idle_minutes: 120, key_policy: { expiry_required: true, longest_life_days: 60 } };
  const answer = await page.request.post("/api/organizations/update_settings", {
    headers: { "sec-fetch-site": "same-origin" },
    data: { organization: organization.slug, settings },
  });
  expect(answer.ok()).toBe(true);
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await keys.startCreating();
  const lives = keys.creation.getByRole("group", { name: "Expires after" });
  await expect(lives).toContainText("must expire within 60 days");
  await expect(lives.getByRole("radio")).toHaveCount(3);
  await expect(lives.getByRole("radio", { name: "Never" })).toHaveCount(0);
  await lives.getByRole("radio", { name: "On a day" }).check();
  const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000).toLocaleDateString("sv", { timeZone: "Europe/Berlin" });
  await keys.creation.getByLabel("Last day").fill(tomorrow);
  await keys.creation.getByLabel("Name").fill("Short");
  await expectAccessible(page);
  await keys.submit();
  await keys.storeSecret();

  await test.step("what ends soon is pointed out, with its next step", async () => {
    await page.getByRole("button", { name: /^Why “Short” is pointed out/ }).click();
    await expectAccessible(page);
    await page.getByRole("menuitem", { name: /Create a successor/ }).click();
    const dialog = page.getByRole("dialog", { name: "Create a successor of “Short”" });
    await expect(dialog.getByLabel("Name")).toHaveValue("Short");
    await expectAccessible(page);
  });
});

test("a key is rotated without a mouse, and the focus comes back", async ({ signedIn: page, hub, organization }, { project }) => {
  test.skip(project.name !== "desktop", "keyboards are the same everywhere");
  await hub.key(organization);
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const menu = page.getByRole("button", { name: "Acts for standard key" });
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
  await page.getByRole("button", { name: "I have stored it" }).focus();
  await page.keyboard.press("Enter");
  await expect(keys.row("standard key")).toContainText("Rotating");
  await expect(menu).toBeFocused();
});

test("the palette finds a key by its name, and an unknown one is told as such", async ({ signedIn: page, hub, organization }) => {
  const { id } = await hub.key(organization);
  await page.goto(`/o/${organization.slug}/usage`);
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.type("standard");
  await page.getByRole("option", { name: /standard key/ }).click();
  await expect(page).toHaveURL(`/o/${organization.slug}/keys/${id}`);
  await expect(page.getByRole("heading", { level: 1, name: "standard key" })).toBeVisible();
  await page.goto(`/o/${organization.slug}/keys/key_00000000000000000000000000`);
  await expect(page.getByRole("heading", { name: "Nothing is here" })).toBeVisible();
  await expectAccessible(page);
});
