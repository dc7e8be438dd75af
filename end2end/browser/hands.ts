import type { Locator, Page } from "@playwright/test";

import { expect } from "./fixtures.ts";
import type { UsagePage } from "./pages/usage.ts";

/** Most presses of a key until an element has the focus. */
const MAX_PRESSES = 120;

/** A way to use pages. */
export interface Hand {
  /** Gives an element the focus. */
  reach(target: Locator): Promise<void>;
  press(target: Locator): Promise<void>;
  /** Reads the only bar of the usage page's chart, and opens its calls. */
  followBar(usage: UsagePage): Promise<void>;
}

export function useMouse(): Hand {
  const press = (target: Locator) => target.click();
  return {
    reach: press,
    press,
    async followBar(usage) {
      await usage.bars.hover();
      await expect(usage.tooltip).toContainText("1 call");
      await press(usage.bars);
    },
  };
}

export function useFinger(): Hand {
  const press = (target: Locator) => target.tap();
  return {
    reach: press,
    press,
    async followBar(usage) {
      await press(usage.bars);
      await expect(usage.tooltip).toContainText("1 call");
      await press(usage.tooltip.getByRole("link", { name: "View calls" }));
    },
  };
}

export function useKeyboard(page: Page): Hand {
  const reach = async (target: Locator) => {
    await expect(target).toBeVisible();
    const isInMenu = (await target.getAttribute("role")) === "menuitem";
    // A menu that opens takes the focus a moment later.
    if (isInMenu) await expect(page.locator("[role=menu] :focus")).toHaveCount(1);
    for (let presses = 0; presses < MAX_PRESSES; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press(isInMenu ? "ArrowDown" : "Tab");
    }
    throw new Error(`No key reached ${target}`);
  };
  return {
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
  };
}
