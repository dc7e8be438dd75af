import { parseDollars, type Price } from "../lib/money.ts";

export const UPSTREAM_KEY = "sk-only-the-provider-knows";

/** Prices of the models that answer, in dollars per million tokens. */
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
      input: parseDollars(input),
      output: parseDollars(output),
      ...("cachedInput" in more ? { cachedInput: parseDollars(more.cachedInput) } : {}),
    },
  ]),
);

/** Prices of the models of other services, as lines of TOML. */
const OTHER_PRICES: Record<string, string> = {
  image: 'per_image = "0.04"',
  audio: 'per_minute = "0.006"',
  video: 'per_minute = "6.00"',
  fine_tuning: 'input_per_million = "25.00"',
};

function modelToml(name: string, provider: string, service: string, upstreamName = name): string {
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

/** The setting that forwards the header by which a test finds its requests at the mock provider. */
const FORWARDED_HEADER = 'request_headers = ["x-test"]';

/** Returns a tollhouse.toml with the sandbox and the provider at `upstream`, whose models have other names there. */
export const buildConfiguration = (upstream: string, firstByteTimeout = "1s"): string =>
  [
    `[gateway]\nfirst_byte_timeout = "${firstByteTimeout}"\nfiles_provider = "upstream"`,
    '[[provider]]\nname = "sandbox"\nkind = "sandbox"',
    `[[provider]]\nname = "upstream"\nkind = "openai"\nbase_url = "${upstream}"\napi_key_env = "UPSTREAM_KEY"\n${FORWARDED_HEADER}`,
    `[[provider]]\nname = "anthropic"\nkind = "anthropic"\nbase_url = "${upstream}"\napi_key_env = "UPSTREAM_KEY"\n${FORWARDED_HEADER}`,
    // Nothing listens on port 1.
    '[[provider]]\nname = "down"\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"',
    modelToml("sandbox-1", "sandbox", "chat"),
    modelToml("sandbox-embedding", "sandbox", "embeddings"),
    modelToml("gpt-x", "upstream", "chat", "gpt-x-2026-11-01"),
    modelToml("embed-x", "upstream", "embeddings", "embed-x-large"),
    // The same name on both sides, so that requests can be compared byte by byte.
    modelToml("same-x", "upstream", "chat"),
    modelToml("claude-x", "anthropic", "chat"),
    modelToml("same-embed", "upstream", "embeddings"),
    modelToml("draw-x", "upstream", "image"),
    modelToml("talk-x", "upstream", "audio"),
    modelToml("film-x", "upstream", "video"),
    modelToml("tune-x", "upstream", "fine_tuning"),
    ...["image", "audio", "video", "fine_tuning"].map((service) => modelToml(`sandbox-${service}`, "sandbox", service)),
    modelToml("unreachable", "down", "chat"),
    ...["broken", "busy", "silent", "torn"].map((name) => modelToml(name, "upstream", "chat")),
  ].join("\n\n");
