# The Perl side of a watch. Standard input is a socket to swatch-rs, which sends the rule chain as
# text and then the records. See protocol.rs for the messages.
{
package SwatchRs;
use strict;
use POSIX ();

our ($Line, $Check, $Compiled, $Quit, $Left, $Explain);
my ($in, $out, $owner, $ready, $program);
# The number of the record being decided. Every message carries it, so an answer cannot be mistaken
# for that to another record.
my $number = 0;
# How many stray processes were ended: those that user code forked and that did not exit.
my $strays = 0;
# The handle that `$.` counts for.
my $lines;

# Programs that user code starts must not inherit the socket: handles above 2 are closed on exec.
sub connect_socket {
    open($in, '<&', \*STDIN) or die "swatch-rs: no socket: $!\n";
    open($out, '>&', \*STDIN) or die "swatch-rs: no socket: $!\n";
    open(STDIN, '<', '/dev/null');
    binmode $_ for $in, $out;
    open($lines, '<', \"12") or die "swatch-rs: no handle: $!\n";
    $owner = $$;
}

# A process that user code forked and that did not exit must not decide records. It ends when it
# tries to use the socket, and its parent reports it.
sub end_stray {
    kill 'URG', $owner;
    POSIX::_exit(0);
}

# A message is a letter, the record's number, the number of its fields, and each field with its
# length before it.
sub answer {
    my $kind = shift;
    end_stray() if defined $owner && $owner != $$;
    my $bytes = $kind . pack('VV', $number, scalar @_);
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

# A stray process does not get here: it has something to say first.
sub hear {
    my $head = take(9);
    # The other side has closed the socket: there is nothing left to do.
    if (!defined $head) {
        undef $owner;
        exit 0;
    }
    (my $kind, $number, my $fields) = unpack('aVV', $head);
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

# The next record, with the variables that swatchdog sets up: `$_`, and `$.` as if a line had been
# read from a handle that is not at its end.
sub next_record {
    my ($kind, $record) = hear();
    $Explain = $kind eq 'E';
    $Line = $record;
    # Unless user code has read from another handle, `$.` still belongs to this one.
    if (!defined ${^LAST_FH} || ${^LAST_FH} != $lines) {
        seek($lines, 0, 0);
        local $/ = \1;
        readline($lines);
    }
    $. = $number;
    $_ = $record;
    return 1;
}

sub done {
    if ($strays) {
        answer('n', $strays);
        $strays = 0;
    }
    answer('z');
}

sub fault {
    my $text = shift;
    answer('d', "$text");
}

# The captures of the condition's last match. Match variables still have the scope of the caller
# here, because nothing in between matches. `%-` is given as a string, so that Perl loads its module
# only on demand.
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

# May the block of this rule act? Returns the answer, the message, and what follows the block.
sub gate {
    captures() if $Explain;
    return ask('g', @_);
}

# Do the window and the threshold of this action permit it?
sub asks { return (ask('w', @_))[0] }

sub step { ask('s', @_); return }

sub ignored {
    captures() if $Explain;
    answer('i', @_);
}

# Functions used as actions must exist before the first record.
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

# `exit` in user code ends the watch, as in swatchdog. A child that user code forked must not report
# its own exit.
END {
    if (defined $owner && $owner == $$ && $ready) {
        my $status = $?;
        answer('x', $status);
        $? = $status;
    }
}

# Terminal keys interrupt the whole process group and are meant for swatch-rs. Unlike IGNORE, a
# handler is not inherited by programs.
$SIG{$_} = sub { } for qw(INT QUIT HUP USR1);
$SIG{URG} = sub { $strays++ };

connect_socket();
STDOUT->autoflush(1);
(undef, my $mode, $program) = hear();
$Check = $mode eq 'check';

sub program { return $program }

# The chain has ended: it does not compile, it died before the first record, or user code left its
# loop.
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

# No lexical variable may be visible to the chain: it would become a closure, and its named functions
# would see different variables than its statements.
package main;
eval SwatchRs::program();
SwatchRs::ended($@);
