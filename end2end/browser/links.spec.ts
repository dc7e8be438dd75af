import { expectAccessible } from "./accessibility.ts";
import { call } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";

test("a link with a filter that isn't valid shows no figures, and leads to the page without it", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const main = page.getByRole("main");
  for (const [address, name] of [
    ["usage?range=7d&project=nope", "project"],
    ["usage?range=banana", "range"],
    ["usage?view=fortnight", "view"],
    [`logs?key=${key.id},bad`, "key"],
    ["logs?outcome=lost", "outcome"],
    ["logs?from=2026-11-17T14:00:00Z&to=2026-11-17T13:00:00Z", "to"],
    ["keys?status=lost", "status"],
    ["keys?page=0", "page"],
    [`keys/${key.id}?range=banana`, "range"],
  ] as const) {
    await page.goto(`/o/${organization.slug}/${address}`);
    await expect(main.getByRole("heading", { name: "This link's filter isn't valid" })).toBeVisible();
    await expect(main).toContainText(`Not valid: ${name}.`);
    await expect(main.getByRole("table")).toHaveCount(0);
    await expect(main.getByRole("figure")).toHaveCount(0);
  }
  await page.goto(`/o/${organization.slug}/usage?range=7d&project=nope`);
  await expect(main.getByRole("heading", { name: "This link's filter isn't valid" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Remove what isn't valid" }).click();
  await expect(page).toHaveURL(/\/usage\?range=7d$/);
  await expect(main.getByRole("figure").first()).toBeVisible();
});

test("a filter by what doesn't exist is an error, and no empty page", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const main = page.getByRole("main");
  for (const [address, rest] of [
    ["usage?project=proj_00000000000000000000000007", "usage"],
    ["logs?key=key_00000000000000000000000007", "logs"],
    ["keys?project=proj_00000000000000000000000007", "keys"],
    ["usage?tz=Mars/Base", "usage"],
  ] as const) {
    await page.goto(`/o/${organization.slug}/${address}`);
    await expect(main.getByRole("heading", { name: "Invalid filter" })).toBeVisible();
    await expect(main.getByRole("table")).toHaveCount(0);
    await expectAccessible(page);
    await main.getByRole("link", { name: "Remove the filter", exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/${rest}$`));
    await expect(main.getByRole("heading", { name: "Invalid filter" })).toHaveCount(0);
  }
});

test("what isn't there is a 404, within the organization's menus if it is one's own", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const notFound = page.getByRole("heading", { name: "Page not found" });
  const menu = page.getByRole("navigation", { name: "Modules" }).filter({ visible: true });
  for (const path of ["nothing-here", "keys/nope"]) {
    const answer = await page.goto(`/o/${organization.slug}/${path}`);
    expect(answer?.status()).toBe(404);
    await expect(notFound).toBeVisible();
    await expect(menu.first()).toBeVisible();
    await expectAccessible(page);
  }
  const answer = await page.goto("/o/not-mine");
  expect(answer?.status()).toBe(404);
  await expect(notFound).toBeVisible();
  await expect(menu).toHaveCount(0);
});

test("a project that is chosen stays chosen, where there is a choice", async ({ signedIn: page, hub, owner, organization }) => {
  await hub.runCommand(["project", "create", "--org", organization.slug, "--name", "Second"]);
  const projects = await owner.invoke<{ id: string; name: string }[]>("projects/list");
  const second = projects.find(({ name }) => name === "Second")?.id;
  await owner.invoke("api_keys/create", { input: { name: "In second", level: "standard", life: "never", project_id: second } });
  await owner.createKey({ name: "In the first" });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await expect(keys.rows).toHaveCount(2);
  const choice = page.getByRole("button", { name: /^Project:/ });
  await expect(page.getByRole("combobox", { name: "Project" })).toHaveCount(0);
  await choice.click();
  await page.getByRole("menuitem", { name: "Second" }).click();
  await expect(keys.rows).toHaveCount(1);

  const follow = (name: string) => page.getByRole("link", { name, exact: true }).filter({ visible: true }).first().click();
  await follow("Usage");
  await expect(page).toHaveURL(`/o/${organization.slug}/usage?project=${second}`);
  await expect(choice).toHaveText(/Second/);
  await follow("Settings");
  await expect(page).toHaveURL(`/o/${organization.slug}/settings`);
  await expect(choice).toHaveCount(0);
  await follow("API keys");
  await expect(page).toHaveURL(`/o/${organization.slug}/keys?project=${second}`);

  await keys.openKey("In second");
  await expect(choice).toHaveCount(0);
  await page.reload();
  await page.getByRole("main").getByRole("link", { name: "API keys" }).click();
  await expect(page).toHaveURL(`/o/${organization.slug}/keys?project=${second}`);
  await choice.click();
  await page.getByRole("menuitem", { name: "All projects" }).click();
  await expect(keys.rows).toHaveCount(2);
});
