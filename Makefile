# `make` lists the targets.

prefix      = /usr/local
bindir      = $(prefix)/bin
mandir      = $(prefix)/share/man
docdir      = $(prefix)/share/doc/swatch-rs
unitdir     = $(prefix)/lib/systemd/system
bashdir     = $(prefix)/share/bash-completion/completions
zshdir      = $(prefix)/share/zsh/site-functions
fishdir     = $(prefix)/share/fish/vendor_completions.d
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

.PHONY: picture
picture: build ## draw the picture of the README anew, from what the demo prints
	PATH="$(release):$$PATH" examples/picture.sh > examples/picture.svg

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
	SWATCH_LOCK_CASES=$${SWATCH_LOCK_CASES:-100} SWATCH_KILL_EVENTS=$${SWATCH_KILL_EVENTS:-10000} SWATCH_ROTATIONS=$${SWATCH_ROTATIONS:-200} \
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
install: ## install programs, man pages, units, completions and documents to $(prefix); run `make build` first
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
	install -d "$(DESTDIR)$(unitdir)" "$(DESTDIR)$(bashdir)" "$(DESTDIR)$(zshdir)" "$(DESTDIR)$(fishdir)"
	@for unit in packaging/systemd/*; do \
	  to="$(DESTDIR)$(unitdir)/$${unit##*/}"; \
	  echo "sed s|@bindir@|$(bindir)|g $$unit > $$to"; \
	  sed 's|@bindir@|$(bindir)|g' "$$unit" > "$$to" && chmod 644 "$$to" || exit 1; \
	done
	@set -e; for p in $(programs); do \
	  echo "$$p completions bash | zsh | fish"; \
	  "$(release)/$$p" completions bash > "$(DESTDIR)$(bashdir)/$$p"; \
	  "$(release)/$$p" completions zsh > "$(DESTDIR)$(zshdir)/_$$p"; \
	  "$(release)/$$p" completions fish > "$(DESTDIR)$(fishdir)/$$p.fish"; \
	  chmod 644 "$(DESTDIR)$(bashdir)/$$p" "$(DESTDIR)$(zshdir)/_$$p" "$(DESTDIR)$(fishdir)/$$p.fish"; \
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
	@for unit in packaging/systemd/*; do rm -f "$(DESTDIR)$(unitdir)/$${unit##*/}"; done
	rm -f $(programs:%="$(DESTDIR)$(bashdir)/%") $(programs:%="$(DESTDIR)$(zshdir)/_%") $(programs:%="$(DESTDIR)$(fishdir)/%.fish")
	rm -rf "$(DESTDIR)$(docdir)"

# The packages are made from a tree that `make install` fills, and the files of /etc.
DEBFLAGS    =
# Whoever builds the package is its maintainer, under the names of Debian's tools (debchange(1)).
DEBFULLNAME ?= swatch-rs maintainers
DEBEMAIL    ?= swatch-rs@packages.invalid
maintainer  = $(DEBFULLNAME) <$(DEBEMAIL)>
package     = $(CURDIR)/target/package
version     = $(shell sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
built       = $(shell git log -1 --format=%ct 2>/dev/null || date +%s)

.PHONY: stage
stage:
	rm -rf "$(package)"
	$(MAKE) --no-print-directory install DESTDIR="$(package)" prefix=/usr zshdir=/usr/share/zsh/vendor-completions
	install -d "$(package)/etc/swatch" "$(package)/etc/logrotate.d"
	packaging/settings.sh < examples/action.toml > "$(package)/etc/swatch/action.toml"
	# Without the template, which cargo-deb would take for one of each other unit.
	install -d "$(package)/units"
	cp "$(package)"/usr/lib/systemd/system/*[!@].service "$(package)"/usr/lib/systemd/system/*.timer "$(package)/units"
	install -m 644 packaging/logrotate "$(package)/etc/logrotate.d/swatch-rs"
	# A package has no symbols; those of the programs in $(release) stay.
	strip --strip-unneeded $(programs:%="$(package)/usr/bin/%")
	gzip -9n < CHANGELOG.md > "$(package)/usr/share/doc/swatch-rs/changelog.gz"
	install -d "$(package)/usr/share/lintian/overrides"
	install -m 644 packaging/debian/lintian/* "$(package)/usr/share/lintian/overrides"
	install -d "$(package)/compat/man"
	ln -s swatch-rs "$(package)/compat/swatch"
	ln -s swatch-rs "$(package)/compat/swatchdog"
	ln -s swatch-action "$(package)/compat/swatch_action.sh"
	for name in swatch swatchdog; do ln -s swatch-rs.8.gz "$(package)/compat/man/$$name.8.gz"; done
	ln -s swatch-action.8.gz "$(package)/compat/man/swatch_action.sh.8.gz"
	for name in swatch-rs swatch-rs-compat; do \
	  printf '%s (%s-1) unstable; urgency=medium\n\n  * The changes are in /usr/share/doc/swatch-rs/changelog.gz.\n\n -- %s  %s\n' \
	    $$name "$(version)" "$(maintainer)" "$$(LC_ALL=C date -uRd @$(built))" > "$(package)/$$name.changelog"; \
	done

# Installs a program of crates.io that makes packages, if it is missing.
define cargo_tool
	@command -v $(1) >/dev/null || { echo "$(1) is missing: cargo install $(1) --locked"; $(CARGO) install $(1) --locked --quiet; }
endef

.PHONY: deb
deb: stage ## Debian packages, in target/packages; run `make build` first; installs cargo-deb if it is missing
	$(call cargo_tool,cargo-deb)
	install -d target/packages
	$(CARGO) deb --package swatch-rs --no-build --no-strip --maintainer "$(maintainer)" $(DEBFLAGS) --output target/packages/
	$(CARGO) deb --package swatch-rs --no-build --no-strip --maintainer "$(maintainer)" $(DEBFLAGS) --variant compat --output target/packages/

.PHONY: rpm
rpm: stage ## RPM package, in target/packages; run `make build` first; installs cargo-generate-rpm if it is missing
	$(call cargo_tool,cargo-generate-rpm)
	install -d target/packages
	$(CARGO) generate-rpm --package crates/swatch-rs --output target/packages/

static_target = $(shell uname -m)-unknown-linux-musl

.PHONY: static
static: ## both programs without any library, by musl, in target/ARCH-unknown-linux-musl/release; as root they are tried in an empty root
	rustup target add $(static_target)
	$(CARGO) build --release --bins --target $(static_target)
	tests/static.sh "$(CARGO_TARGET_DIR)/$(static_target)/release"

.PHONY: packages-test
packages-test: ## install, use, upgrade and remove the packages in fresh roots (Debian stable and testing; RPM; a container), as root
	SWATCH_SUITES="$${SWATCH_SUITES:-bookworm testing}" tests/packages.sh "$(release)"
	tests/rpm.sh "$(release)"
	tests/container.sh "$(release)"

.PHONY: clean
clean: ## remove build products
	$(CARGO) clean

.PHONY: book
book: ## the documents as a book, in target/book, without a broken link; installs mdbook if it is missing
	$(call cargo_tool,mdbook)
	mdbook build
	tests/book.py target/book

.PHONY: manuals
manuals: ## make the manual pages that say what documents say
	SWATCH_WRITE_MANUALS=1 $(CARGO) test --package swatch-tests --test manuals -- the_pages
