# `make` lists the targets.

prefix      = /usr/local
bindir      = $(prefix)/bin
mandir      = $(prefix)/share/man
docdir      = $(prefix)/share/doc/swatch-rs
DESTDIR    ?=
MINUTES     = 30

CARGO       = cargo
CARGO_TARGET_DIR ?= $(CURDIR)/target
release     = $(CARGO_TARGET_DIR)/release
programs    = swatch-rs swatch-action

.DEFAULT_GOAL = help

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## both programs, optimised, in target/release
	$(CARGO) build --release --bins

.PHONY: demo
demo: build ## the example configurations on bundled logs: what would be locked, and why
	PATH="$(release):$$PATH" examples/demo.sh

.PHONY: test
test: setup ## all tests, including conformance; as root nothing is skipped
	$(CARGO) build --workspace --bins
	$(CARGO) test --workspace --no-fail-fast

.PHONY: setup
setup: ## install the Debian packages that tests use; not as root: list them
	tests/setup.sh

.PHONY: conformance
conformance: ## the conformance suite: the original first (if installed), then swatch-rs
	$(CARGO) test --package swatch-tests --test conformance -- --original
	$(CARGO) test --package swatch-tests --test conformance

.PHONY: bench
bench: build ## speed and memory compared with the original and its peers; writes docs/benchmarks.md
	bench/run

.PHONY: bench-fleet
bench-fleet: build ## a fleet on one machine, as root: latency, load of the engine, many locks; writes docs/fleet-benchmarks.md
	bench/fleet.py "$(release)/swatch-action"

.PHONY: micro
micro: ## micro-benchmarks: parse, compile, search, decide, throttle, substitute
	$(CARGO) bench --package log-timestamp --package perl-pattern --package swatch-config --package swatch-engine --benches

.PHONY: soak
soak: build ## 20 logs with rotations and bursts for MINUTES=30: lost lines, memory and descriptors
	tests/soak.sh "$(MINUTES)" "$(release)/swatch-rs"

.PHONY: long
long: ## the randomised tests with many more cases
	SWATCH_DIFF_CASES=$${SWATCH_DIFF_CASES:-2000} SWATCH_MODEL_CASES=$${SWATCH_MODEL_CASES:-20000} \
	SWATCH_LOCK_CASES=$${SWATCH_LOCK_CASES:-100} SWATCH_ROTATIONS=$${SWATCH_ROTATIONS:-200} \
	PERL_PATTERN_CASES=$${PERL_PATTERN_CASES:-200000} PROPTEST_CASES=$${PROPTEST_CASES:-20000} \
		$(CARGO) test --release --workspace

.PHONY: fuzz
fuzz: ## each fuzz target for MINUTES=30; needs a nightly compiler and cargo-fuzz
	fuzz/seeds.sh
	for target in config:language template:language pattern:pattern action_address:action_address timestamp:; do \
	  dictionary="$${target#*:}"; \
	  $(CARGO) +nightly fuzz run "$${target%:*}" -- -max_total_time=$$(($(MINUTES) * 60)) -timeout=10 \
	    -max_len=600 $${dictionary:+-dict="fuzz/$$dictionary.dict"} || exit 1; \
	done

.PHONY: fmt
fmt: ## format the source
	$(CARGO) fmt --all

.PHONY: lint
lint: ## the format and lint checks of CI
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

.PHONY: install
install: ## install programs, man pages and documents to $(prefix); run `make build` first
	@for p in $(programs); do \
	  [ -x "$(release)/$$p" ] || { echo "$(release)/$$p does not exist: run \`make build\` first" >&2; exit 1; }; \
	done
	install -d "$(DESTDIR)$(bindir)" "$(DESTDIR)$(docdir)"
	install -m 755 $(programs:%="$(release)/%") "$(DESTDIR)$(bindir)"
	@for page in docs/man/*.[1-8]; do \
	  [ -e "$$page" ] || continue; \
	  section="$(DESTDIR)$(mandir)/man$${page##*.}"; \
	  install -d "$$section"; \
	  echo "install -m 644 $$page $$section"; \
	  install -m 644 "$$page" "$$section"; \
	done
	@for directory in docs examples; do \
	  [ -d $$directory ] || continue; \
	  find $$directory -type f ! -path 'docs/man/*' | while read -r file; do \
	    to="$(DESTDIR)$(docdir)/$${file#docs/}"; \
	    mode=644; [ -x "$$file" ] && mode=755; \
	    install -D -m $$mode "$$file" "$$to"; \
	  done; \
	done

.PHONY: install-compat
install-compat: install ## install also under the names that the original's init scripts and configurations use
	ln -sf swatch-rs "$(DESTDIR)$(bindir)/swatch"
	ln -sf swatch-rs "$(DESTDIR)$(bindir)/swatchdog"
	ln -sf swatch-action "$(DESTDIR)$(bindir)/swatch_action.sh"

.PHONY: uninstall
uninstall: ## remove what install and install-compat installed
	rm -f $(programs:%="$(DESTDIR)$(bindir)/%")
	@for pair in swatch:swatch-rs swatchdog:swatch-rs swatch_action.sh:swatch-action; do \
	  link="$(DESTDIR)$(bindir)/$${pair%%:*}"; \
	  if [ "$$(readlink "$$link")" = "$${pair#*:}" ]; then echo "rm -f $$link"; rm -f "$$link"; fi; \
	done
	@for page in docs/man/*.[1-8]; do \
	  rm -f "$(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/}"; \
	done
	rm -rf "$(DESTDIR)$(docdir)"

.PHONY: clean
clean: ## remove build products
	$(CARGO) clean
