//! Both engines must agree on configurations that need no Perl.

use std::path::Path;

use super::{Perl, perl_is_missing};
use crate::effect::Effect;
use crate::perl::{PerlChain, PerlModules, Replay};
use crate::program::{Options, Program};
use crate::state::State;
use crate::testing::at;

const CONFIGS: &[&str] = &[
    "watchfor /(a)/ && /(b)/\nexec rec $1",
    "watchfor /(a)/ && /b/\nexec rec \"$1\" x",
    "watchfor /(a)/ and not /(z)/\necho\nexec rec $1 ${1}x",
    "watchfor !/beta/\nexec rec $0 $_ $*",
    "watchfor (/beta/ or /gamma/) and /two/\necho red\ncontinue\nwatchfor /./\nbell 2",
    "watchfor /alpha/, /two/\necho",
    "watchfor /alpha/ xor /one/ xor /a/\necho",
    "watchfor /beta/ and //\necho\nwatchfor /a/ and //\nexec rec $&",
    "watchfor //\necho",
    "watchfor /load (\\d+)/ and $1 > 5\nexec rec $1\nwatchfor /load/\necho",
    "watchfor /load (\\d+)/ and $1 == 9007199254740992\nexec rec $1\nwatchfor /load/ and $_ ne 9007199254740993\necho",
    "watchfor /user (\\w+)/ and $1 =~ /^r(.*)/\nexec rec $1 \"$&\" '$`'",
    "watchfor /(?<name>\\w+) two/\nexec rec $+{name} $+",
    "watchfor /it's \"q\" \\\\ \\/x/\necho",
    "watchfor m'a\\'b'\necho",
    "watchfor m{a{2,3}x?}\necho",
    "watchfor /BETA # x/ix\necho\nwatchfor /^one$/m\npipe cat",
    "watchfor /[\\w.]+@[\\w.]+/\nmail addresses=a:b,subject=from $& $1\nwatchfor /root\\@h/\necho",
    "watchfor /./\nthrottle 0:0:2\necho\nexec rec $0",
    "watchfor /./\nthrottle threshold=2,key=$1\necho\ncontinue\nwatchfor /(.)/\nthrottle 1:00,key=$1\necho",
    "watchfor /(.)/\nthreshold track_by=$1,type=limit,count=1,seconds=60\nexec rec $1\nquit when=1:2",
    "watchfor /./\necho normal,threshold=on,track_by=$_,type=both,count=2,seconds=60\nexec rec x,when=0-6:0-23",
    "ignore /alpha/\nwatchfor 1\nwrite $_\nwatchfor 0\necho",
    "watchfor /e/\nexec rec \"$_[0]\" $_[1] $_[-1]; rec '$0'\nquit",
];

const RECORDS: &[&str] = &[
    "alpha one",
    "beta two",
    "gamma three",
    "a b",
    "a; b `id` $(id) 'x' \"y\" \\",
    "",
    "load 4",
    "load 12",
    "load 9007199254740993",
    "load 9007199254740992",
    "user root",
    "it's \"q\" \\ /x",
    "a'b",
    "aa}",
    "mail x.y@example.org root@h",
    "x\none\ny",
    "beta two",
    "beta two",
    "  leading é",
];

#[test]
fn both_engines_do_the_same() {
    if perl_is_missing() {
        return;
    }
    for text in CONFIGS {
        let options = swatch_config::Options::default();
        let parsed = swatch_config::parse_str(text.as_bytes(), Path::new("conf"), &options);
        assert!(!parsed.has_errors(), "{text}: {:?}", parsed.diagnostics);
        let config = parsed.config;
        assert!(config.perl_needs.is_empty(), "{text}");
        let native = Program::compile(&config, &Options::default()).expect("it compiles");
        let modules = PerlModules::default();
        let chain = PerlChain::compile(&config, &Options::default(), &modules).expect("it, too");
        let mut perl = Perl::new();
        let started = chain.start(&mut perl.channel);
        started.unwrap_or_else(|e| panic!("{e:?}\n{}", String::from_utf8_lossy(chain.script())));
        let mut native_state = State::new(&native);
        let mut perl_state = State::new(chain.program());
        for (second, record) in (0..).zip(RECORDS) {
            let now = at(second);
            let mut expected = Vec::new();
            crate::decide(
                &native,
                &mut native_state,
                record.as_bytes(),
                &now,
                &mut expected,
            );
            let mut got = Vec::new();
            let outcome = chain
                .decide(
                    &mut perl.channel,
                    &mut perl_state,
                    record.as_bytes(),
                    &now,
                    &mut Replay::new(second as u64 + 1),
                    &mut |effect| got.push(effect),
                )
                .expect("perl lives");
            if outcome.quit {
                got.push(Effect::Quit);
            }
            assert_eq!(got, expected, "{text}\nrecord {record:?}");
            if outcome.quit {
                break;
            }
        }
        assert_eq!(native_state.counters(), perl_state.counters(), "{text}");
    }
}
