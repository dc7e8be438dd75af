/** Prints rows as a table, numbers to the right. */
export function table(title: string, columns: string[], rows: (string | number)[][]): void {
  const lines = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  console.log(title);
  for (const line of lines) {
    console.log(`  ${line.map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0))).join("   ")}`);
  }
  console.log();
}

/** Microseconds as a table shows them. */
export function milliseconds(microseconds: number): string {
  return (microseconds / 1000).toFixed(2);
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The smallest of `values` that at least this share of them doesn't exceed: 0.95 for the 95th percentile. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
