import type { Page } from "@playwright/test";

import { call } from "./client.ts";
import { expect, test } from "./fixtures.ts";

/** How an element is drawn, as far as forced colours leave it to pages. */
async function readOutlines(page: Page, selector: string): Promise<string[]> {
  return page.locator(selector).filter({ visible: true }).evaluateAll((elements) =>
    elements.map((element) => {
      const { outline, border, backgroundColor } = getComputedStyle(element);
      return [outline, border, backgroundColor].join(" | ");
    }),
  );
}

test("paper gets a page's content alone, in full", { tag: "@widths" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const home = `/o/${organization.slug}`;
  for (const path of [home, `${home}/usage`, `${home}/logs`, `${home}/keys`, `${home}/keys/${key.id}`, `${home}/settings`, "/account"]) {
    await page.emulateMedia({ media: null, colorScheme: null });
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator("[aria-busy]")).toHaveCount(0);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    for (const frame of [".sidebar", ".header", ".bottom-bar", ".page-acts", ".filters"]) {
      await expect.soft(page.locator(frame).filter({ visible: true }), `${path}: ${frame}`).toHaveCount(0);
    }
    const { left, background, cut } = await page.evaluate(() => ({
      left: document.querySelector("main")?.getBoundingClientRect().left,
      background: getComputedStyle(document.querySelector("main .card") ?? document.body).backgroundColor,
      cut: [...document.querySelectorAll("main .table-card, main .chart-table-scroll")].filter((table) => {
        const { overflowX, overflowY } = getComputedStyle(table);
        return overflowX !== "visible" || overflowY !== "visible";
      }).length,
    }));
    expect.soft({ left, background, cut }, path).toEqual({ left: 0, background: "rgb(255, 255, 255)", cut: 0 });
  }
});

test("forced colours show what is selected, and what has the focus", async ({ signedIn: page, hub, key, organization }) => {
  const { requestId } = await call(hub, key.secret);
  const home = `/o/${organization.slug}`;
  await page.emulateMedia({ forcedColors: "active" });
  const expectToStandOut = async (selected: string, others: string) => {
    await expect(page.locator(selected).filter({ visible: true }).first()).toBeVisible();
    const [marked] = await readOutlines(page, selected);
    const plain = await readOutlines(page, others);
    expect.soft(plain.length, others).toBeGreaterThan(0);
    expect.soft(plain, selected).not.toContain(marked);
  };

  await page.goto(`${home}/usage`);
  await expectToStandOut(".sidebar nav a[aria-current]", ".sidebar nav a:not([aria-current])");
  await expectToStandOut(".segmented [aria-pressed=true]", ".segmented [aria-pressed=false]");
  await page.goto(`${home}/keys/${key.id}`);
  await expectToStandOut(".tab-list [aria-current]", ".tab-list a:not([aria-current])");
  await call(hub, key.secret);
  await page.goto(`${home}/logs?call=${requestId}`);
  await expectToStandOut("main tr[aria-current]", "main tbody tr:not([aria-current])");
  await page.goto("/account");
  await expectToStandOut(".radio-card:has(:checked)", ".radio-card:not(:has(:checked))");
  await page.keyboard.press("Control+k");
  await expectToStandOut("[role=option][aria-selected=true]", "[role=option][aria-selected=false]");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: /^Account/ }).filter({ visible: true }).first().focus();
  const focused = async () => (await readOutlines(page, ":focus")).join();
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press("Tab");
    expect.soft(await focused(), `after ${presses + 1} tabs`).toMatch(/solid [2-9]px|[2-9]px solid|solid \S+ [2-9]px/);
  }
});
