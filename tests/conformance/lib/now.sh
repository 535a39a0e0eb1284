# The current day and hour, and their neighbours, for `when=` cases.
# D, H: today (0 = Sunday) and this hour; H2: this hour with two digits.
# Dn Dp Hn Hp: the next and the previous one, round the clock.
# Dlo Dhi Hlo Hhi: a range around now that does not wrap. DN: the day's name.
D=$(date +%w); H2=$(date +%H); H=${H2#0}; DN=$(LC_ALL=C date +%a)
Dn=$(( (D + 1) % 7 )); Dp=$(( (D + 6) % 7 ))
Hn=$(( (H + 1) % 24 )); Hp=$(( (H + 23) % 24 ))
Dlo=$(( D > 0 ? D - 1 : 0 )); Dhi=$(( D < 6 ? D + 1 : 6 ))
Hlo=$(( H > 0 ? H - 1 : 0 )); Hhi=$(( H < 23 ? H + 1 : 23 ))
