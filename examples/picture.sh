#!/bin/bash
# Draws the picture of the README, examples/picture.svg, from what the demo prints (`make picture`).
#
#   examples/picture.sh > examples/picture.svg
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
CLICOLOR_FORCE=1 "$here/demo.sh" | awk '
  BEGIN { line[++n] = "$ make demo"; }
  /^== Try next/ { exit }
  { line[++n] = $0 }
  function text(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); return s }
  function span(class, s) { return "<tspan class=\"" class "\">" text(s) "</tspan>" }
  END {
    while (line[n] == "") n--
    height = n * 18 + 32
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 700 " height "\" role=\"img\">"
    print "<title>make demo: what would be locked, and why</title>"
    print "<style>"
    print "text { font: 13px ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, monospace; fill: #d7dae0; white-space: pre }"
    print ".red { fill: #ff7b72; font-weight: bold } .yellow { fill: #e3b341 } .dim { fill: #8b949e } .head { fill: #79c0ff }"
    print "</style>"
    print "<rect width=\"700\" height=\"" height "\" rx=\"8\" fill=\"#16191f\"/>"
    for (i = 1; i <= n; i++) {
      s = line[i]
      class = ""
      if (match(s, /^\033\[[0-9;]+m/)) {
        code = substr(s, 3, RLENGTH - 3)
        class = code == "1;31" ? "red" : code == "33" ? "yellow" : code == "2" ? "dim" : ""
        s = substr(s, RLENGTH + 1)
        end = index(s, "\033[0m")
        front = substr(s, 1, end - 1)
        s = substr(s, end + 4)
      } else front = ""
      if (s ~ /^(==|\$) /) { class = "head"; front = s; s = "" }
      body = (class == "" ? text(front) : span(class, front)) text(s)
      if (front s != "") print "<text x=\"16\" y=\"" (i * 18 + 16) "\" xml:space=\"preserve\">" body "</text>"
    }
    print "</svg>"
  }'
