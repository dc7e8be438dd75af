import type { Page } from "@playwright/test";

import type { Hub } from "../lib/hub.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { SettingsPage } from "./pages/settings.ts";
import { retryUntilApplied } from "./retry.ts";

const CUSTOMER = "planted-customer";

/** A call: its ID in the log, and the text that the model answered. */
interface Call {
  id: string;
  answer: string;
}

/** Calls with a field that names a customer. */
async function callForCustomer(hub: Hub, secret: string, content: string): Promise<Call> {
  const request = { model: "sandbox-1", user: CUSTOMER, messages: [{ role: "user" as const, content }] };
  const { data, response } = await client(hub, secret).chat.completions.create(request).withResponse();
  return { id: response.headers.get("x-request-id") ?? "", answer: data.choices[0]?.message.content ?? "" };
}

/** Calls with a field that names a customer, and reads the answer as a stream. */
async function streamForCustomer(hub: Hub, secret: string, content: string): Promise<Call> {
  const request = { model: "sandbox-1", user: CUSTOMER, stream: true as const, messages: [{ role: "user" as const, content }] };
  const { data, response } = await client(hub, secret).chat.completions.create(request).withResponse();
  let answer = "";
  for await (const chunk of data) answer += chunk.choices[0]?.delta.content ?? "";
  return { id: response.headers.get("x-request-id") ?? "", answer };
}

/** Fetches a call's bodies, once they are written. */
async function fetchBodies(page: Page, slug: string, id: string): Promise<{ state: string; request?: { text: string; cut: boolean } }> {
  let bodies = { state: "gone" };
  await expect(async () => {
    const response = await page.request.post("/api/bodies/get", {
      headers: { "sec-fetch-site": "same-origin" },
      data: { organization: slug, id, form: "raw" },
    });
    bodies = await response.json();
    expect(bodies.state).not.toBe("gone");
  }).toPass({ intervals: [50] });
  return bodies;
}

/** Calls until the settings that were just saved are applied to a call. */
async function callUntilApplied(makeCall: () => Promise<Call>, isApplied: (id: string) => Promise<boolean>): Promise<Call> {
  return retryUntilApplied(async () => {
    const call = await makeCall();
    return (await isApplied(call.id)) ? call : undefined;
  });
}

test("nothing is stored before somebody has decided, and the question is answered once", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  const { id } = await callForCustomer(hub, key.secret, "Good morning");
  await logs.open(organization.slug, `?call=${id}`);
  await expect(logs.call).toContainText("Request and response bodies aren't stored.");
  await logs.call.getByRole("link", { name: "Change in settings" }).click();
  const section = settings.section("Request and response bodies");
  await expect(section.getByRole("radio", { name: /^Metadata only/ })).toBeChecked();
  await expectToFit(page);
  await expectAccessible(page);
  await settings.storeBodies();
  await expect(settings.saveButton).toBeHidden();
  await page.reload();
  await expect(section.getByLabel("Keep for")).toHaveValue("30");
  await expect(section.getByRole("button", { name: "Save choice" })).toHaveCount(0);
});

test("the first steps ask whether to store bodies, once", { tag: "@widths" }, async ({ signedIn: page, owner, organization }) => {
  await page.goto(`/o/${organization.slug}`);
  const question = page.getByRole("region", { name: "Store request and response bodies?" });
  await expect(question.getByRole("radio", { name: /^Metadata only/ })).toBeChecked();
  await question.getByRole("radio", { name: /^With request and response bodies/ }).check();
  await expectToFit(page);
  await expectAccessible(page);
  await question.getByRole("button", { name: "Save choice" }).click();
  await expect(question).toBeHidden();
  const { bodies } = await owner.invoke<{ bodies: object }>("organizations/settings");
  expect(bodies).toMatchObject({ days: 30 });
  await page.reload();
  await expect(page.getByText("Waiting for the first call…")).toBeVisible();
  await expect(question).toHaveCount(0);
});

test("settings choose whether and how requests and responses are stored, and a call without them says why", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  const section = settings.section("Request and response bodies");
  await settings.open(organization.slug);
  await settings.storeBodies();
  await section.getByRole("radio", { name: /^Metadata only/ }).check();
  await expect(section.getByLabel("Keep for")).toBeHidden();
  await settings.saveButton.click();
  await expect(settings.deletionDialog).toContainText("All stored request and response bodies will be deleted within the hour.");
  await settings.deletionDialog.getByRole("button", { name: "Save and delete" }).click();
  await expect(settings.saveButton).toBeHidden();
  const { id } = await callForCustomer(hub, key.secret, "Good evening");
  await logs.open(organization.slug, `?call=${id}`);
  await expect(logs.call).toContainText("Request and response bodies aren't stored.");
  await expectToFit(page);
  await expectAccessible(page);

  await logs.call.getByRole("link", { name: "Change in settings" }).click();
  await expect(page).toHaveURL(/\/settings#bodies$/);
  await section.getByRole("radio", { name: /^With request and response bodies/ }).check();
  await settings.typeDays("Request and response bodies", "91");
  await section.getByLabel("Maximum size (KiB)").fill("0");
  await section.getByLabel("Redacted fields").fill("a..b");
  await settings.saveButton.click();
  for (const why of ["Choose 1 to 90 days.", "Choose 1 to 4096 KiB.", '"a..b" isn\'t a valid field']) {
    await expect(section.getByRole("alert").filter({ hasText: why })).toBeVisible();
  }
  await expectToFit(page);
  await expectAccessible(page);
  await section.getByLabel("Keep for").selectOption("7 days");
  await section.getByLabel("Maximum size (KiB)").fill("64");
  await section.getByLabel("Redacted fields").fill("user\n\nmetadata.customer");
  await settings.saveAndWait();
  await page.reload();
  await expect(section.getByLabel("Keep for")).toHaveValue("7");
  await expect(section.getByLabel("Redacted fields")).toHaveValue("user\nmetadata.customer");
});

test("request and response are shown with the call, without the redacted fields", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  const checkPage = async () => {
    await expectToFit(page);
    await expectAccessible(page);
  };
  await settings.open(organization.slug);
  await settings.storeBodies();
  await settings.section("Request and response bodies").getByLabel("Redacted fields").fill("user");
  await settings.saveAndWait();

  const call = await callUntilApplied(
    () => callForCustomer(hub, key.secret, "Tell me of the road"),
    async (id) => (await fetchBodies(page, organization.slug, id)).request?.text.includes(CUSTOMER) === false,
  );

  await test.step("both sides are shown as they passed", async () => {
    await logs.open(organization.slug, `?call=${call.id}`);
    const request = JSON.parse((await logs.body("Request").textContent()) ?? "");
    expect(request).toMatchObject({ model: "sandbox-1", user: "[REDACTED user]", messages: [{ content: "Tell me of the road" }] });
    const response = JSON.parse((await logs.body("Response").textContent()) ?? "");
    expect(response.choices[0].message.content).toBe(call.answer);
    await expect(logs.call).not.toContainText("Assembled from the stream.");
    await expect(logs.call).toContainText(/Stored until \d/);
    await logs.call.getByText("Headers", { exact: true }).first().click();
    await expect(logs.call.locator("dt", { hasText: "authorization" }).locator("+ dd")).toHaveText("[REDACTED]");
    await checkPage();
    const content = await page.content();
    for (const secret of [key.secret, CUSTOMER]) expect(content).not.toContain(secret);
  });

  await test.step("a stream is put together to the answer that the client read", async () => {
    const streamed = await streamForCustomer(hub, key.secret, "And of the sea");
    expect((await fetchBodies(page, organization.slug, streamed.id)).state).toBe("kept");
    await logs.open(organization.slug, `?call=${streamed.id}`);
    const response = JSON.parse((await logs.body("Response").textContent()) ?? "");
    expect(response.choices[0].message.content).toBe(streamed.answer);
    await expect(logs.call).toContainText("Assembled from the stream.");
    await checkPage();
  });
});

test("stored bodies are searched for a text, in a range of at most a week", async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  await settings.open(organization.slug);
  await settings.storeBodies();
  await expect(settings.saveButton).toBeHidden();
  const isStored = async (id: string) => (await fetchBodies(page, organization.slug, id)).state === "kept";
  await callUntilApplied(() => callForCustomer(hub, key.secret, "Good morning"), isStored);
  const { id } = await callForCustomer(hub, key.secret, "Is the Lighthouse lit?");
  expect(await isStored(id)).toBe(true);

  await logs.open(organization.slug, "?range=7d");
  await expect(logs.row(1)).toBeVisible();
  await logs.searchFor('text:"the lighthouse"');
  await expect(page).toHaveURL(/\?range=7d&text=the(\+|%20)lighthouse$/);
  await expect(logs.rows).toHaveCount(1);
  await logs.openCall(logs.row(0));
  await expect(logs.call).toContainText(id);
  await logs.call.getByRole("button", { name: /^Close/ }).click();
  await logs.searchFor("text:nowhere-in-any-of-them");
  await expect(page.getByRole("heading", { name: "No matching calls" })).toBeVisible();

  await logs.open(organization.slug, "?range=30d&text=lighthouse");
  await expect(page.getByRole("main")).toContainText("Choose a range of at most 7 days to search for a text.");
  await expect(logs.rows).toHaveCount(0);
});

test("a body longer than the limit is cut, and the page says so", { tag: "@phone" }, async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  await settings.open(organization.slug);
  await settings.storeBodies();
  await settings.section("Request and response bodies").getByLabel("Maximum size (KiB)").fill("1");
  await settings.saveAndWait();
  const { id } = await callUntilApplied(
    () => callForCustomer(hub, key.secret, "word ".repeat(500)),
    async (id) => (await fetchBodies(page, organization.slug, id)).request?.cut ?? false,
  );
  await logs.open(organization.slug, `?call=${id}`);
  await expect(logs.body("Request")).toContainText("word word");
  await expect(logs.call).toContainText("Truncated.");
  await expectToFit(page);
});

test("a rejected call has no request and response to show", async ({ signedIn: page, hub, key, organization }) => {
  const logs = new LogsPage(page);
  const messages = [{ role: "user" as const, content: "Hello" }];
  await expect(client(hub, key.secret).chat.completions.create({ model: "unknown", messages })).rejects.toThrow("404");
  await logs.open(organization.slug);
  await logs.openCall(logs.rows.first());
  await expect(logs.call).toContainText("404");
  await expect(logs.call.getByRole("heading", { name: "Request and response" })).toHaveCount(0);
  await expect(logs.body("Request")).toHaveCount(0);
});
