# Answers for patterns: one case a line, "FLAGS PATTERN LINE LINE ..." with pattern and lines in
# hexadecimal, each with an "x" before it. The answer: "E message" or "M" and a word per line:
# "-", "!" (no answer in time, or a run-time error), or "start,end;start,end;..." with "-" for a
# group that took no part.
use strict;
no warnings;
$| = 1;
my %compile;
while (my $case = <STDIN>) {
    my ($flags, @hex) = split ' ', $case;
    my ($pattern, @lines) = map { pack 'H*', substr $_, 1 } @hex;
    # A leading "u": with perl's optimiser kept out by something that it cannot see through.
    # That needs code in patterns, which makes perl read `\(?{` wrongly: not for the other ones.
    my $code = '';
    if ($flags =~ s/^u//) {
        $pattern = "(??{''})(?:$pattern)";
        $code = "use re 'eval';";
    }
    $flags =~ s/^-//;
    my $compile = $compile{"$code$flags"} ||= eval "$code sub { my \$p = shift; qr/\$p/$flags }" or die $@;
    my $regex = eval { local $SIG{ALRM} = sub { die "slow\n" }; alarm 5; my $r = $compile->($pattern); alarm 0; $r };
    if (!defined $regex) {
        alarm 0;
        my $error = $@;
        $error =~ s/\s+/ /g;
        print "E $error\n";
        next;
    }
    my @answers;
    for my $line (@lines) {
        my $answer = eval {
            local $SIG{ALRM} = sub { die "slow\n" };
            alarm 2;
            my $found = '-';
            if ($line =~ $regex) {
                my $groups = $#-  > $#+ ? $#- : $#+;
                $found = join ';', map {
                    defined $-[$_] && defined $+[$_] ? "$-[$_],$+[$_]" : '-'
                } 0 .. $groups;
            }
            alarm 0;
            $found;
        };
        alarm 0;
        push @answers, defined $answer ? $answer : '!';
    }
    print join(' ', 'M', @answers), "\n";
}
