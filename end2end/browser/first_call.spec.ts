import { run } from "../lib/process.ts";
import { expect, test } from "./fixtures.ts";
import { scaleTimeout } from "./pace.ts";

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
    await page.goto(`/o/${organization.slug}`);
    await expect(page.getByText("Waiting for the first call…")).toBeVisible();
    const tab = page.getByRole("tab", { name: language });
    await tab.click();
    await expect(tab).toHaveAttribute("aria-selected", "true");
    const snippet = await page.getByRole("region", { name: "Snippet" }).innerText();
    const [program, args] = getCommand(snippet);
    expect(await run(program, args, { env: { ...process.env, TOLLHOUSE_KEY: key.secret } })).not.toBe("");
    await expect(page.getByRole("heading", { name: "Your first call is here" })).toBeVisible({ timeout: LIVE_TIMEOUT });
  });
}
