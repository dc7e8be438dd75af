# Thin names for scripts/: each does its own set-up, and is quick when nothing changed.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

.PHONY: run demo dev build check audit test test-steady bench screenshot help

run: ## serve the dashboard on http://127.0.0.1:3000, data in ./data
	@scripts/run

demo: ## the same on ./data-demo, with a demo organization and 13 months of calls
	@scripts/demo

dev: ## server and dashboard, rebuilt and reloaded on change
	@scripts/dev

check: ## format, lints, licenses, unit tests, and the services on SQLite: a few minutes
	@scripts/check

audit: ## asks RustSec's database, which is downloaded, for known vulnerabilities of dependencies
	@scripts/audit

test: ## everything that decides whether a change is good
	@scripts/test

test-steady: ## every test five times on a busy machine, to find what fails by chance
	@scripts/test-steady

build: ## release build: target/release/tollhouse, one file with the dashboard inside
	@scripts/build

bench: ## the benchmarks: a table, and target/bench/*.json
	@scripts/bench

screenshot: ## take docs/images/usage.png anew
	@scripts/screenshot

help: ## list these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
