import type { Page } from "@playwright/test";

import type { Hub } from "../lib/hub.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { LogsPage } from "./pages/logs.ts";
import { SettingsPage } from "./pages/settings.ts";
import { untilItHolds } from "./until.ts";

const CUSTOMER = "planted-customer";

/** A call with a field that names a customer, and the id it has in the log. */
async function ask(hub: Hub, secret: string, content: string): Promise<{ id: string; said: string }> {
  const request = { model: "sandbox-1", user: CUSTOMER, messages: [{ role: "user" as const, content }] };
  const { data, response } = await client(hub, secret).chat.completions.create(request).withResponse();
  return { id: response.headers.get("x-request-id") ?? "", said: data.choices[0]?.message.content ?? "" };
}

/** The same, streamed. */
async function askStreaming(hub: Hub, secret: string, content: string): Promise<{ id: string; said: string }> {
  const request = { model: "sandbox-1", user: CUSTOMER, stream: true as const, messages: [{ role: "user" as const, content }] };
  const { data, response } = await client(hub, secret).chat.completions.create(request).withResponse();
  let said = "";
  for await (const chunk of data) said += chunk.choices[0]?.delta.content ?? "";
  return { id: response.headers.get("x-request-id") ?? "", said };
}

/** What there is of a call's bodies, once they had time to be written. */
async function kept(page: Page, slug: string, id: string): Promise<{ state: string; request?: { text: string; cut: boolean } }> {
  let kept = { state: "gone" };
  await expect(async () => {
    const answer = await page.request.post("/api/bodies/get", {
      headers: { "sec-fetch-site": "same-origin" },
      data: { organization: slug, id },
    });
    kept = await answer.json();
    expect(kept.state).not.toBe("gone");
  }).toPass({ intervals: [50] });
  return kept;
}

/** Calls until what was just chosen `holds` for what is kept. */
async function askUntil(
  asking: () => Promise<{ id: string; said: string }>,
  holds: (id: string) => Promise<boolean>,
): Promise<{ id: string; said: string }> {
  return untilItHolds(async () => {
    const asked = await asking();
    return (await holds(asked.id)) ? asked : undefined;
  });
}

test("whether and how what is said is kept is chosen in the settings, and a call without it says why", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  const section = settings.section("Requests and responses");
  await settings.open(organization.slug);
  await expect(section.getByRole("radio", { name: /^Keep them/ })).toBeChecked();
  await expect(section.getByLabel("Days")).toHaveValue("30");
  await section.getByRole("radio", { name: /^Keep nothing/ }).check();
  await expect(section.getByLabel("Days")).toBeHidden();
  await settings.saved("Requests and responses");
  const { id } = await ask(hub, key.secret, "Good evening");
  await logs.open(organization.slug, `?call=${id}`);
  await expect(logs.call).toContainText("This organization doesn't keep them.");
  await expectToFit(page);
  await expectAccessible(page);

  await logs.call.getByRole("link", { name: "Settings" }).click();
  await section.getByRole("radio", { name: /^Keep them/ }).check();
  await section.getByLabel("Days").fill("91");
  await section.getByLabel("Most of each, in KiB").fill("0");
  await section.getByLabel("Fields to leave out").fill("a..b");
  await settings.save("Requests and responses");
  for (const why of ["Choose 1 to 90 days.", "Choose 1 to 4096 KiB.", '"a..b" is no field']) {
    await expect(section.getByRole("alert").filter({ hasText: why })).toBeVisible();
  }
  await expectToFit(page);
  await expectAccessible(page);
  await section.getByRole("button", { name: "7 days" }).click();
  await section.getByLabel("Most of each, in KiB").fill("64");
  await section.getByLabel("Fields to leave out").fill("user\n\nmetadata.customer");
  await settings.saved("Requests and responses");
  await page.reload();
  await expect(section.getByLabel("Days")).toHaveValue("7");
  await expect(section.getByLabel("Fields to leave out")).toHaveValue("user\nmetadata.customer");
});

test("request and response are shown with the call, without what was to be left out", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  const look = async () => {
    await expectToFit(page);
    await expectAccessible(page);
  };
  await settings.open(organization.slug);
  await settings.section("Requests and responses").getByLabel("Fields to leave out").fill("user");
  await settings.saved("Requests and responses");

  const call = await askUntil(
    () => ask(hub, key.secret, "Tell me of the road"),
    async (id) => !(await kept(page, organization.slug, id)).request?.text.includes(CUSTOMER),
  );

  await test.step("both sides are shown as they passed", async () => {
    await logs.open(organization.slug, `?call=${call.id}`);
    const request = JSON.parse((await logs.said("Request").textContent()) ?? "");
    expect(request).toMatchObject({ model: "sandbox-1", user: "[redacted]", messages: [{ content: "Tell me of the road" }] });
    const response = JSON.parse((await logs.said("Response").textContent()) ?? "");
    expect(response.choices[0].message.content).toBe(call.said);
    await expect(logs.call).not.toContainText("Put together from the pieces of a stream.");
    await expect(logs.call).toContainText(/Kept until \d/);
    await logs.call.getByText("Headers", { exact: true }).first().click();
    await expect(logs.call.locator("dt", { hasText: "authorization" }).locator("+ dd")).toHaveText("[redacted]");
    await look();
    const content = await page.content();
    for (const secret of [key.secret, CUSTOMER]) expect(content).not.toContain(secret);
  });

  await test.step("a stream is put together to the answer it tells", async () => {
    const streamed = await askStreaming(hub, key.secret, "And of the sea");
    expect((await kept(page, organization.slug, streamed.id)).state).toBe("kept");
    await logs.open(organization.slug, `?call=${streamed.id}`);
    const response = JSON.parse((await logs.said("Response").textContent()) ?? "");
    expect(response.choices[0].message.content).toBe(streamed.said);
    await expect(logs.call).toContainText("Put together from the pieces of a stream.");
    await look();
  });
});

test("what is longer than what is kept is cut, and says so", { tag: "@phone" }, async ({ signedIn: page, hub, key, organization }) => {
  const [settings, logs] = [new SettingsPage(page), new LogsPage(page)];
  await settings.open(organization.slug);
  await settings.section("Requests and responses").getByLabel("Most of each, in KiB").fill("1");
  await settings.saved("Requests and responses");
  const { id } = await askUntil(
    () => ask(hub, key.secret, "word ".repeat(500)),
    async (id) => (await kept(page, organization.slug, id)).request?.cut ?? false,
  );
  await logs.open(organization.slug, `?call=${id}`);
  await expect(logs.said("Request")).toContainText("word word");
  await expect(logs.call).toContainText("Cut: it was longer than what is kept.");
  await expectToFit(page);
});

test("a call that was turned away has nothing to show", async ({ signedIn: page, hub, key, organization }) => {
  const logs = new LogsPage(page);
  const messages = [{ role: "user" as const, content: "Hello" }];
  await expect(client(hub, key.secret).chat.completions.create({ model: "unknown", messages })).rejects.toThrow("404");
  await logs.open(organization.slug);
  await logs.openCall(logs.rows.first());
  await expect(logs.call).toContainText("404");
  await expect(logs.call.getByRole("heading", { name: "Request and response" })).toHaveCount(0);
  await expect(logs.said("Request")).toHaveCount(0);
});
