import OpenAI from "openai";
import type { Locator, Page } from "@playwright/test";

import type { Hub } from "../lib/hub.ts";
import { call, client } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { FirstSteps } from "./pages/first_steps.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";
import { retryUntilApplied } from "./retry.ts";

/** A way to use pages. */
interface Hand {
  /** Gives an element the focus. */
  reach(target: Locator): Promise<void>;
  press(target: Locator): Promise<void>;
  /** Reads the only bar of the usage page's chart, and opens its calls. */
  followBar(usage: UsagePage): Promise<void>;
}

test("the whole way from the account to the revoked key, by touch alone", { tag: "@phone" }, async ({ page, hub }) => {
  const press = (target: Locator) => target.tap();
  await walk(page, hub, "touch", {
    reach: press,
    press,
    async followBar(usage) {
      await press(usage.bars);
      await expect(usage.tooltip).toContainText("1 call");
      await press(usage.tooltip.getByRole("link", { name: "View calls" }));
    },
  });
});

test("the whole way from the account to the revoked key, by keyboard alone", async ({ page, hub }) => {
  const reach = async (target: Locator) => {
    await expect(target).toBeVisible();
    const isInMenu = (await target.getAttribute("role")) === "menuitem";
    for (let presses = 0; presses < 80; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press(isInMenu ? "ArrowDown" : "Tab");
    }
    throw new Error(`No key reached ${target}`);
  };
  await walk(page, hub, "keyboard", {
    reach,
    async press(target) {
      await reach(target);
      await page.keyboard.press("Enter");
    },
    async followBar(usage) {
      await reach(usage.bars);
      await expect(usage.tooltip).toContainText("1 call");
      await page.keyboard.press("Enter");
    },
  });
});

/** Goes the whole way: an account, a key, a call, the chart, the log, and the key's end. */
async function walk(page: Page, hub: Hub, name: string, { reach, press, followBar }: Hand): Promise<void> {
  const [steps, usage, logs, keys] = [new FirstSteps(page), new UsagePage(page), new LogsPage(page), new ApiKeysPage(page)];
  const link = (label: string | RegExp) => page.getByRole("link", { name: label }).filter({ visible: true }).first();
  const button = (label: string) => page.getByRole("button", { name: label, exact: true });
  const type = async (field: Locator, text: string) => {
    await reach(field);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  };

  await page.goto("/");
  await press(link("Create an account"));
  const unique = `${name}-${Date.now()}`;
  await type(page.getByLabel("Your name"), "Mira Sorel");
  await type(page.getByLabel("Email"), `mira@${unique}.example`);
  await type(page.getByLabel("Organization"), unique);
  await type(page.getByLabel("Password"), "a horse of another colour");
  await press(button("Create account"));

  await press(steps.create);
  const secret = (await steps.secret.innerText()).trim();
  await press(button("Done, I've saved it"));
  await call(hub, secret);
  await expect(steps.arrival).toBeVisible();

  await press(link("Usage"));
  await expect(usage.bars).toHaveCount(1);
  await followBar(usage);
  await expect(logs.rows).toHaveCount(1);
  await press(logs.rows.getByRole("link").first());
  await expect(logs.call).toContainText("sandbox-1");
  await press(logs.call.getByRole("button", { name: "Close (Esc)" }));
  await expect(logs.call).toBeHidden();

  await press(link(/keys$/i));
  await press(button("Actions for my-first-key"));
  await press(page.getByRole("menuitem", { name: "Revoke…" }));
  await press(button("Revoke key"));
  await expect(keys.row("my-first-key")).toContainText("Revoked");
  const listModels = () => client(hub, secret).models.list().then(() => undefined, (error: unknown) => error);
  expect(await retryUntilApplied(listModels)).toBeInstanceOf(OpenAI.AuthenticationError);
}
