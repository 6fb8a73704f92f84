# `make help` tells what there is. Two words set everything up by themselves: `make run` and `make test`.

# Not make's own search for programs, which on macOS does not look into the PATH below.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
ENGINE := $(or $(CDK_DOCKER),docker)
TARGET ?= cpu
IMAGE := chitra-workshop:$(TARGET)
STAMP := $(VENV)/.installed
UNFINISHED := $(VENV)/.unfinished
LOCKS := requirements.lock dependencies/installer.lock dependencies/torch-cpu.lock dependencies/torch-pypi.lock
RECORDING := $(CURDIR)/build/permissions/calls.jsonl
RECORDED := $(addprefix tests/,\
	e2e/test_rehearsal.py::test_should_pass_and_leave_nothing rehearsal/test_crowd.py rehearsal/test_participants_day.py \
	permissions/test_organisers_day.py \
	$(addprefix notebooks/test_,preparation.py sudachi_and_chitra.py fine_tuning.py your_own_data.py))
NODE_STAMP := node_modules/.installed
CHECKS := .venv-checks
CHECKS_STAMP := $(CHECKS)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run local notebooks crowd test bench lint synth review snapshot permissions doctor deploy teardown setup image image-size audit lock clean

help:  ## this list; a bare `make` prints it, too
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "%-11s %s\n", $$1, $$2 }' Makefile

run: setup  ## the whole workshop on this machine (CORPUS=path for a corpus of your own, DOCKER=1 or 0 for containers or not, ACCESS=scoped)
	rehearse $(if $(ACCESS),--access $(ACCESS)) $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(DOCKER),$(if $(filter 0,$(DOCKER)),--no-docker,--docker))

local: setup  ## a workshop on this machine that stays (CORPUS=path, MODEL=folder, ACCESS=scoped); .venv/bin/local-aws down ends it
	local-aws up $(if $(ACCESS),--access $(ACCESS)) $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(MODEL),--model "$(MODEL)")

notebooks: setup  ## the notebooks in JupyterLab, with a local workshop (CORPUS=path, MODEL=folder, ACCESS=scoped) or AWS=1 that of your AWS account
	$(if $(filter 1,$(AWS)),workshop notebooks,local-aws notebooks $(if $(ACCESS),--access $(ACCESS)) $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(MODEL),--model "$(MODEL)"))

crowd: setup  ## many participants at once on this machine, with quotas (PARTICIPANTS=30, ACCESS=scoped)
	rehearse crowd --participants $(or $(PARTICIPANTS),30) $(if $(ACCESS),--access $(ACCESS))

test: setup $(CHECKS_STAMP)  ## lint, types and tests
	$(MAKE) --no-print-directory lint
	pytest

bench: setup  ## tokenisation, training and serving against the 2022 hands-on's recipe, the stand-in's accuracy (CORPUS=path for a corpus of your own)
	python -m benchmarks.preprocessing "$(or $(CORPUS),samples/corpus)"
	python -m benchmarks.accuracy "$(or $(CORPUS),samples/corpus)"

lint: setup  ## lint, types and the contracts of imports
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache

synth: setup $(CHECKS_STAMP)  ## the templates, checked, for review
	@rm -f cdk.out/validation-report.json
	cdk synth --quiet || { python -m checks --synthesis; exit 1; }
	python -m checks

review: setup $(CHECKS_STAMP)  ## what the change since BASE (main) does to data, access and money: build/review/review.md (CHECK=1: fail on what review/policy.json forbids)
	python -m review $(if $(BASE),--base "$(BASE)") $(if $(filter 1,$(CHECK)),--exit-code)

snapshot: setup  ## write the templates and pages that tests compare with anew, to be looked at in the diff
	UPDATE_SNAPSHOTS=1 pytest tests/infra/test_snapshots.py tests/review/test_pages.py

permissions: setup  ## docs/permissions.md and the policies to ask for, from what days on the local AWS call, in both modes of access (half an hour)
	@rm -f $(RECORDING) && mkdir -p $(dir $(RECORDING))
	ACCESS=full LOCAL_AWS_RECORD=$(RECORDING) pytest -n 0 $(RECORDED)
	ACCESS=scoped LOCAL_AWS_RECORD=$(RECORDING) pytest -n 0 $(RECORDED)
	python -m permissions $(RECORDING)

doctor: setup  ## check account, quotas and this machine before a deployment
	workshop doctor

deploy: setup  ## the stacks, into the account of your AWS credentials (APPROVE=1: without asking, for a call without a terminal)
	cdk bootstrap
	cdk deploy --all $(if $(filter 1,$(APPROVE)),--require-approval never)

teardown: setup  ## everything that belongs to the workshop, after asking once
	workshop teardown

setup: $(STAMP) $(NODE_STAMP)  ## a virtual environment, Node and the CDK command line; every command does it by itself

# An environment whose set-up was stopped may hold half a package: it is made again, from finished downloads.
$(STAMP): $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Say which: make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(if $(wildcard $(UNFINISHED)),--clear) $(VENV)
	@touch $(UNFINISHED)
	$(VENV)/bin/python dependencies/install.py
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm $(UNFINISHED) && touch $@

$(NODE_STAMP): package.json package-lock.json $(STAMP)
	npm ci --no-audit --no-fund --loglevel=error \
		|| { echo "error: npm could not install the CDK command line; its reason stands above. Run the same command again." >&2; exit 1; }
	@touch $@

# checkov pins packages of its own: an environment beside the other, for those who check templates.
$(CHECKS_STAMP): dependencies/checkov.lock
	$(PYTHON) -m venv --clear $(CHECKS)
	$(CHECKS)/bin/python dependencies/install.py checkov
	@touch $@

image:  ## the container image (TARGET=cuda, MODEL=archive or folder of your own, SHA256=the archive's checksum)
	@rm -rf build/image && mkdir -p build/image $(if $(MODEL),&& cp -R "$(MODEL:/=)" build/image/)
	$(ENGINE) build --output type=docker --provenance=false --sbom=false \
		--file training_image/building/Dockerfile --target $(TARGET) --tag $(IMAGE) $(DOCKER_BUILD_FLAGS) \
		$(if $(MODEL),--build-context models=build/image --build-arg MODEL_ADDRESS="models/$(notdir $(MODEL:/=))") \
		$(if $(SHA256),--build-arg MODEL_SHA256="$(SHA256)") .

image-size:  ## what each of the image's layers weighs (TARGET=cuda)
	$(ENGINE) history --format 'table {{.Size}}\t{{.CreatedBy}}' $(IMAGE)
	$(ENGINE) image inspect --format '{{.Size}} bytes in all' $(IMAGE)

audit: setup  ## known vulnerabilities of the image's packages (asks PyPI)
	pip-audit --strict --require-hashes --disable-pip $(addprefix --requirement training_image/building/,requirements.lock cuda.lock)

lock: setup  ## write requirements.txt and all that it needs to the lock files, keeping locked versions (asks PyPI)
	python -m dependencies.lock

clean:  ## remove what can be made again: build, cdk.out, the set-up
	rm -rf build cdk.out $(VENV) $(CHECKS) node_modules
