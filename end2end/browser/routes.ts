import type { Page, Route } from "@playwright/test";

/**
 * Handles requests for `url` with `handle`; returns a function that ends this.
 *
 * Use it in place of `page.unroute` and of the option `times`: when a page's last handler is removed, Playwright lets all of its
 * requests pass that are under way, and handlers of the context that hold one back fail.
 */
export async function intercept(
  page: Page,
  url: string | RegExp,
  handle: (route: Route) => Promise<void>,
): Promise<() => void> {
  let isOver = false;
  await page.route(url, (route) => (isOver ? route.fallback() : handle(route)));
  return () => (isOver = true);
}
