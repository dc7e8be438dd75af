import { run } from "../lib/process.ts";
import { Session } from "../lib/session.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { scaleTimeout } from "./pace.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { FirstSteps } from "./pages/first_steps.ts";

/** How long a call may take until an open page shows it, in milliseconds. */
const LIVE_TIMEOUT = scaleTimeout(2_000);

/** The command that runs each snippet, as a user who pastes it would. */
const COMMANDS: Record<string, (snippet: string) => [program: string, args: string[]]> = {
  curl: (snippet) => ["bash", ["-c", snippet]],
  Python: (snippet) => [process.env.TOLLHOUSE_PYTHON ?? "python3", ["-c", snippet]],
  JavaScript: (snippet) => [process.execPath, ["--input-type=module", "--eval", snippet]],
};

for (const [language, getCommand] of Object.entries(COMMANDS)) {
  test(`the ${language} snippet works as pasted, and its call arrives on the open page`, async ({ signedIn: page, key, organization }) => {
    const steps = new FirstSteps(page);
    await steps.open(organization.slug);
    const [program, args] = getCommand(await steps.readSnippet(language));
    expect(await run(program, args, { env: { ...process.env, TOLLHOUSE_KEY: key.secret } })).not.toBe("");
    await expect(steps.arrival).toBeVisible({ timeout: LIVE_TIMEOUT });
  });

  test(`the ${language} snippet holds the key that was created beside it`, async ({ signedIn: page, organization }) => {
    const steps = new FirstSteps(page);
    await steps.open(organization.slug);
    const secret = await steps.createKey();
    const snippet = await steps.readSnippet(language);
    expect(snippet).toContain(secret);
    const [program, args] = getCommand(snippet);
    const { TOLLHOUSE_KEY: _, ...env } = process.env;
    expect(await run(program, args, { env })).not.toBe("");
    await expect(steps.arrival).toBeVisible({ timeout: LIVE_TIMEOUT });
  });
}

test("each shell has its own words for the key", async ({ signedIn: page, organization }) => {
  const steps = new FirstSteps(page);
  await steps.open(organization.slug);
  const secret = await steps.createKey();
  for (const [shell, command] of [
    ["curl", `export TOLLHOUSE_KEY='${secret}'\n`],
    ["PowerShell", `$env:TOLLHOUSE_KEY = '${secret}'\n`],
    ["fish", `set -gx TOLLHOUSE_KEY '${secret}'\n`],
  ] as const) {
    expect(await steps.readSnippet(shell)).toContain(command);
    // The key is named once; the call reads the variable.
    expect((await steps.readSnippet(shell)).split(secret)).toHaveLength(2);
  }
});

test("a first key is created in place, kept until it is saved, and gone after that", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const [steps, keys] = [new FirstSteps(page), new ApiKeysPage(page)];
  await steps.open(organization.slug);
  await expect(steps.name).toHaveValue("my-first-key");
  await steps.name.fill("");
  await steps.create.click();
  await expect(page.getByRole("alert").filter({ hasText: /enter a name/i })).toBeVisible();
  await steps.name.fill("laptop");
  const secret = await steps.createKey();
  await expect(page.getByRole("button", { name: "Copy secret" })).toBeFocused();
  await expectToFit(page);
  await expectAccessible(page);
  expect(await coversCode(steps)).toBe(false);

  await test.step("leaving asks first", async () => {
    await page.getByRole("link", { name: "Usage" }).filter({ visible: true }).first().click();
    await expect(steps.leaveDialog).toBeVisible();
    await expectAccessible(page);
    await steps.leaveDialog.getByRole("button", { name: "Cancel" }).click();
    await expect(steps.secret).toHaveText(secret);
  });

  await test.step("once it is saved, only the examples hold it", async () => {
    await page.getByRole("button", { name: "Done, I've saved it" }).click();
    await expect(steps.secret).toBeHidden();
    expect(await steps.readSnippet("curl")).toContain(secret);
    await page.getByRole("link", { name: "Usage" }).filter({ visible: true }).first().click();
    await expect(page).toHaveURL(`/o/${organization.slug}/usage`);
    await page.goBack();
    await expect(page.getByText("You already have a key.")).toBeVisible();
    expect(await page.content()).not.toContain(secret);
    expect(await steps.readSnippet("curl")).toContain("$TOLLHOUSE_KEY");
  });

  await keys.open(organization.slug);
  await expect(keys.row("laptop")).toContainText("Default");
});

test("who can't create a key is told who can", async ({ page, hub, organization }) => {
  for (const [role, text] of [
    ["viewer", "You have view-only access. Ask an admin for a key."],
    ["developer", "You aren't assigned to a project"],
  ] as const) {
    const email = `${role}@${organization.slug}.example`;
    const member = ["--email", email, "--name", "Tess Bakker", "--org", organization.slug, "--role", role];
    await hub.runCommand(["user", "create", ...member, "--password-stdin"], organization.password);
    await signIn(page.context(), await Session.signIn(hub, { ...organization, email }));
    await page.goto(`/o/${organization.slug}`);
    await expect(page.getByText(text)).toBeVisible();
    await expect(page.getByRole("button", { name: "Create key" })).toHaveCount(0);
  }
});

/** Whether the button beside a snippet lies over its code. */
async function coversCode(steps: FirstSteps): Promise<boolean> {
  const [code, button] = [await steps.snippet.boundingBox(), await steps.copySnippet.boundingBox()];
  if (!code || !button) throw new Error("a snippet isn't shown");
  return button.x < code.x + code.width && button.x + button.width > code.x;
}
