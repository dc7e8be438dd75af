import { expectAccessible, expectToFit } from "./accessibility.ts";
import { reportCalls } from "./events.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { scaleTimeout } from "./pace.ts";
import { LogsPage } from "./pages/logs.ts";

test("ten thousand rows are scrolled, of which few are in the document", async ({ signedIn: page, owner, key, organization }) => {
  await reportCalls(owner, key, 10_200);
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await expect(logs.table).toHaveAttribute("aria-rowcount", "-1");
  await expect(logs.row(0)).toHaveCSS("height", "38px");

  // The durations of frames while the page is scrolled by a screen at a time, as fast as calls come.
  const { frames, rows, most } = await page.evaluate(async () => {
    const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
    const lastIndex = () => Number([...document.querySelectorAll(".log-table tbody tr[aria-rowindex]")].at(-1)?.getAttribute("aria-rowindex"));
    const [frames, counts]: [number[], number[]] = [[], []];
    let before = await nextFrame();
    for (let last = 0; last < 10_000; last = lastIndex()) {
      scrollBy(0, innerHeight);
      const now = await nextFrame();
      frames.push(now - before);
      counts.push(document.querySelectorAll(".log-table tbody tr").length);
      before = now;
    }
    return { frames, rows: lastIndex(), most: Math.max(...counts) };
  });
  expect(rows).toBeGreaterThanOrEqual(10_000);
  expect(most).toBeLessThan(120);
  // A busy machine holds some frames back, but not one in ten.
  const slow = frames.filter((duration) => duration > scaleTimeout(50));
  expect(slow.length).toBeLessThan(frames.length / 10);
  await page.evaluate(() => scrollTo(0, 0));
  await expect(logs.row(0)).toBeInViewport();
});

test("the rows keep their place: on Back, while a call is open, and at its end", async ({ signedIn: page, owner, key, organization }) => {
  await reportCalls(owner, key, 120, (number) => ({ model: number < 20 ? "early" : "late" }));
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await expect(logs.row(0)).toBeInViewport();

  await test.step("another page and Back", async () => {
    await logs.scrollTo(2_000);
    await expect(logs.row(55)).toBeInViewport();
    await page.getByRole("link", { name: "Usage" }).first().click();
    await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
    await page.goBack();
    await expect(logs.row(55)).toBeInViewport();
    await expect(logs.row(0)).toHaveCount(0);
  });

  await test.step("other filters begin at the top, and Back is where the list was", async () => {
    // The values stay in sight beside the list; the search is further up.
    await logs.facet("Model", "early").click();
    await expect(logs.rows).toHaveCount(20);
    await expect(logs.row(0)).toBeInViewport();
    await page.goBack();
    await expect(logs.row(55)).toBeInViewport();
  });

  await test.step("a link to the list begins at its top", async () => {
    await page.getByRole("link", { name: "Usage" }).first().click();
    await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
    await page.getByRole("link", { name: "Logs" }).first().click();
    await expect(logs.row(0)).toBeInViewport();
  });

  await test.step("the end says so, and tells screen readers how many rows there are", async () => {
    await expect(async () => {
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await expect(page.getByText("End of results.")).toBeInViewport({ timeout: 500 });
    }).toPass();
    await expect(logs.table).toHaveAttribute("aria-rowcount", "121");
    await expect(logs.row(119)).toBeInViewport();
  });
});

test("J and K go through the list, and through the calls in the panel", async ({ signedIn: page, owner, key, organization }) => {
  await reportCalls(owner, key, 60);
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  const link = (index: number) => logs.row(index).getByRole("link");
  await expect(logs.row(0)).toBeVisible();
  await page.keyboard.press("j");
  await expect(link(0)).toBeFocused();
  for (let step = 0; step < 40; step++) await page.keyboard.press("j");
  await expect(link(40)).toBeFocused();
  await expect(link(40)).toBeInViewport();
  await page.keyboard.press("k");
  await expect(link(39)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(logs.call).toBeVisible();
  await expect(logs.row(39)).toHaveAttribute("aria-current", "true");
  await page.keyboard.press("j");
  await expect(logs.row(40)).toHaveAttribute("aria-current", "true");
  await page.keyboard.press("Escape");
  await expect(logs.call).toBeHidden();
  await expect(link(40)).toBeFocused();
});

test("a member's columns are kept for them, and those of others stay", async ({ signedIn: page, browser, owner, key, organization }) => {
  await reportCalls(owner, key, 3, () => ({ provider: "northwind", status: 429, error_code: "rate_limited" }));
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await expect(logs.columns).toContainText(["Time", "Key", "Model"]);
  const dialog = page.getByRole("dialog", { name: "Columns" });
  await page.getByRole("button", { name: "Columns" }).click();
  await expect(dialog.getByRole("checkbox").first()).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Columns" })).toBeFocused();
  await logs.chooseColumns("Provider", "Error");
  await expect(logs.columns).toHaveText(["Time", "Provider", "Error"]);
  await expect(logs.row(0)).toContainText("northwind");
  await expect(logs.row(0)).toContainText("rate_limited");
  await expectToFit(page);
  await expectAccessible(page);
  await page.reload();
  await expect(logs.columns).toHaveText(["Time", "Provider", "Error"]);

  const context = await browser.newContext();
  await signIn(context, owner);
  const elsewhere = new LogsPage(await context.newPage());
  await elsewhere.page.goto(page.url());
  await expect(elsewhere.columns).toHaveText(["Time", "Provider", "Error"]);
  await context.close();

  await page.getByRole("button", { name: "Columns" }).click();
  await dialog.getByRole("button", { name: "Default columns" }).click();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(logs.columns).toContainText(["Time", "Key", "Model"]);
});

test("on a phone a call is two lines of one height, and a tap opens it", { tag: "@phone" }, async ({ signedIn: page, owner, key, organization }) => {
  await reportCalls(owner, key, 60, () => ({ model: "a-model-with-a-name-that-is-far-too-long-for-the-screen-of-a-phone" }));
  const logs = new LogsPage(page);
  await logs.open(organization.slug);
  await expect(logs.row(0)).toHaveCSS("height", "64px");
  await expectToFit(page);
  await expectAccessible(page);
  await logs.scrollTo(1_600);
  await expect(logs.row(25)).toBeInViewport();
  await logs.row(25).tap();
  await expect(logs.call).toBeVisible();
  await page.goBack();
  await expect(logs.row(25)).toBeInViewport();
});
