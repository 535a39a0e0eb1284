use super::*;

const PLAIN: &[u8] = b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1767322985000000\n_HOSTNAME=h\nSYSLOG_IDENTIFIER=sshd\n_PID=7\nMESSAGE=Invalid user x from 203.0.113.9 port 4\n\n";

#[test]
fn an_entry_becomes_a_syslog_line() {
    let (entry, length) = Entry::parse(PLAIN).unwrap().unwrap();
    assert_eq!(length, PLAIN.len());
    assert_eq!(entry.cursor, b"s=1;i=2");
    let line = String::from_utf8(entry.line()).unwrap();
    assert!(
        line.ends_with(" h sshd[7]: Invalid user x from 203.0.113.9 port 4\n"),
        "{line}"
    );
}

#[test]
fn an_entry_that_is_not_whole_waits() {
    for cut in 0..PLAIN.len() {
        assert!(Entry::parse(&PLAIN[..cut]).unwrap().is_none(), "{cut}");
    }
}

#[test]
fn a_binary_message_stays_one_line() {
    let mut text = b"_HOSTNAME=h\nMESSAGE\n".to_vec();
    text.extend_from_slice(&9u64.to_le_bytes());
    text.extend_from_slice(b"a\nb: fake\n\n");
    for cut in 0..text.len() {
        assert!(Entry::parse(&text[..cut]).unwrap().is_none(), "{cut}");
    }
    let (entry, _) = Entry::parse(&text).unwrap().unwrap();
    let line = entry.line();
    assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
    assert!(line.ends_with(b" h : a b: fake\n"));
}

#[test]
fn a_length_that_cannot_be_is_an_error() {
    let mut text = b"MESSAGE\n".to_vec();
    text.extend_from_slice(&u64::MAX.to_le_bytes());
    assert!(Entry::parse(&text).is_err());
}
