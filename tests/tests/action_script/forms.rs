//! Notations of an address in a field: brackets, ports, too many or too few numbers, edges of the
//! private networks.

use crate::original::Given;

/// Every notation once: `%` stands for a new address, `&` for a bystander's.
const FORMS: &str = "% %. .% %: %, (%) [%] [%]:22 %:22 %/32 %/24 %-& <%> rhost=% x% %x x%x from=%,& %,& &/% a:&/% \
    host.example.net[%] host-203-0-113-9.example.net %.example.net dyn.%.example.net v1.2.3.4 1.2.3.4.5 1.2.3.4.5.6 \
    x1.2.3.4.5 x1.2.3.4.5.6 x%.22 1.2.3 1.2.3. 1..2.3 1...4 x1...4 1.2.3.4..5 x1.2.3.4..5 203.0.113.09 203.0.113.009 \
    203.000.113.009 0203.0.113.9 00203.0.113.9 203.0.113.0x9 203.0.113.256 256.0.113.9 999.999.999.999 203.0.113.1234 \
    12345.0.113.9 203.0.113.99999999999999999999 10.0.0.0 10.255.255.255 9.255.255.255 11.0.0.0 010.0.0.1 10.1.2.3.4 \
    x10.1.2.3 172.15.255.255 172.16.0.0 172.31.255.255 172.32.0.1 172.020.0.1 172.16.1 192.167.255.255 192.168.0.0 \
    192.168.255.255 192.169.0.0 192.0168.1.1 127.0.0.1 127.0.0.2 127.1.2.3 126.255.255.255 128.0.0.1 0.1.2.3 1.0.0.0 \
    169.253.1.1 169.254.0.1 169.255.0.1 223.255.255.255 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.254 \
    255.255.255.255 100.64.0.1 198.18.0.1 192.0.0.1 ::1 ::ffff:% [::ffff:%] ::ffff:10.0.0.1 ::ffff:%:22 2001:db8::9 \
    2001:db8::% 64:ff9b::% fe80::1%eth0 ::ffff:cb00:7109 -% +% 203,0,113,9 %.. %.x %.1x %_1 user@% ruser=1.2.3.4@% 1.x% \
    1x.% 1.x.% 12.abc:% 7.% 7x% 9:% %#4711 %#4711: \"%\" %\" '%' `%` $(%) {%,&} ~% !% #% @% %@x ip=%;port=22 \
    http://%/ http://%:80/& ../% /% %/../x %%0a %9 9% é% %é ; | & %; %|x %& -";

/// Each notation in the middle of a line; every third also alone, as a range of fields, and with
/// `lock`.
pub(crate) fn forms() -> Vec<Given> {
    let mut all = Vec::new();
    for (number, form) in FORMS.split_whitespace().enumerate() {
        let address = format!("203.0.113.{}", 10 + number);
        let form = form
            .replace('%', &address)
            .replace('&', &format!("198.51.100.{}", 10 + number));
        let mut give = |words: &str, line: String| {
            all.push(Given {
                words: words.to_owned(),
                line,
            });
        };
        give("3", format!("a b {form} d"));
        match number % 3 {
            0 => give("1", form),
            1 => give("2-", format!("x  {form}\t192.0.2.{number} ")),
            _ => give("-3,5 lock", format!("x {form} y z end")),
        }
    }
    for (number, words) in [
        "3 lock now",
        "3 now lock",
        "3 LOCK",
        "3 locked",
        "03 lock",
        "3,3 lock",
        "1-2 lock",
    ]
    .into_iter()
    .enumerate()
    {
        all.push(Given {
            words: words.to_owned(),
            line: format!("a b 192.0.2.{} d", 240 + number),
        });
    }
    all
}
