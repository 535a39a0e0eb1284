# The Perl side of a watch. Standard input is a socket to swatch-rs; the rule chain comes through
# it as text, then record after record. See protocol.rs for the messages.
{
package SwatchRs;
use strict;
use IO::Handle ();
use POSIX ();

our ($Line, $Check, $Compiled, $Quit, $Left, $Explain);
my ($in, $out, $owner, $ready, $program);
# The number of the record being decided: every message carries it, so that no answer is taken for
# that to another record.
my $number = 0;
# Written to by processes that user code forked and that went on with the chain.
my ($strays, $stray);
# The handle that `$.` counts for.
my $lines;

# Programs that user code starts must not get the socket: handles above 2 are closed in them.
sub connect_socket {
    open($in, '<&', \*STDIN) or die "swatch-rs: no socket: $!\n";
    open($out, '>&', \*STDIN) or die "swatch-rs: no socket: $!\n";
    open(STDIN, '<', '/dev/null');
    binmode $_ for $in, $out;
    pipe($strays, $stray) or die "swatch-rs: no pipe: $!\n";
    $strays->blocking(0);
    open($lines, '<', \"12") or die "swatch-rs: no handle: $!\n";
    $owner = $$;
}

# A process that user code forked, and that did not exit, must not decide records too: it ends when
# it wants to use the socket, and this process reports it.
sub end_stray {
    syswrite($stray, '.');
    POSIX::_exit(0);
}

# A message is a letter, the record's number, the number of its fields, and each field with its
# length before it.
sub answer {
    my $kind = shift;
    end_stray() if defined $owner && $owner != $$;
    my $bytes = $kind . pack('VV', $number & 0xffffffff, scalar @_);
    for (my $i = 0; $i < @_; $i++) {
        my $field = defined $_[$i] ? $_[$i] : '';
        utf8::encode($field) if utf8::is_utf8($field) && !utf8::downgrade($field, 1);
        $bytes .= pack('V', length $field) . $field;
    }
    my $sent = 0;
    while ($sent < length $bytes) {
        my $n = syswrite($out, $bytes, length($bytes) - $sent, $sent);
        if (!defined $n) {
            next if $!{EINTR};
            POSIX::_exit(70);
        }
        $sent += $n;
    }
}

sub take {
    my $wanted = shift;
    my $bytes = '';
    while (length $bytes < $wanted) {
        my $n = sysread($in, $bytes, $wanted - length $bytes, length $bytes);
        if (!defined $n) {
            next if $!{EINTR};
            POSIX::_exit(71);
        }
        return undef if $n == 0;
    }
    return $bytes;
}

sub hear {
    end_stray() if defined $owner && $owner != $$;
    my $head = take(9);
    # The other side is gone: there is nobody to work for.
    if (!defined $head) {
        undef $owner;
        exit 0;
    }
    my ($kind, undef, $fields) = unpack('aVV', $head);
    my @fields;
    for (my $i = 0; $i < $fields; $i++) {
        my $length = unpack('V', take(4));
        push @fields, $length ? take($length) : '';
    }
    return ($kind, @fields);
}

sub ask {
    answer(@_);
    my ($kind, @fields) = hear();
    return @fields;
}

# The next record, with what the original sets up for it: `$_`, and `$.` as if a line had been read
# from a handle that is not at its end.
sub next_record {
    my ($kind, $record);
    ($kind, $number, $record) = hear();
    $Explain = $kind eq 'E';
    $Line = $record;
    seek($lines, 0, 0);
    { local $/ = \1; readline($lines) }
    $. = $number;
    $_ = $record;
    return 1;
}

sub done {
    if (sysread($strays, my $bytes, 4096)) {
        answer('n', length $bytes);
    }
    answer('z');
}

sub fault {
    my $text = shift;
    answer('d', "$text");
}

# What the last match of the condition has captured. Match variables have the scope of the caller
# here, until something matches: nothing in between does. `%-` stands as a name, so that Perl loads
# what is behind it only when it is asked for.
sub captures {
    no strict 'refs';
    return answer('m') unless defined $+[0];
    my @groups = ($&, map { $$_ } 1 .. $#+);
    my $names = \%{'-'};
    my $first = \%{'+'};
    my @named = map { ($_, $first->{$_}) } sort keys %$names;
    my $told = sub { map { defined $_ ? "1$_" : '' } @_ };
    answer('m', scalar @groups, $told->(@groups), $told->(@named));
}

# May the block of this rule act? Returns that, the message, and what comes after the block.
sub gate {
    captures() if $Explain;
    return ask('g', @_);
}

# Is the time and the threshold of this action right?
sub asks { return (ask('w', @_))[0] }

sub step { ask('s', @_); return }

sub ignored {
    captures() if $Explain;
    answer('i', @_);
}

# Functions that stand where actions do must exist before the first record.
sub missing {
    no strict 'refs';
    my @missing;
    for my $name (@_) {
        next if defined &{"main::$name"} || defined &{$name} || defined &main::AUTOLOAD;
        next if eval { prototype("CORE::$name"); 1 };
        push @missing, $name;
    }
    return @missing;
}

sub ready {
    my @missing = missing(@_);
    $ready = 1;
    answer('r', @missing);
}

# `exit` in user code ends the watch, as in the original. A child that user code forked must not
# speak for it.
END {
    if (defined $owner && $owner == $$ && $ready) {
        my $status = $?;
        answer('x', $status);
        $? = $status;
    }
}

# Keys that interrupt the whole group are for swatch-rs. A handler, unlike IGNORE, is not
# inherited by programs.
$SIG{$_} = sub { } for qw(INT QUIT HUP USR1);

connect_socket();
STDOUT->autoflush(1);
(undef, my $mode, $program) = hear();
$Check = $mode eq 'check';

sub program { return $program }

# The chain has been left: it does not compile, died before the first record, or its loop was
# ended by user code.
sub ended {
    my $error = shift;
    answer('c', $error) if $error && !$Compiled;
    answer('f', $error) if $error && $Compiled;
    answer('k') if !$error && $Check;
    answer('q') if !$error && $Quit;
    answer('x', 0) if !$error && !$Check && !$Quit;
    undef $owner;
}
}

# No lexical variable may be visible to the chain: it would become a closure over it, and its
# named functions would see other variables than its statements.
package main;
eval SwatchRs::program();
SwatchRs::ended($@);
