import { expect, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { SignUpPage } from "./pages/sign_up.ts";

const VALID_INPUT = { name: "Mira Sorel", email: "mira@forms.example", organization: "Forms", password: "a horse of another colour" };

const INVALID_INPUTS: [field: string, input: typeof VALID_INPUT, message: RegExp][] = [
  ["name", { ...VALID_INPUT, name: " " }, /enter a name/i],
  ["email", { ...VALID_INPUT, email: "mira" }, /mail address/i],
  ["organization", { ...VALID_INPUT, organization: "" }, /enter a name/i],
  ["short password", { ...VALID_INPUT, password: "1234567" }, /at least 8/i],
  ["common password", { ...VALID_INPUT, password: "password1" }, /guess|common/i],
];
for (const [field, input, message] of INVALID_INPUTS) {
  test(`signing up names what is wrong with the ${field}`, async ({ page }) => {
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

test("creating a key names what is wrong, and keeps what was typed", async ({ signedIn, organization }) => {
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
