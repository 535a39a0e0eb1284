#!/bin/sh
# Turns the example settings, which state every default, into a file that sets nothing: the defaults of later versions
# then hold, and so does what swatch-action chooses for the machine. A key is commented with a # and no space.
exec awk '
  # The headers of tables stay: a key that is uncommented then belongs to its table.
  /^[^#[]/ { $0 = "#" $0 }
  /^# Every setting, with its default[.]/ {
    sub(/Lines that begin with `#` and a key show other values[.]/, "All of these are comments: remove the `#` of what you change.")
  }
  { print }
'
