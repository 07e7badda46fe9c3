# Every target works in a fresh clone, with only make and Python 3.11 or newer.

PORT ?= 8000
ONCE ?=
# The task backend of the demo: db, rq or celery (with Redis), or immediate.
EXAMPLE_TASKS ?= db
export EXAMPLE_TASKS
# Whether errors have details, for a front end; the demo then has no tour.
EXAMPLE_DETAILS ?=
export EXAMPLE_DETAILS
# Images of Docker set it: each of the hundreds of processes of the tests would compile the package.
unexport PYTHONDONTWRITEBYTECODE
# A Python of your own choice: make test PYTHON=/opt/python3.12/bin/python3
PYTHON ?=
PYTHONS = $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

BIN = .venv/bin
# A file's tests share servers, databases and queues: one process runs them all.
PYTEST = --timeout 120 --numprocesses auto --maxprocesses 4 --dist loadfile
CLIENTS = tests/clients

.DEFAULT_GOAL := help
.PHONY: help demo test lint types matrix coverage suites applications bench clients docs docs-serve messages clean

help:
	@echo "make demo        start the example API on port $(PORT) and tour it (PORT=8001, ONCE=1,"
	@echo "                 EXAMPLE_TASKS=db|rq|celery|immediate, EXAMPLE_DETAILS=1 for a front end)"
	@echo "make test        run the tests (COVERAGE=1: with branch coverage, which must be 100 %)"
	@echo "make lint        check style, formatting and spelling"
	@echo "make types       check the types of the package"
	@echo "make matrix      run the tests on every Python, Django and DRF supported (tox; ONLY=py311-django52-drf316, SKIP=…)"
	@echo "make suites      run DRF's own tests, and those of packages that are used with DRF, with this app (ONLY=djangorestframework-3.18)"
	@echo "make applications send the same requests to whole applications, with and without this app (needs PostgreSQL"
	@echo "                 and Redis; ONLY=pulpcore, REQUESTS=1000)"
	@echo "make coverage    as with COVERAGE=1, and write the report to htmlcov/index.html"
	@echo "make docs        build the docs into build/docs; a warning is an error"
	@echo "make docs-serve  serve them on port $(PORT), and rebuild them when a file changes"
	@echo "make bench       compare the speed, the imports and the memory with stock DRF's (ROUNDS=40)"
	@echo "make messages    update the translations and compile them (needs gettext)"
	@echo "make clean       remove all files that the other targets created"

demo: .venv-demo/.installed $(if $(filter rq celery,$(EXAMPLE_TASKS)),.venv-demo/.installed-$(EXAMPLE_TASKS))
	@.venv-demo/bin/python -m example_project.demo --port $(PORT) $(if $(filter-out 0,$(ONCE)),--once)

test: .venv/.installed clients
	$(BIN)/python -m pytest $(if $(COVERAGE),--cov) $(PYTEST)

coverage: .venv/.installed clients
	$(BIN)/python -m pytest --cov --cov-report term --cov-report html $(PYTEST)

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: .venv/.installed
	$(BIN)/mypy

matrix: .venv/.installed clients
	$(BIN)/tox run $(if $(ONLY),-e $(ONLY),--skip-env 'lint|types$(if $(SKIP),|$(SKIP))' --skip-missing-interpreters true) \
		$(if $(TESTS),-- $(TESTS))

suites: .venv/.installed
	$(BIN)/python -m suites $(if $(ONLY),--only $(ONLY))

applications: .venv/.installed
	$(BIN)/python -m suites.applications $(if $(ONLY),--only $(ONLY)) $(if $(REQUESTS),--requests $(REQUESTS))

# Material for MkDocs prints a warning about MkDocs 2, which is not installed.
docs docs-serve: export NO_MKDOCS_2_WARNING = 1
docs: .venv/.installed
	$(BIN)/mkdocs build --strict

docs-serve: .venv/.installed
	$(BIN)/mkdocs serve --strict --dev-addr 127.0.0.1:$(PORT)

ROUNDS ?= 40

bench: .venv/.installed
	$(BIN)/python -m benchmarks.speed --rounds $(ROUNDS)
	$(BIN)/python -m benchmarks.imports

DJANGO_ADMIN = cd django_apierrors && ../$(BIN)/django-admin
CATALOGUES = django_apierrors/locale/*/LC_MESSAGES/django.po

# The entries are sorted and have no places and dates: a changed message changes only its own lines.
messages: .venv/.installed
	@command -v msgfmt >/dev/null || { \
		echo "GNU gettext is missing. Install it (on Debian and Ubuntu: apt-get install gettext)."; \
		exit 1; \
	}
	@$(DJANGO_ADMIN) makemessages --pythonpath .. --settings tests.settings --verbosity 0 \
		--all --no-location --no-obsolete --no-wrap
	@for file in $(CATALOGUES); do \
		msgcat --sort-output --no-wrap $$file | grep -v '^"POT-Creation-Date' >$$file.new && \
		mv $$file.new $$file && msgfmt --check-format --statistics --verbose --output-file /dev/null $$file || exit 1; \
	done
	@$(DJANGO_ADMIN) compilemessages --verbosity 0

clients: $(if $(wildcard $(CLIENTS)/package.json),$(CLIENTS)/node_modules/.installed)

clean:
	rm -rf .venv .venv-demo .tox build dist *.egg-info $(CLIENTS)/node_modules
	rm -rf .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ensurepip is tried too, because Debian ships a Python without it.
define make-environment
@python=; for candidate in $(PYTHONS); do \
	if $$candidate -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then python=$$candidate; break; fi; \
done; \
if [ -z "$$python" ]; then \
	echo "No Python 3.11 or newer with venv and pip among: $(PYTHONS)."; \
	echo "Install one (on Debian and Ubuntu python3-venv as well), or name it: make PYTHON=/path/to/python3"; \
	exit 1; \
fi; \
echo "Making $(@D) with $$($$python --version) ..."; \
$(@D)/bin/python -m pip --version >/dev/null 2>&1 || $$python -m venv --clear $(@D)
endef

PIP = -m pip install --disable-pip-version-check --quiet
PIP_INSTALL = $(PIP) --editable
# django-tasks is the backport of django.tasks for Django 5.2.
DEMO_TASKS = 'django-tasks>=0.12' 'django-tasks-db>=0.13'

# Swagger UI's own files, for /docs.
DEMO_DOCS = drf-spectacular-sidecar

# The demo has its own environment, because installing that of the tests takes several times longer.
.venv-demo/.installed: setup.cfg pyproject.toml Makefile
	$(make-environment)
	@echo "Installing Django, DRF, django-tasks-db and Swagger UI into $(@D), only once (about 10 seconds) ..."
	@.venv-demo/bin/python $(PIP_INSTALL) '.[fast,openapi]' $(DEMO_TASKS) $(DEMO_DOCS)
	@touch $@

.venv-demo/.installed-rq: .venv-demo/.installed
	@echo "Installing django-tasks-rq into $(@D), only once ..."
	@.venv-demo/bin/python $(PIP) 'django-tasks-rq>=0.12'
	@touch $@

.venv-demo/.installed-celery: .venv-demo/.installed
	@echo "Installing django-tasks-celery into $(@D), only once (it needs Python 3.12 or newer) ..."
	@.venv-demo/bin/python $(PIP) 'django-tasks-celery>=0.1.1' 'celery[redis]>=5.4'
	@touch $@

.venv/.installed: setup.cfg pyproject.toml $(wildcard requirements/*.txt)
	$(make-environment)
	@echo "Installing Django, DRF and the packages of the tests into $(@D), only once (up to a minute) ..."
	@$(BIN)/python $(PIP_INSTALL) '.[fast,openapi,testing]' \
		--requirement requirements/test.txt --requirement requirements/dev.txt --requirement requirements/docs.txt
	@$(BIN)/python $(PIP) --requirement requirements/mysqlclient.txt 2>/dev/null || \
		echo "mysqlclient cannot be built here (on Debian and Ubuntu it needs gcc, pkg-config and" \
		"default-libmysqlclient-dev): its tests are skipped."
	@touch $@

$(CLIENTS)/node_modules/.installed: $(wildcard $(CLIENTS)/package*.json)
	@if command -v npm >/dev/null; then \
		echo "Installing npm packages into $(@D), only once ..." && cd $(CLIENTS) && \
		npm $(if $(wildcard $(CLIENTS)/package-lock.json),ci,install) --no-audit --no-fund && \
		touch node_modules/.installed; \
	else \
		echo "npm is not installed: the tests of the JavaScript and TypeScript clients are skipped."; \
	fi
