//! The formats and their samples.

/// The notation of a time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Classic syslog (RFC 3164) and journald's `short` and `short-precise`: no year, no zone.
    Syslog,
    /// RFC 3339 and ISO 8601, with a `T`, an underscore (svlogd) or a space before the time, with a
    /// fraction after a full stop or a comma or without, with a zone or without.
    Iso,
    /// RFC 5424: a priority, a version and a stamp of RFC 3339.
    Rfc5424,
    /// A weekday before an ISO date: journald's `short-full`.
    WeekdayIso,
    /// `ctime(3)`, with a zone or a fraction in it or without: vsftpd, FreeRADIUS, and in brackets
    /// Apache's error log.
    Ctime,
    /// Year, month and day with slashes: nginx's error log, programs in Go.
    Slashes,
    /// Month, day and year with slashes: Suricata and Snort.
    MonthFirst,
    /// Day, month's name and year with slashes, hyphens or spaces at the front of a line: BIND,
    /// Tomcat.
    DayFirst,
    /// The date in brackets of an access log, within the line.
    Access,
    /// Seconds since 1970 with a fraction or without, or milli-, micro- or nanoseconds since then:
    /// Squid, journald's `short-unix`, Nagios in brackets.
    Epoch,
    /// The number in `audit(SECONDS.FRACTION:SERIAL)` of the Linux audit log.
    Audit,
    /// Seconds since the start of the machine in brackets: the kernel, journald's
    /// `short-monotonic` and `short-delta`.
    Uptime,
    /// TAI64N: daemontools, socklog, svlogd.
    Tai64n,
    /// A field of a JSON object: `ts`, `time`, `timestamp`, `@timestamp`, `t`.
    Json,
    /// A field of a line in logfmt with one of the names that JSON has.
    Logfmt,
}

impl Format {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Syslog,
        Self::Iso,
        Self::Rfc5424,
        Self::WeekdayIso,
        Self::Ctime,
        Self::Slashes,
        Self::MonthFirst,
        Self::DayFirst,
        Self::Access,
        Self::Epoch,
        Self::Audit,
        Self::Uptime,
        Self::Tai64n,
        Self::Json,
        Self::Logfmt,
    ];

    /// True if stamps of this format are within the line rather than at its front.
    #[must_use]
    pub fn is_embedded(self) -> bool {
        matches!(self, Self::Access | Self::Audit | Self::Json | Self::Logfmt)
    }

    /// Lines in this format, for documentation and tests. But for [`Format::Uptime`], all name the
    /// same second: 2024-06-01 12:00:00, in UTC if they name a zone.
    #[must_use]
    pub fn samples(self) -> &'static [&'static str] {
        match self {
            Self::Syslog => &[
                "Jun  1 12:00:00 host sshd[1]: message",
                "Jun 01 12:00:00.123456 host sshd[1]: message",
                "<34>Jun  1 12:00:00 host sshd[1]: message",
                "[Jun  1 12:00:00] NOTICE[1] chan_sip.c: message",
            ],
            Self::Iso => &[
                "2024-06-01T12:00:00Z host sshd[1]: message",
                "2024-06-01T14:00:00.123456+02:00 host sshd[1]: message",
                "2024-06-01T07:00:00-0500 host sshd[1]: message",
                "2024-06-01 12:00:00 message",
                "2024-06-01 12:00:00,123 - root - INFO - message",
                "2024-06-01 12:00:00.123 UTC [1] LOG:  message",
                "2024-06-01 14:00:00 +0200 message",
                "2024-06-01 14:00:00.123 CEST [1] LOG:  message",
                "2024-06-01T12:00:00.12345 message",
                "2024-06-01_12:00:00.12345 message",
                "2024-06-01 12:00:00 UTC:192.0.2.1(4):u@d:[1]:LOG:  message",
                "2024-06-01 12:00:00.123: message",
                "2024-06-01 12:00:00|INFO|message",
                "2024-06-01T12:00:00Z, message",
                "[2024-06-01 12:00:00] NOTICE[1]: message",
                "[2024-06-01 12:00:00.123][api][ERROR] message",
            ],
            Self::Rfc5424 => &[
                "<34>1 2024-06-01T12:00:00.003Z host su 1 ID47 - message",
                "<34>1 2024-06-01T14:00:00+02:00 host su - - - message",
            ],
            Self::WeekdayIso => &[
                "Sat 2024-06-01 12:00:00 UTC host sshd[1]: message",
                "Sat 2024-06-01 14:00:00.123456 CEST host sshd[1]: message",
            ],
            Self::Ctime => &[
                "Sat Jun  1 12:00:00 2024 [pid 1] message",
                "Sat Jun  1 12:00:00 2024 : Auth: message",
                "Sat Jun  1 12:00:00 UTC 2024 message",
                "[Sat Jun 01 12:00:00.123456 2024] [core:error] [pid 1] message",
                "[Sat Jun 01 12:00:00 2024] [error] message",
            ],
            Self::Slashes => &[
                "2024/06/01 12:00:00 [error] 1#1: *1 message",
                "2024/06/01 12:00:00.123456 message",
            ],
            Self::MonthFirst => &["06/01/2024-12:00:00.123456  [**] [1:1:1] message"],
            Self::DayFirst => &[
                "01-Jun-2024 12:00:00.123 client @0x1 message",
                "01 Jun 2024 12:00:00 message",
                "01/Jun/2024 12:00:00 message",
                "[01/Jun/2024:14:00:00 +0200] message",
            ],
            Self::Access => &[
                "192.0.2.1 - - [01/Jun/2024:14:00:00 +0200] \"GET / HTTP/1.1\" 200 1",
                "www.example.org:443 192.0.2.1 - bob [01/Jun/2024:12:00:00 +0000] \"GET /\" 200 1",
            ],
            Self::Epoch => &[
                "1717243200 message",
                "1717243200.123    120 192.0.2.1 TCP_MISS/200 message",
                "1717243200.123456 host sshd[1]: message",
                "1717243200123 message",
                "1717243200123456 message",
                "[1717243200] SERVICE ALERT: message",
            ],
            Self::Audit => &["type=USER_LOGIN msg=audit(1717243200.123:456): message"],
            Self::Uptime => &[
                "[  123.456789] message",
                "<6>[  123.456789] message",
                "[    4.500000 <    0.000100 >] host kernel: message",
            ],
            Self::Tai64n => &["@40000000665b0d4a0754d4c0 auth.info: message"],
            Self::Json => &[
                "{\"level\":\"info\",\"ts\":1717243200.123,\"msg\":\"message\"}",
                "{\"@timestamp\":\"2024-06-01T12:00:00.123Z\",\"message\":\"message\"}",
                "{\"time\":\"2024-06-01T14:00:00+02:00\",\"msg\":\"message\"}",
                "{\"log\":\"message \\\"time\\\":1\",\"time\":\"2024-06-01T12:00:00.123456789Z\"}",
                "{\"t\":{\"$date\":\"2024-06-01T12:00:00.123+00:00\"},\"msg\":\"message\"}",
                "{\"timestamp\": 1717243200123, \"msg\": \"message\"}",
            ],
            Self::Logfmt => &[
                "time=2024-06-01T12:00:00Z level=info msg=message",
                "time=\"2024-06-01T14:00:00+02:00\" level=info msg=\"a message\"",
                "level=info ts=1717243200.123 msg=message",
                "pid=1 role=master timestamp=\"01 Jun 2024 12:00:00.123\" message=\"a message\"",
            ],
        }
    }
}
