/** Exact amounts of US dollars as whole nano-dollars. */

/** Reads dollars such as `0.25`, also with a currency sign and thousands separators. */
export function parseDollars(text: string): bigint {
  const match = /^(-?)\$?([\d,]+)(?:\.(\d{1,9}))?$/.exec(text.trim());
  if (!match) throw new Error(`${JSON.stringify(text)} is no amount of money`);
  const [, sign, whole = "", decimals = ""] = match;
  return BigInt(`${sign}${whole.replaceAll(",", "")}${decimals.padEnd(9, "0")}`);
}

/** Sums a file's column of dollars, which is empty where nothing is known of an amount. */
export function sumDollars(column: (string | undefined)[]): bigint {
  return column.filter((text) => text !== "").reduce((sum, text) => sum + parseDollars(text ?? ""), 0n);
}

/** Writes dollars with at least two decimals and as many as the amount needs, as the dashboard's exact figures are. */
export function formatDollars(amount: bigint): string {
  const decimals = (amount % 1_000_000_000n).toString().padStart(9, "0").replace(/0{1,7}$/, "");
  return `$${amount / 1_000_000_000n}.${decimals}`;
}

/** Prices in nano-dollars per million tokens. */
export interface Price {
  input: bigint;
  cachedInput?: bigint;
  output: bigint;
}

/** The tokens of a call; cached tokens are a part of the input. */
export interface Usage {
  tokensIn: number;
  cachedTokensIn: number;
  tokensOut: number;
}

/** The cost of a call in nano-dollars, rounded once, half up. */
export function cost(price: Price, { tokensIn, cachedTokensIn, tokensOut }: Usage): bigint {
  const millionths =
    BigInt(tokensIn - cachedTokensIn) * price.input +
    BigInt(cachedTokensIn) * (price.cachedInput ?? price.input) +
    BigInt(tokensOut) * price.output;
  return (millionths + 500_000n) / 1_000_000n;
}
