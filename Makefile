# Every target is one call of a Python entry point; README.md gives the same path without make.
PYTHON ?= python3
SERVE ?= 1
A ?= a1
VENV := .venv
CS231N := $(VENV)/bin/cs231n

.DEFAULT_GOAL := help
.PHONY: help install book lab check status test notebooks lint bench lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

install:  ## create .venv and install everything in it (done once, then skipped)
	@$(PYTHON) -I cs231n_lib/course/project/install.py --env $(VENV)

book: install  ## build the book and serve it live (SERVE=0: build only)
	@echo "the command cs231n, in another terminal: . $(VENV)/bin/activate"
	@$(CS231N) book $(if $(filter 0,$(SERVE)),build,serve)

lab: install  ## open assignment a1 in JupyterLab (A=a2: another one)
	@$(CS231N) lab $(A)

check: install  ## check your copy of assignment a1 (A=a2: another one; E=NAME: one exercise)
	@$(CS231N) check $(A) $(E)

status: install  ## show where you stand in all assignments
	@$(CS231N) status

test: install  ## lint, unit tests, notebooks, grader, browser
	@$(CS231N) test

notebooks: install  ## re-execute every chapter and store its outputs
	@$(CS231N) book execute

lint: install  ## formatting, style and types
	@$(CS231N) lint

bench: install  ## time the library against its peers
	@$(CS231N) bench

lock: install  ## refresh constraints.txt
	@$(CS231N) lock

clean:  ## remove build output and caches
	@if [ -x $(CS231N) ]; then $(CS231N) clean; fi
