/**
 * What Chromium takes over a demo organization: from a click until its chart is painted, and for the frames while ten thousand rows of
 * the log are scrolled.
 */
import { type Locator, openBrowser, type Page } from "../end2end/lib/browser.ts";
import type { Demo } from "./demos.ts";
import { table } from "./table.ts";
import { summary, type Times } from "./timings.ts";

/** How often the things of one kind are clicked. */
const CLICKS = 20;
/** The most that a click may take at the median, and a frame, in milliseconds. */
const TARGETS = { click: 150, frame: 50 };
const ROUNDS = 3;
const ROWS = Number(process.env.BENCH_ROWS ?? "10000");

interface ClickRow extends Times {
  database: string;
  calls: number;
  what: string;
}

interface ScrollRow {
  database: string;
  calls: number;
  round: number;
  /** Rows that were scrolled, and the frames that this took. */
  rows: number;
  frames: number;
  median_ms: number;
  slowest_ms: number;
  /** Frames that took longer than the target. */
  slow_frames: number;
}

/** What the scripts of the page under test keep. */
interface Watched extends Window {
  /** Begins to wait for a click and the chart that it leads to. */
  watchClick(): void;
  /** Milliseconds from that click until the chart was painted. */
  painted: Promise<number>;
}

export class BrowserTimes {
  private readonly clicks: ClickRow[] = [];
  private readonly scrolls: ScrollRow[] = [];

  async measure(demo: Demo): Promise<void> {
    const { database, calls, hub, session } = demo;
    const browser = await openBrowser();
    try {
      const context = await browser.newContext({ baseURL: hub.url, viewport: { width: 1440, height: 900 } });
      await context.addCookies([{ ...session.cookie, url: hub.url }]);
      await context.addInitScript(watchCharts);
      const root = `/o/${session.organization.slug}`;
      const page = await context.newPage();
      for (const { what, query, click } of KINDS) {
        await page.goto(`${root}/usage?${query}`);
        await page.getByRole("main").getByText("Live", { exact: true }).waitFor();
        await drawing(page).locator("svg").waitFor();
        const times: number[] = [];
        // Code of the page and of menus is loaded and compiled by the first clicks.
        for (let number = -2; number < CLICKS; number++) {
          const time = await click(page, number + 2);
          if (number >= 0) times.push(time);
        }
        this.clicks.push({ database, calls, what, ...summary(times) });
      }
      for (let round = 1; round <= ROUNDS; round++) {
        await page.goto(`${root}/logs`);
        await page.locator(".log-table tbody tr[aria-rowindex]").first().waitFor();
        this.scrolls.push({ database, calls, round, ...(await page.evaluate(scroll, [ROWS, TARGETS.frame] as const)) });
      }
    } finally {
      await browser.close();
    }
  }

  get rows(): object {
    return { clicks: this.clicks, scrolls: this.scrolls };
  }

  print(): void {
    table(
      `From a click on the usage page until its chart is painted, in Chromium (${CLICKS} times; the target is a median of ${TARGETS.click} ms)`,
      ["", "median ms", "p95 ms", "slowest ms", ""],
      this.clicks.map(({ database, calls, what, median_ms, p95_ms, slowest_ms }) => [
        `${calls} on ${database}: ${what}`,
        ...[median_ms, p95_ms, slowest_ms].map((time) => time.toFixed(1)),
        median_ms > TARGETS.click ? "missed" : "",
      ]),
    );
    table(
      `The log's rows, scrolled by a screen in each frame (no frame may take over ${TARGETS.frame} ms)`,
      ["", "rows", "frames", "median ms", "slowest ms", "slow frames"],
      this.scrolls.map(({ database, calls, round, rows, frames, median_ms, slowest_ms, slow_frames }) => [
        `${calls} on ${database}, round ${round}`,
        rows,
        frames,
        median_ms.toFixed(1),
        slowest_ms.toFixed(1),
        slow_frames,
      ]),
    );
  }
}

interface Kind {
  what: string;
  /** That of the page's address at first. */
  query: string;
  /** Clicks for the nth time, and returns the milliseconds until the chart was painted. */
  click(page: Page, number: number): Promise<number>;
}

const KINDS: Kind[] = [
  { what: "a metric, 90 days", query: "range=90d", click: (page, number) => press(tile(page, nth(["Calls", "Tokens", "Errors", "Spend"], number))) },
  { what: "a grouping, 90 days", query: "range=90d", click: (page, number) => choose(page, "Group by", nth(["Key", "Project", "Status", "Model"], number)) },
  {
    what: "a range",
    query: "range=90d",
    click: (page, number) => choose(page, "Range", nth(["Last 7 days", "Last 30 days", "Last 12 months", "Last 90 days"], number)),
  },
  { what: "a view, 12 months", query: "range=12m&view=day", click: (page, number) => press(view(page, nth(["Weekly", "Monthly", "Daily"], number))) },
  {
    what: "a comparison, 90 days",
    query: "range=90d",
    click: (page, number) => choose(page, "Compare with", nth(["Previous period", "No comparison"], number)),
  },
  {
    what: "a week's bar, 12 months",
    query: "range=12m",
    click: async (page) => {
      const bars = page.getByRole("figure").getByRole("group", { name: "Bars" }).locator("a[href]");
      const time = await press(bars.nth(10));
      const answer = page.waitForResponse("**/api/usage/report");
      await page.goBack();
      await answer;
      await bars.nth(20).waitFor();
      return time;
    },
  },
];

function nth(names: string[], number: number): string {
  return names[number % names.length] ?? "";
}

function drawing(page: Page): Locator {
  return page.locator(".usage-chart .chart-drawing");
}

function tile(page: Page, metric: string): Locator {
  return page.getByRole("list", { name: "Metric" }).getByRole("button", { name: new RegExp(`^${metric}`) });
}

function view(page: Page, name: string): Locator {
  return page.getByRole("group", { name: "View" }).getByRole("button", { name, exact: true });
}

/** Opens a menu, and presses an entry of it. */
async function choose(page: Page, menu: string, entry: string): Promise<number> {
  await page.getByRole("button", { name: new RegExp(`^${menu}`) }).click();
  return press(page.getByRole("menuitem", { name: entry, exact: true }));
}

/** Clicks, and waits for the chart. */
async function press(target: Locator): Promise<number> {
  await target.evaluate(() => (window as unknown as Watched).watchClick());
  await target.click();
  return target.page().evaluate(() => (window as unknown as Watched).painted);
}

/** Runs in the page before its own code. */
function watchCharts(): void {
  const watched = window as unknown as Watched;
  const send = window.fetch.bind(window);
  let [waiting, answered] = [0, 0];
  window.fetch = async (...request) => {
    if (!String(request[0]).includes("/api/usage/report")) return send(...request);
    waiting++;
    try {
      return await send(...request);
    } finally {
      waiting--;
      answered = performance.now();
    }
  };
  watched.watchClick = () => {
    const [begun, QUIET_MS, TIMEOUT_MS] = [performance.now(), 500, 30_000];
    // When the click was, the chart last changed, and that was painted.
    let [clicked, changed, painted] = [Infinity, 0, 0];
    addEventListener("click", (event) => (clicked = event.timeStamp), { capture: true, once: true });
    const observer = new MutationObserver((changes) => {
      const isChart = ({ target }: MutationRecord) => (target as Element).closest?.(".chart-drawing") || (target as Element).querySelector?.(".chart-drawing");
      if (clicked === Infinity || !changes.some(isChart)) return;
      changed = performance.now();
      // What follows a frame's callbacks in the same frame is its painting; a message comes after that.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => (painted = performance.now());
        port2.postMessage(0);
      });
    });
    observer.observe(document, { childList: true, subtree: true });
    // The chart may change at once, from what the page knows, and again with the answer. Its last change counts.
    watched.painted = new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const now = performance.now();
        const isOver = waiting === 0 && answered > clicked && painted > changed && now - Math.max(answered, changed) > QUIET_MS;
        if (!isOver && now - begun < TIMEOUT_MS) return;
        clearInterval(timer);
        observer.disconnect();
        if (isOver) resolve(painted - clicked);
        else reject(new Error("no chart followed the click"));
      }, 50);
    });
  };
}

/** Runs in the page: scrolls by a screen at a time, as fast as calls come, and measures the frames. */
async function scroll([rows, slow]: readonly [rows: number, slow: number]): Promise<Omit<ScrollRow, "database" | "calls" | "round">> {
  const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
  const lastIndex = () => Number([...document.querySelectorAll(".log-table tbody tr[aria-rowindex]")].at(-1)?.getAttribute("aria-rowindex"));
  const frames: number[] = [];
  let before = await nextFrame();
  while (lastIndex() < rows) {
    scrollBy(0, innerHeight);
    const now = await nextFrame();
    frames.push(now - before);
    before = now;
  }
  const sorted = frames.toSorted((a, b) => a - b);
  return {
    rows: lastIndex(),
    frames: frames.length,
    median_ms: sorted[sorted.length >> 1] ?? Number.NaN,
    slowest_ms: sorted.at(-1) ?? Number.NaN,
    slow_frames: frames.filter((frame) => frame > slow).length,
  };
}
