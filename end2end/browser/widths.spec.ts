import { Session } from "../lib/session.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";

const WIDTHS = [1920, 1440, 1280, 1024, 768, 390, 320];
/** The longest name that is accepted, in the widest letter; one with blanks; and the longest that events may bring. */
const WIDE = "W".repeat(80);
const WITH_BLANKS = "quarterly report ".repeat(5).slice(0, 74).trim();
const LONGEST = "m".repeat(200);
const KEYS = 500;

/** A model whose calls cost millions. */
const CONFIGURATION = `
[[provider]]
name = "sandbox"
kind = "sandbox"
[[model]]
name = "${WIDE}"
providers = ["sandbox"]
service = "chat"
[model.price]
input_per_million = "1000000.00"
output_per_million = "1000000.00"
`;

test.describe("with much and absurd data", () => {
  test.use({ ownServer: { toml: CONFIGURATION } });

  test("no page is wider than its screen, and everything in its tables and figures can be reached", async ({ page, hub }) => {
    const owner = await Session.signUp(hub, { name: WIDE, organization: WIDE });
    await fill(owner);
    await signIn(page.context(), owner);
    const home = `/o/${owner.organization.slug}`;
    const keys = `${home}/keys?sort=name&reversed=true`;
    for (const path of [keys, `${home}/logs`, `${home}/usage?group=key`, `${home}/usage?group=model`, home, `${home}/settings`, "/account"]) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.locator("[aria-busy]")).toHaveCount(0);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        // Charts are drawn again once they have been measured.
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
        expect.soft(await page.evaluate(findFaults), `${path} at ${width} px`).toEqual([]);
      }
    }
  });
});

test("a name that is cut is whole in its tooltip, and while its link has the focus", async ({ signedIn: page, owner, organization }) => {
  await owner.createKey({ name: WIDE });
  await owner.createKey({ name: "Web" });
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const name = (text: string) => keys.row(text).locator("bdi.name").first();
  await name("Web").hover();
  await expect(name("Web")).not.toHaveAttribute("title");
  await name(WIDE).hover();
  await expect(name(WIDE)).toHaveAttribute("title", WIDE);

  const isCut = () => name(WIDE).evaluate((element) => element.scrollHeight > element.clientHeight);
  expect(await isCut()).toBe(true);
  // By keyboard, as only then the focus is shown.
  await page.keyboard.press("Tab");
  await keys.row(WIDE).getByRole("link", { name: WIDE }).focus();
  await expect.poll(isCut).toBe(false);
});

/** Fills an organization with many keys, and with calls of long names and high costs. */
async function fill(owner: Session): Promise<void> {
  const { hub, organization } = owner;
  await hub.runCommand(["project", "create", "--org", organization.slug, "--name", WIDE]);
  const projects = await owner.invoke<{ id: string; name: string }[]>("projects/list");
  const project_id = projects.find(({ name }) => name === WIDE)?.id;
  const create = async (name: string): Promise<string> => {
    const input = { name, level: "standard", life: "never", project_id };
    return (await owner.invoke<{ api_key: { id: string } }>("api_keys/create", { input })).api_key.id;
  };
  const numbers = Array.from({ length: KEYS - 2 }, (_, number) => number);
  // A few at a time, as the server lets in so many connections.
  for (let first = 0; first < numbers.length; first += 20) {
    await Promise.all(numbers.slice(first, first + 20).map((number) => create(`Key ${number}`)));
  }
  const ids = [await create(WIDE), await create(WITH_BLANKS)];

  const { secret } = await hub.createKey(organization, "admin", "--scope", "events.write");
  const event = (number: number, data: object) => ({
    specversion: "1.0",
    id: `${number}`,
    source: "/tests",
    type: "tollhouse.call",
    data: { api_key_id: ids[number % 2], endpoint: "/v1/chat/completions", duration_ms: 999.96, ...data },
  });
  const calls = [{ model: WIDE, input_tokens: 12_345_678 }, { model: LONGEST, input_tokens: 2_000_000_000 }, { model: WIDE, status: 502 }];
  const events = calls.map((data, number) => event(number, data));
  const response = await fetch(`${hub.url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify(events),
  });
  expect(await response.json()).toMatchObject({ new: events.length });
}

/** Describes, in the browser, what is cut or out of reach on the page. */
function findFaults(): string[] {
  const faults: string[] = [];
  const check = (isRight: boolean, fault: string, element?: Element) => {
    if (!isRight) faults.push(element ? `${fault}: ${element.className} ${element.textContent?.slice(0, 40)}` : fault);
  };
  const isVisible = (element: Element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const { scrollWidth, clientWidth } = document.documentElement;
  check(scrollWidth <= clientWidth, `the page is ${scrollWidth} px wide`);

  for (const table of document.querySelectorAll(".table-scroll")) {
    const card = table.getBoundingClientRect();
    check(card.left >= 0 && card.right <= clientWidth + 1, "a table is wider than the screen");
    const rows = [...table.querySelectorAll("thead tr, tbody tr")].filter(isVisible).slice(0, 4);
    for (const actions of rows.flatMap((row) => [...row.querySelectorAll("td.at-act")])) {
      const { left, right } = actions.getBoundingClientRect();
      check(left >= card.left && right <= card.right + 1, "the actions are out of sight", actions);
    }
    for (const cell of rows.flatMap((row) => [...row.querySelectorAll("th, td")]).filter(isVisible)) {
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
      const { left, right } = cell.getBoundingClientRect();
      check(left >= card.left - 1 && right <= card.right + 1, "a column is out of reach", cell);
    }
    table.scrollLeft = 0;
  }

  for (const name of [...document.querySelectorAll(".name")].filter(isVisible)) {
    const holder = name.closest("td, li, dd, button, h1, p") ?? document.body;
    check(name.getBoundingClientRect().right <= holder.getBoundingClientRect().right + 1, "a name sticks out", name);
  }
  for (const figure of [...document.querySelectorAll(".tile-value")].filter(isVisible)) {
    check(figure.scrollWidth <= figure.clientWidth, "a figure is cut", figure);
  }
  for (const amount of [...document.querySelectorAll("td.numeric")].filter(isVisible)) {
    check(amount.scrollWidth <= amount.clientWidth + 1, "an amount is cut", amount);
  }
  return faults;
}
