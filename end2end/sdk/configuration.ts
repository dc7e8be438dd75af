import { nanos, type Price } from "../lib/money.ts";

export const UPSTREAM_KEY = "sk-only-the-provider-knows";

/** What the models that answer cost, in dollars per million tokens. */
const DOLLARS = {
  "sandbox-1": { input: "1.00", output: "2.00" },
  "sandbox-embedding": { input: "0.02", output: "0.00" },
  "gpt-x": { input: "0.25", cachedInput: "0.025", output: "2.00" },
  "embed-x": { input: "0.13", output: "0.00" },
};

export const PRICES: Record<string, Price> = Object.fromEntries(
  Object.entries(DOLLARS).map(([model, { input, output, ...more }]) => [
    model,
    {
      input: nanos(input),
      output: nanos(output),
      ...("cachedInput" in more ? { cachedInput: nanos(more.cachedInput) } : {}),
    },
  ]),
);

/** What models of the other services cost. */
const OTHER_PRICES: Record<string, string> = {
  image: 'per_image = "0.04"',
  audio: 'per_minute = "0.006"',
  video: 'per_minute = "6.00"',
  fine_tuning: 'input_per_million = "25.00"',
};

function model(name: string, provider: string, service: string, upstreamName = name): string {
  const price = DOLLARS[name as keyof typeof DOLLARS];
  const lines = [
    "[[model]]",
    `name = "${name}"`,
    `providers = ["${provider}"]`,
    `upstream_name = "${upstreamName}"`,
    `service = "${service}"`,
  ];
  const other = OTHER_PRICES[service];
  if (!price && other && name.endsWith("-x")) lines.push("[model.price]", other);
  if (price) {
    lines.push("[model.price]", `input_per_million = "${price.input}"`, `output_per_million = "${price.output}"`);
    if ("cachedInput" in price) lines.push(`cached_input_per_million = "${price.cachedInput}"`);
  }
  return lines.join("\n");
}

/** Lets through the header by which a test finds what the provider received. */
const MARKED = 'request_headers = ["x-test"]';

/** A tollhouse.toml with the sandbox, and with the provider at `upstream`, whose models go by other names there. */
export const CONFIGURATION = (upstream: string, firstByteTimeout = "1s"): string =>
  [
    `[gateway]\nfirst_byte_timeout = "${firstByteTimeout}"\nfiles_provider = "upstream"`,
    '[[provider]]\nname = "sandbox"\nkind = "sandbox"',
    `[[provider]]\nname = "upstream"\nkind = "openai"\nbase_url = "${upstream}"\napi_key_env = "UPSTREAM_KEY"\n${MARKED}`,
    `[[provider]]\nname = "anthropic"\nkind = "anthropic"\nbase_url = "${upstream}"\napi_key_env = "UPSTREAM_KEY"\n${MARKED}`,
    // Nothing listens on port 1.
    '[[provider]]\nname = "down"\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"',
    model("sandbox-1", "sandbox", "chat"),
    model("sandbox-embedding", "sandbox", "embeddings"),
    model("gpt-x", "upstream", "chat", "gpt-x-2026-11-01"),
    model("embed-x", "upstream", "embeddings", "embed-x-large"),
    // The same by both names, so that what arrives can be compared byte by byte.
    model("same-x", "upstream", "chat"),
    model("claude-x", "anthropic", "chat"),
    model("same-embed", "upstream", "embeddings"),
    model("draw-x", "upstream", "image"),
    model("talk-x", "upstream", "audio"),
    model("film-x", "upstream", "video"),
    model("tune-x", "upstream", "fine_tuning"),
    ...["image", "audio", "video", "fine_tuning"].map((service) => model(`sandbox-${service}`, "sandbox", service)),
    model("unreachable", "down", "chat"),
    ...["broken", "busy", "silent", "torn"].map((name) => model(name, "upstream", "chat")),
  ].join("\n\n");
