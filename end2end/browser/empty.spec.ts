import { Session } from "../lib/session.ts";
import { expectAccessible } from "./accessibility.ts";
import { expect, signIn, test } from "./fixtures.ts";

test("a developer without a project reads that, wherever there is nothing for them", { tag: "@widths" }, async ({ page, hub, organization }) => {
  const developer = { email: `developer@${organization.slug}.example`, password: organization.password };
  const role = ["--email", developer.email, "--name", "Dev", "--org", organization.slug, "--role", "developer"];
  await hub.runCommand(["user", "create", ...role, "--password-stdin"], developer.password);
  await signIn(page.context(), await Session.signIn(hub, { slug: organization.slug, ...developer }));
  for (const path of ["", "/keys", "/logs", "/usage"]) {
    await page.goto(`/o/${organization.slug}${path}`);
    await expect(page.getByRole("heading", { name: "You aren't assigned to a project" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Create key" })).toHaveCount(0);
    await expectAccessible(page);
  }
});

test("nothing is promised of a key that can't be used any more", async ({ signedIn: page, owner, key, organization }) => {
  await owner.invoke("api_keys/revoke", { ids: [key.id] });
  for (const tab of ["overview", "calls"]) {
    await page.goto(`/o/${organization.slug}/keys/${key.id}?tab=${tab}`);
    await expect(page.getByRole("heading", { name: /^No (calls in this range|calls yet)$/ })).toBeVisible();
    await expect(page.getByRole("main")).not.toContainText("will appear here automatically");
  }
});

test("an organization that never called isn't offered a wider range", async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/usage`);
  await expect(page.getByRole("heading", { name: "No calls yet" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Show the last 90 days" })).toHaveCount(0);
});
