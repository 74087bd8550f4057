# Two commands are enough: `make run` and `make test`. `make help` lists the rest.

export MODULE := github.com/creatorflow/creatorflow
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Given to `demo` by `make run`, such as ARGS="--speed 600".
ARGS      ?=
# Short forms of drills, load and fuzz runs; test-long empties SHORT.
SHORT     ?= -short
FUZZTIME  ?= 1s
# 49 MiB: the program holds four connectors, two partners and all their simulators besides the app.
MAX_BYTES := 51380224

# One way to compile for all phases, so that they share what is compiled; with the race detector alone
# it needs C.
export GOFLAGS     += -trimpath
export CGO_ENABLED ?= 0

GOLANGCI := .tools/bin/golangci-lint-v2.15.0
DEADCODE := .tools/bin/deadcode-v0.52.0
STRIPEMOCK := .tools/bin/stripe-mock-v0.203.0
SDKTESTS := channels/tiktok/tiktoksim/sdktest channels/shopify/shopifysim/sdktest channels/amazon/amazonsim/sdktest channels/instagram/instagramsim/sdktest partners/easypost/easypostsim/sdktest

# What tests keep lies in memory where the machine has it, so that they wait for no disk; the drills of make proofs keep to the disk.
# What go builds stays on the disk. vet has a phase of its own.
MEMORY := $(firstword $(wildcard /dev/shm) $(or $(TMPDIR),/tmp))
GOTEST := TMPDIR=$(MEMORY) GOTMPDIR=$(or $(TMPDIR),/tmp) scripts/again go test -vet=off

# SQLite is C translated to Go. The race detector leaves it out, as it leaves out C: docs/decisions/006.
RACE     := -race -gcflags=modernc.org/sqlite/lib=-race=false
# Drills, benches and load runs are never run with the race detector.
PACKAGES  = $(shell go list ./...)
UNRACED  := $(addprefix $(MODULE)/,drill drill/% bench bench/% load load/% cmd/creatorflow domain/exposure/exposuresim)

# Cases that each property of a package is put to: with the race detector in every run, and
# without it in test-long. Elsewhere a property has rapid's 100.
PROPERTIES := domain/inventory:2000:20000 domain/orders:2000:20000 money:2000:20000 storage/memory:1000:20000 \
	flow:200:20000 domain/board:25:2000 domain/bundles:1000:20000 domain/exposure/shared:2000:20000
PROPERTY_PACKAGES := $(foreach p,$(PROPERTIES),$(MODULE)/$(firstword $(subst :, ,$(p))))
# Packages whose tests store something, which the phase postgres runs on PostgreSQL, all of them; storage/postgres
# itself is in unit. Properties get few cases there: what differs is the SQL, not the numbers.
STORING = $(sort $(dir $(shell grep -rl --include='*_test.go' --exclude-dir=node_modules --exclude-dir=.tools 'storage/storagetest"' .)))
# Calls sh with a package as $$0 and its two numbers as $$1 and $$2, two packages at a time.
EACH_PROPERTY := printf '%s\n' $(PROPERTIES) | tr : ' ' | xargs -P 2 -L 1 sh -c

# What the built app is made of; folders are named so that a removed file counts.
WEB_SOURCES = $(shell find web/src web/public \( -type f -o -type d \) ! -name '*.test.*' ! -name schema.d.ts 2>/dev/null) \
	$(wildcard web/*.html web/*.json web/*.ts web/*.mts web/*.js web/*.mjs)

TEST  := install build size vet format lint deadcode web-types web-unit web-imports web-budget unit postgres drills fuzz browser
CHECK := install vet format lint deadcode web-types web-unit web-imports unit

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-long check build lint web deps lighthouse screenshots clean \
	install binary size vet format deadcode web-types web-unit web-imports web-budget unit postgres properties drills fuzz totals browser proofs

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: build ## build everything and start the demo (ARGS="--speed 600")
	bin/creatorflow demo $(ARGS)

test: ## install what is missing, build, and run every check (20 to 45 minutes on 2 cores, 10 more with nothing cached)
	@MAKE="$(MAKE)" scripts/phases $(TEST)

test-long: ## the same with long drills, long fuzzing, many cases of every property and the benches (at most 90 minutes)
	@MAKE="$(MAKE) SHORT= FUZZTIME=10s" scripts/phases $(TEST) properties totals proofs

check: ## what must pass before a push: format, vet, lint, architecture, race tests, web checks
	@MAKE="$(MAKE)" scripts/phases $(CHECK)

build: web binary ## build the browser app and bin/creatorflow

lint: $(GOLANGCI) ## golangci-lint over all Go code
	$(GOLANGCI) run ./...

web: web/dist/index.html ## build the browser app when its sources changed

deps: ## install the system packages that tests need, or name what is missing
	@scripts/deps go node gcc chromium postgres

lighthouse: build ## Lighthouse on the board as a phone (installs it and a Node of its own in .tools)
	@mkdir -p .tools/lighthouse
	npm install --prefix .tools/lighthouse --no-audit --no-fund lighthouse@13.5.0 node@22
	cd web && LIGHTHOUSE=$(CURDIR)/.tools/lighthouse node e2e/lighthouse.mjs

screenshots: build ## pictures of every screen in every state, in a new folder that it names
	cd web && npm run screenshots

clean: ## remove what was built; installed tools and modules stay
	rm -rf bin
	find web/dist -mindepth 1 ! -name .keep -delete

# The phases of test, each a target of its own.

install: deps $(GOLANGCI) $(DEADCODE) $(STRIPEMOCK) web/node_modules/.stamp $(SDKTESTS:%=%/node_modules/.stamp)
	go mod download

binary:
	@scripts/deps go
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)" -o bin/creatorflow ./cmd/creatorflow

size:
	@bytes=$$(wc -c < bin/creatorflow); echo "bin/creatorflow: $$bytes bytes, at most $(MAX_BYTES)"; test $$bytes -le $(MAX_BYTES)

vet:
	go vet ./...

format: $(GOLANGCI)
	$(GOLANGCI) fmt --diff ./...

deadcode: $(DEADCODE)
	@out=$$($(DEADCODE) -test ./...) && echo "$$out" && test -z "$$out"

unit:
	CGO_ENABLED=1 $(GOTEST) -p 3 $(RACE) -shuffle=on $(SHORT) -timeout 15m $(filter-out $(UNRACED) $(PROPERTY_PACKAGES),$(PACKAGES))
	$(EACH_PROPERTY) 'RAPID_CHECKS=$$1 CGO_ENABLED=1 $(GOTEST) $(RACE) -shuffle=on $(SHORT) -timeout 15m $(MODULE)/$$0'

postgres:
	CREATORFLOW_TEST_ENGINE=postgres RAPID_CHECKS=5 $(GOTEST) -p 3 -shuffle=on $(SHORT) -timeout 15m $(STORING)

properties:
	$(EACH_PROPERTY) 'RAPID_CHECKS=$$2 $(GOTEST) -shuffle=on -timeout 40m $(MODULE)/$$0'

# Three packages at a time: one that computes in virtual time beside two that mostly wait for a disk or a restart.
drills:
	$(GOTEST) -v -count=1 -p 3 -shuffle=on $(SHORT) -timeout 40m $(filter $(UNRACED),$(PACKAGES))

fuzz:
	@scripts/fuzz $(FUZZTIME) $(if $(SHORT),blind,guided)

totals: build
	@scripts/totals

web-types: web/src/wire/schema.d.ts
	cd web && npm run typecheck

web-unit: web/node_modules/.stamp
	cd web && npm run test

web-imports: web/src/wire/schema.d.ts
	cd web && npm run depcruise

web-budget: web
	cd web && npm run budget

browser: build
	TMPDIR=$(MEMORY) scripts/again npm --prefix web run e2e

# A drill that the machine lacks something for says so and exits with 3; it has not passed, the others go on.
DRILLS := "crash --cycles 40" "crash --engine postgres --cycles 40" "powercut --cycles 200" "powercut --engine postgres --cycles 30" \
	"bitrot --flips 300" "disk --cycles 3" "clock --cycles 8" flow "outage --cycles 5" "outage --virtual --webhooks 5000" \
	"simulation --short" "chaos --short" "oversell --sell-outs 50"

proofs: build
	@for drill in $(DRILLS); do echo "drill $$drill"; eval "bin/creatorflow drill $$drill" || [ $$? -eq 3 ] || exit 1; done
	bin/creatorflow bench append
	bin/creatorflow bench reserve
	bin/creatorflow bench ingest
	bin/creatorflow bench start

# Files that are made.

# The types of the HTTP API, from its own description, which a test of gateway keeps equal to what is served.
web/src/wire/schema.d.ts: gateway/testdata/openapi.json web/node_modules/.stamp
	cd web && npm run schema --silent

# The types come first: a file that appears in a source folder later would make the app look old.
web/dist/index.html: web/src/wire/schema.d.ts $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

%/node_modules/.stamp: %/package-lock.json
	@scripts/deps node
	cd $* && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(GOLANGCI):
	@scripts/tool $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(DEADCODE):
	@scripts/tool $@ golang.org/x/tools/cmd/deadcode

$(STRIPEMOCK):
	@scripts/tool $@ github.com/stripe/stripe-mock
