import type { Page } from "@playwright/test";

import { expectAccessible, expectToFit } from "./accessibility.ts";
import { client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import type { Hub } from "../lib/hub.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { LogsPage } from "./pages/logs.ts";
import { SettingsPage } from "./pages/settings.ts";
import { retryUntilApplied } from "./retry.ts";

/** A picture as the API takes it: enough bytes that the page shows only its type and size. */
const PICTURE = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(1_500)]).toString("base64");

/** The state of a call's bodies, which are written soon after the call; `gone` if they don't come. */
async function storedState(page: Page, slug: string, id: string): Promise<string> {
  let state = "gone";
  const written = expect(async () => {
    const answer = await page.request.post("/api/bodies/get", {
      headers: { "sec-fetch-site": "same-origin" },
      data: { organization: slug, id, form: "raw" },
    });
    state = (await answer.json()).state;
    expect(state).not.toBe("gone");
  }).toPass({ intervals: [50], timeout: 2_000 });
  // A call that began before the settings were applied has none.
  await written.catch(() => undefined);
  return state;
}

/** Asks about a picture, once the organization stores bodies; returns the call's ID. */
async function askAboutPicture(page: Page, hub: Hub, secret: string, slug: string, headers: Record<string, string> = {}): Promise<string> {
  const content = [
    { type: "text" as const, text: "What is in it's corner?" },
    { type: "image_url" as const, image_url: { url: `data:image/png;base64,${PICTURE}` } },
  ];
  const request = { model: "sandbox-1", messages: [{ role: "system" as const, content: "Be brief." }, { role: "user" as const, content }] };
  return retryUntilApplied(async () => {
    const { response } = await client(hub, secret).chat.completions.create(request, { headers }).withResponse();
    const id = response.headers.get("x-request-id") ?? "";
    const state = await storedState(page, slug, id);
    return state === "gone" ? undefined : id;
  });
}

async function storeBodies(page: Page, slug: string): Promise<void> {
  const settings = new SettingsPage(page);
  await settings.open(slug);
  await settings.storeBodies();
  await expect(settings.saveButton).toBeHidden();
}

test("a call has a page of its own, with its conversation, its picture on demand, and code that sends it again", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await storeBodies(page, organization.slug);
  const id = await askAboutPicture(page, hub, key.secret, organization.slug);
  const logs = new LogsPage(page);
  await logs.open(organization.slug, `?call=${id}`);
  await logs.call.getByRole("link", { name: "Open as a page" }).click();
  await expect(page).toHaveURL(new RegExp(`/o/${organization.slug}/logs/${id}$`));
  const main = page.getByRole("main");
  await expect(main.getByRole("heading", { name: "Call", level: 1 })).toBeVisible();

  await test.step("pretty: data is named, and loaded only on demand", async () => {
    const request = main.locator('pre[aria-label="Request"]');
    await expect(request).toContainText("[image/png, 1.5 kB]");
    await expect(main.locator("img")).toHaveCount(0);
    await main.getByRole("button", { name: "Show" }).click();
    const source = (await main.locator("img").getAttribute("src")) ?? "";
    const file = await page.request.get(source);
    expect(file.headers()["content-type"]).toBe("image/png");
    expect((await file.body()).toString("base64")).toBe(PICTURE);
    await expectToFit(page);
    await expectAccessible(page);
  });

  await test.step("raw: as it was sent", async () => {
    await main.getByRole("button", { name: "Raw", exact: true }).click();
    await expect(main.locator('pre[aria-label="Request"]')).toContainText(PICTURE.slice(0, 100));
    const file = await page.request.get((await main.getByRole("link", { name: "Download" }).first().getAttribute("href")) ?? "");
    expect((await file.json()).messages[1].content[1].image_url.url).toContain(PICTURE);
    expect(file.headers()["content-disposition"]).toBe(`attachment; filename="${id}.request.json"`);
  });

  await test.step("as a conversation", async () => {
    await main.getByRole("button", { name: "Conversation" }).click();
    const turns = main.getByRole("list", { name: "Conversation" }).locator(".turn");
    await expect(turns.locator("h3")).toHaveText([/^System/, /^User/, /^Assistant/]);
    await expect(turns.nth(1)).toContainText("What is in it's corner?");
    await expect(turns.nth(1)).toContainText("image/png, 1.5 kB");
    await expectToFit(page);
    await expectAccessible(page);
  });

  await test.step("as code without the key", async () => {
    await main.getByRole("button", { name: "Replay as code" }).click();
    await expect(main.getByRole("region", { name: "curl" })).toContainText("Bearer $TOLLHOUSE_KEY");
    for (const [tab, text] of [["Python", "os.environ['TOLLHOUSE_KEY']"], ["JavaScript", "process.env.TOLLHOUSE_KEY"]] as const) {
      await main.getByRole("tab", { name: tab }).click();
      await expect(main.getByRole("region", { name: tab })).toContainText(text);
    }
    expect(await page.content()).not.toContain(key.secret);
    await expectAccessible(page);
  });
});

test("a link to a call leads to it after signing in", async ({ page, hub, key, organization }) => {
  const { response } = await client(hub, key.secret)
    .chat.completions.create({ model: "sandbox-1", messages: [{ role: "user", content: "Hello" }] })
    .withResponse();
  const id = response.headers.get("x-request-id") ?? "";
  const link = `/o/${organization.slug}/logs/${id}`;
  await page.goto(link);
  await expect(page).toHaveURL(/\/sign-in/);
  await page.getByLabel("Email").fill(organization.email);
  await page.getByLabel("Password").fill(organization.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(link);
  await expect(page.getByRole("main")).toContainText(id);
});

test("a call that doesn't exist has no page", async ({ signedIn: page, organization }) => {
  const response = await page.goto(`/o/${organization.slug}/logs/req_00000000000000000000000000`);
  expect(response?.status()).toBe(404);
});

test("a header keeps a call's bodies out, and the page says why", { tag: "@phone" }, async ({ signedIn: page, hub, key, organization }) => {
  await storeBodies(page, organization.slug);
  const id = await askAboutPicture(page, hub, key.secret, organization.slug, { "x-tollhouse-log": "metadata" });
  await page.goto(`/o/${organization.slug}/logs/${id}`);
  await expect(page.getByRole("main")).toContainText("Not stored: the request had the header x-tollhouse-log: metadata.");
  await expectToFit(page);
});

test("a key can be set to metadata only", { tag: "@phone" }, async ({ signedIn: page, hub, organization }) => {
  await storeBodies(page, organization.slug);
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await keys.startCreating();
  await keys.creation.getByLabel("Name").fill("silent");
  await keys.unfold("Details");
  await keys.creation.getByLabel("Request and response bodies").selectOption("Metadata only");
  await expectToFit(page);
  await expectAccessible(page);
  await keys.submit();
  const secret = await keys.readSecret();
  await keys.storeSecret();
  const id = await askAboutPicture(page, hub, secret, organization.slug);
  await page.goto(`/o/${organization.slug}/logs/${id}`);
  await expect(page.getByRole("main")).toContainText("Not stored: the key is set to metadata only.");
  await page.getByRole("main").getByRole("link", { name: "silent" }).click();
  await expect(page.getByText("Metadata only")).toBeVisible();
});

test("bodies of the calls that the log shows are deleted, and the calls stay", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await storeBodies(page, organization.slug);
  const id = await askAboutPicture(page, hub, key.secret, organization.slug);
  const logs = new LogsPage(page);
  await logs.open(organization.slug, "?model=sandbox-1");
  await expect(logs.row(0)).toBeVisible();
  const calls = await logs.rows.count();
  const more = page.getByRole("button", { name: "More actions" });
  if (await more.isVisible()) await more.click();
  await page.getByRole("button", { name: "Delete bodies" }).filter({ visible: true }).click();
  const dialog = page.getByRole("dialog", { name: "Delete requests and responses?" });
  await expect(dialog).toContainText("Model: sandbox-1");
  await expectToFit(page);
  await expectAccessible(page);
  await expect(dialog.getByRole("button", { name: "Delete" })).toHaveAttribute("aria-disabled", "true");
  await dialog.getByLabel("Type delete to confirm").fill("delete");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(dialog.getByRole("status")).toContainText(/Done: the requests and responses of \d+ calls? were deleted\./);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(dialog).toBeHidden();
  await expect(logs.rows).toHaveCount(calls);
  await page.goto(`/o/${organization.slug}/logs/${id}`);
  await expect(page.getByRole("main")).toContainText("Not available: retention expired, deleted, or still being saved.");
});
