# Gridward: `make demo` shows a simulated house on a page, `make test` proves it. Both need only python3 and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin

# Without kept bytecode every program that a test starts compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# make demo FOR=30: for so many seconds, then the summary; without it until Ctrl+C.
FOR ?=
# make bench PARTS=wire,store EFFORT=0.2: some parts, with a fifth of the usual counts.
PARTS ?=
EFFORT ?=
# make test SEED=7: the seed of a run that is to be repeated. PYTEST=...: further options, or paths.
# WORKERS: tests wait more than they compute, so more of them run at once than there are cores.
WORKERS ?= 4
SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
PYTEST ?=

# What mypy is to take as roots of packages: an integration is added by its folder alone.
SPACE := $() $()
INTEGRATIONS := $(subst $(SPACE),:,$(wildcard integrations/*))

DEBIAN := mosquitto chromium chromium-driver mbpoll influxdb victoria-metrics iproute2 nginx-light docker-compose strace

.PHONY: sbom audit promise promises docs help venv demo test soak bench check fmt lock packages rehearsal

help:
	@echo "make demo [FOR=30]    a simulated house, with its page"
	@echo "make test [SEED=7]    the whole suite"
	@echo "make check            style, types, self-checks"
	@echo "make soak [FOR=3600]  the demo for long, watched for growth"
	@echo "make bench [PARTS=..] speed and size, about 20 minutes; PARTS=wire,store: some of it"
	@echo "make promise N=17     what shows this promise; MUTATE=1: one thing broken, it must turn red"
	@echo "make promises         all forty, and PROMISES.md anew"
	@echo "make docs             the manual as a site, into build/manual"
	@echo "make rehearsal        a year by the shipped policy and by the rules before it, into docs"
	@echo "make fmt              format; write the generated tables"
	@echo "make lock             requirements.lock anew"
	@echo "make sbom             the bill of materials of the lock (CycloneDX), into build"
	@echo "make audit            known weaknesses of what is locked; needs a network, else 77"

venv:
	@tools/bootstrap.sh

demo: venv
	@$(BIN)/gridward demo $(if $(FOR),--for $(FOR))

packages:
	@tools/packages.sh $(DEBIAN) || echo "packages: tests that need them are skipped, and fail in CI"

test: venv packages
	@echo "seed $(SEED): repeat this run with make test SEED=$(SEED)"
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal --hypothesis-seed=$(SEED) $(PYTEST)

# Everything that runs for long: the demo watched for growth, and the long counts of single tests.
soak: venv
	@FOR=$(FOR) $(BIN)/pytest -m soak -s -o faulthandler_timeout=0 $(or $(PYTEST),tests)

bench: venv
	@tools/packages.sh mosquitto mosquitto-clients influxdb victoria-metrics || echo "bench: what needs them breaks off"
	@PYTHONPATH=tests $(BIN)/python -m bench.run $(if $(PARTS),--parts $(PARTS)) $(if $(EFFORT),--effort $(EFFORT))

promise: venv packages
	@$(BIN)/python tools/promise.py $(N) $(if $(MUTATE),--mutate)

promises: venv packages
	@$(BIN)/python tools/promise.py --all --keep --mutate || [ $$? -eq 77 ]
	@$(BIN)/python tools/promise.py --all --keep

docs: venv
	@NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict --quiet && echo "docs: build/manual/index.html"

rehearsal: venv
	@$(BIN)/python tools/rehearsal_report.py

check: venv
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@MYPYPATH=$(INTEGRATIONS) $(BIN)/mypy
	@$(BIN)/gridward-kit check .
	@PYTHONPATH=dashboards $(BIN)/python -m gridward_dashboards --check

fmt: venv
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/python -m gridward_kit.readme .
	@PYTHONPATH=dashboards $(BIN)/python -m gridward_dashboards

sbom: venv
	@$(BIN)/python tools/sbom.py --to build/sbom.cdx.json && echo "sbom: build/sbom.cdx.json"

audit: venv
	@$(BIN)/python tools/audit_lock.py

lock:
	@test -x $(BIN)/uv || tools/bootstrap.sh
	@tools/lock.sh
