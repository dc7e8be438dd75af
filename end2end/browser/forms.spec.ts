import { expect, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { SignUpPage } from "./pages/sign_up.ts";

const GOOD = { name: "Mira Sorel", email: "mira@forms.example", organization: "Forms", password: "a horse of another colour" };

const WRONG: [field: string, input: typeof GOOD, message: RegExp][] = [
  ["name", { ...GOOD, name: " " }, /enter a name/i],
  ["email", { ...GOOD, email: "mira" }, /mail address/i],
  ["organization", { ...GOOD, organization: "" }, /enter a name/i],
  ["short password", { ...GOOD, password: "1234567" }, /at least 8/i],
  ["common password", { ...GOOD, password: "password1" }, /guess|common/i],
];
for (const [field, input, message] of WRONG) {
  test(`signing up tells what is wrong with the ${field}`, async ({ page }) => {
    const signUp = new SignUpPage(page);
    await signUp.open();
    await signUp.fill(input);
    await signUp.submit();
    await expect(page.getByRole("alert").filter({ hasText: message })).toBeVisible();
    await expect(page).toHaveURL(/\/sign-up/);
  });
}

test("a wrong password and an unknown address are answered alike", async ({ page, organization }) => {
  const answers: string[] = [];
  for (const email of [organization.email, "nobody@forms.example"]) {
    await page.goto("/sign-in");
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    const answer = page.getByRole("alert").filter({ hasText: /\w/ });
    await expect(answer).toBeVisible();
    answers.push(await answer.innerText());
  }
  expect(answers[0]).toBe(answers[1]);
});

test("creating a key tells what is wrong, and keeps what was typed", async ({ signedIn, organization }) => {
  const keys = new ApiKeysPage(signedIn);
  await keys.open(organization.slug);
  await keys.startCreating();
  await keys.submit();
  await expect(keys.creation.getByRole("alert").filter({ hasText: /enter a name/i })).toBeVisible();
  await keys.creation.getByLabel("Name").fill("x".repeat(81));
  await keys.submit();
  await expect(keys.creation.getByRole("alert").filter({ hasText: /80/ })).toBeVisible();
  await expect(keys.creation.getByLabel("Name")).toHaveValue("x".repeat(81));
});
