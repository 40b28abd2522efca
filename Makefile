# Two commands do everything on a fresh machine with Python 3.11+: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
WEB ?= 1
export PORT

.DEFAULT_GOAL := help
.PHONY: help run service test test-quick check lint format requirements clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "The venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing packages into $(VENV) (once; takes a few minutes) ..."
	@$(BIN)/pip install --progress-bar on --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing development packages ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: $(VENV)/installed ## Set up everything and serve the site on PORT (8000) with demo customers
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo
	@$(BIN)/python manage.py serve

service: export HTTPS_ONLY := false
service: $(VENV)/installed-dev ## Run all processes of a service (Procfile; WEB=2 for two web ones) on PostgreSQL, Redis and Chroma that run already
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@# By itself honcho kills after 5 seconds, which is what a worker takes to hand over what it writes. It has no option for that
	@# (nickstenning/honcho#189, open since 2017); supervisor has one, but wants a file of its own that says what the Procfile says.
	@PATH="$(CURDIR)/$(BIN):$$PATH" python -u -c 'from honcho import command, manager; manager.KILL_WAIT = 60; command.main()' \
	  start --port $(PORT) --concurrency web=$(WEB)

test: $(VENV)/installed-dev check ## All checks and all tests (what is missing is skipped, with the reason)

check: $(VENV)/installed-dev lint ## What CI runs: lint, types, architecture, migrations, deploy check, tests
	@# One worker more than there are cores: tests that kill parts mostly wait for others to take over.
	$(BIN)/pytest -n $$(($$(nproc 2>/dev/null || echo 2) + 1)) --reruns 1 -rsR

test-quick: $(VENV)/installed-dev ## Tests without browser, services, fault injection and the whole of the golden cases (under 3 minutes)
	$(BIN)/pytest -n $$(($$(nproc 2>/dev/null || echo 2) + 1)) -m "not browser and not service and not fault and not golden"

lint: $(VENV)/installed-dev ## Format, lint, types, import contracts, migrations, deploy check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	env SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') ALLOWED_HOSTS=support.example.com \
	  DATABASE_URL=postgresql://db/support REDIS_URL=redis://redis:6379/0 CHROMA_URL=http://chroma:8000 \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/installed-dev ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

requirements: $(VENV)/installed-dev ## Pin the newest allowed versions of everything
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean: ## Remove the virtual environment and all local data
	rm -rf $(VENV) var staticfiles
