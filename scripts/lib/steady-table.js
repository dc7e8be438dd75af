#!/usr/bin/env node
// Prints how often each browser test ran and failed, from the report that Playwright wrote as JSON.
"use strict";

const { readFileSync } = require("node:fs");

const tests = new Map();

function count(suite, titles) {
  for (const inner of suite.suites ?? []) count(inner, [...titles, inner.title]);
  for (const { title, tests: runs } of suite.specs ?? []) {
    for (const { projectName, results } of runs) {
      const name = [projectName, ...titles, title].join(" › ");
      const counted = tests.get(name) ?? { runs: 0, failed: 0, milliseconds: 0 };
      for (const { status, duration } of results) {
        counted.runs += 1;
        counted.milliseconds = Math.max(counted.milliseconds, duration);
        if (status !== "passed") counted.failed += 1;
      }
      tests.set(name, counted);
    }
  }
}

for (const file of JSON.parse(readFileSync(process.argv[2], "utf8")).suites) count(file, [file.title]);

const sum = (field) => [...tests.values()].reduce((total, counted) => total + counted[field], 0);
const printLine = (runs, failed, slowest, name) => console.log(`${`${runs}`.padStart(6)}${`${failed}`.padStart(9)}${slowest.padStart(12)}  ${name}`);
console.log();
printLine("runs", "failures", "slowest s", "browser test");
for (const [name, { runs, failed, milliseconds }] of [...tests].toSorted(([, one], [, other]) => other.failed - one.failed)) {
  printLine(runs, failed, (milliseconds / 1000).toFixed(1), name);
}
printLine(sum("runs"), sum("failed"), "", `${tests.size} tests in all`);
