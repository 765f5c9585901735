# BreadthFlow. Every target sets up what it needs, may be run again and says in one line what takes long.
#
#   make demo                             simulated data, offline; SOURCE=csv_file DATA=DIR SYMBOLS=A,B for other data
#   make test                             every test of one preset: PRESET=release (default), asan or tsan
#   make up | down                        the suite in one process, in the background
#   make build | check | tidy | clean     release programs | format, lint, layer rules | clang-tidy on all | remove build/
#   make bench | bench-peers | stack      benchmarks | their peers | the suite in containers

PRESET ?= release
SCRIPTS := deploy/scripts

.PHONY: help setup build demo test up down check tidy bench bench-peers stack clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@$(SCRIPTS)/setup.sh build test

build:
	@$(SCRIPTS)/setup.sh build
	@$(SCRIPTS)/build.sh $(PRESET) programs

demo: build
	@SOURCE='$(SOURCE)' DATA='$(DATA)' SYMBOLS='$(SYMBOLS)' START='$(START)' END='$(END)' TRAIN_END='$(TRAIN_END)' \
	  MODEL='$(MODEL)' STRATEGY='$(STRATEGY)' PRESET='$(PRESET)' $(SCRIPTS)/demo.sh

test: setup
	@$(SCRIPTS)/test.sh $(PRESET)

up: build
	@$(SCRIPTS)/up.sh $(PRESET)

down:
	@$(SCRIPTS)/down.sh

check:
	@$(SCRIPTS)/setup.sh build test check
	@$(SCRIPTS)/check.sh changed

tidy:
	@$(SCRIPTS)/setup.sh build test check
	@$(SCRIPTS)/check.sh tidy

bench:
	@$(SCRIPTS)/setup.sh build test
	@$(SCRIPTS)/bench.sh '$(ONLY)'

bench-peers:
	@$(SCRIPTS)/bench_peers.sh

stack:
	@$(SCRIPTS)/stack.sh

clean:
	rm -rf build
