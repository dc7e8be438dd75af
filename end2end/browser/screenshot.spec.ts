import { expect, test } from "@playwright/test";

import { Hub, type Organization } from "../lib/hub.ts";
import { Session } from "../lib/session.ts";
import { signIn } from "./fixtures.ts";
import { UsagePage } from "./pages/usage.ts";

test("the README's picture", async ({ browser }) => {
  let demo: Organization | undefined;
  const hub = await Hub.start(undefined, {}, async (hub) => {
    demo = await hub.runCommand<Organization>(["demo"]);
  });
  try {
    if (!demo) throw new Error("there is no demo");
    const page = await browser.newPage({ baseURL: hub.url, colorScheme: "light" });
    await signIn(page.context(), await Session.signIn(hub, demo));
    const usage = new UsagePage(page);
    await usage.open(demo.slug, "?range=30d");
    await expect(usage.bars.first()).toBeAttached();
    await page.screenshot({ path: "../docs/images/usage.png" });
  } finally {
    await hub.stop();
  }
});
