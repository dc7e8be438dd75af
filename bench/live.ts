/** How soon a call is on an open usage page, and a notification on its bell: people are promised two seconds. */
import { type Locator, openBrowser, type Page } from "../end2end/lib/browser.ts";
import { Hub } from "../end2end/lib/hub.ts";
import { Session } from "../end2end/lib/session.ts";
import { median, table } from "./table.ts";

const TIMES = 20;

interface Row {
  what: string;
  median_ms: number;
  slowest_ms: number;
}

export async function live(): Promise<Row[]> {
  const hub = await Hub.start();
  const browser = await openBrowser();
  try {
    const owner = await Session.signUp(hub);
    const context = await browser.newContext({ baseURL: hub.url });
    await context.addCookies([{ ...owner.cookie, url: hub.url }]);
    const page = await context.newPage();
    await page.goto(`/o/${owner.organization.slug}/usage`);
    await page.getByRole("main").getByText("Live", { exact: true }).waitFor();
    const rows = [await calls(page, owner), await notifications(page, owner)];
    table(
      `From a call's end, or a report's, until an open page shows it (${TIMES} times)`,
      ["what", "median ms", "slowest ms"],
      rows.map(({ what, median_ms, slowest_ms }) => [what, median_ms, slowest_ms]),
    );
    return rows;
  } finally {
    await browser.close();
    await hub.stop();
  }
}

async function calls(page: Page, owner: Session): Promise<Row> {
  const { secret } = await owner.createKey();
  const tile = page.locator(".tile").filter({ has: page.getByText("Calls", { exact: true }) }).locator(".tile-value");
  const shown = (number: number) => tile.filter({ hasText: new RegExp(`^${number}$`) });
  return measure("a call, on the usage page", shown, async () => {
    const response = await fetch(`${owner.hub.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
      body: JSON.stringify({ model: "sandbox-1", messages: [{ role: "user", content: "Hello" }] }),
    });
    if (!response.ok) throw new Error(`the call was answered with ${response.status}`);
    await response.text();
  });
}

async function notifications(page: Page, owner: Session): Promise<Row> {
  const shown = (number: number) => page.getByRole("button", { name: `Notifications, ${number} unread`, exact: true });
  return measure("a notification, on the bell", shown, async (number) => {
    const key = await owner.createKey({ name: `Key ${number}` });
    await owner.hub.reportLeaks([key]);
  });
}

/** Does something so many times, and waits each time until what is to show it is there. */
async function measure(what: string, shown: (number: number) => Locator, act: (number: number) => Promise<void>): Promise<Row> {
  const times: number[] = [];
  for (let number = 1; number <= TIMES; number++) {
    const seen = shown(number).waitFor();
    await act(number);
    const done = performance.now();
    await seen;
    times.push(performance.now() - done);
  }
  return { what, median_ms: Math.round(median(times)), slowest_ms: Math.round(Math.max(...times)) };
}
