#!/bin/sh
# Creates the targets' initial corpora from the conformance suite: its configurations, and the values
# and patterns in them. Run from anywhere; writes fuzz/corpus/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
suite=$here/../tests/conformance
corpus=$here/corpus
mkdir -p "$corpus/config" "$corpus/template" "$corpus/pattern"

cat "$suite"/*.txt | awk -v into="$corpus/config" '
	/^=== / { close(file); file = into "/suite-" $2 }
	/^[^|~]/ { within = ($0 == "conf:") }
	within && /^\| / { print substr($0, 3) > file }
'
cat "$corpus"/config/suite-* | awk -v values="$corpus/template" -v patterns="$corpus/pattern" '
	/^[ \t]*(exec|pipe|mail|write|throttle|echo|perlcode)[ \t=]/ {
		sub(/^[ \t]*[a-z]+[ \t=]*/, "")
		if (!seen[$0]++) {
			file = values "/suite-" ++n
			# The place, then the value.
			printf "%c%s", 48 + n % 9, $0 > file
			close(file)
		}
	}
	# Modifiers, the record, NUL, the pattern.
	/^[ \t]*(watchfor|ignore)[^\/]*\/.*\// {
		sub(/^[^\/]*\//, "")
		sub(/\/[^\/]*$/, "")
		if (!seen["/" $0]++) {
			file = patterns "/suite-" ++n
			printf "@alpha one%c%s", 0, $0 > file
			close(file)
		}
	}
'
mkdir -p "$corpus/action_address"
# A first byte that stands for a whole line, and the line.
awk -v into="$corpus/action_address" '
	/ \| / && !/^#/ {
		file = into "/sample-" ++n
		line = substr($0, index($0, " | ") + 3)
		printf "%c%s", 126 + 66, line > file
		close(file)
	}
' "$here/../crates/log-address/tests/samples.txt"
for target in config template pattern action_address; do
	echo "$target: $(find "$corpus/$target" -type f | wc -l) files"
done
