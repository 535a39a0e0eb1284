//! The part of an `at` job that ends many locks.
//!
//! One `iptables -D` for each of 20,000 rules would take hours. So the job does as
//! [`batch`](super::batch) does: it takes the rules from `iptables-save`, in the order of their
//! chains, and deletes them by `iptables-restore`, some thousand in one transaction.

use std::path::Path;

use ipnet::IpNet;
use swatch_common::shell_quote;

use super::WAIT;
use crate::network;

/// Splits the list into locks that are over and times at which others will be.
const DUE: &str = r#"due=`list | awk -v now="$now" -v dir="$dir" '{
  file = dir "/" $1; until = 0; if ((getline line < file) > 0) until = line + 0; close(file)
  if (until <= now) print "due", $1; else print "later", until }'`
soonest=`echo "$due" | awk '$1 == "later" && (!first || $2 < first) { first = $2 } END { print first }'`
[ -z "$soonest" ] || later "$soonest"
"#;

/// For one family: its rules that are due are deleted; if that went well, so are the notes.
const SWEEP: &str = r#"sweep() {
  ours=`echo "$due" | awk -v six="$2" '$1 == "due" && ($2 ~ /:/) == six { print $2 }'`
  [ -n "$ours" ] || return 0
  rules=`$1-save -t filter 2>/dev/null` || { later $((now + 60)); return 0; }
  case $rules in *"is incompatible, use"*) later $((now + 60)); return 0;; esac
  { echo "$ours"; echo "$rules"; } | awk -v chains=" $chains " '
    NF == 1 && !/^[*:#]/ && $1 != "COMMIT" {
      net = $1; sub("_", "/", net)
      if (net !~ /\//) net = net (net ~ /:/ ? "/128" : "/32")
      due[net] = 1
    }
    NF == 6 && $1 == "-A" && $3 == "-s" && $5 == "-j" && $6 == "DROP" && ($4 in due) && index(chains, " " $2 " ") {
      if (n++ % 5000 == 0) { if (n > 1) print "COMMIT"; print "*filter" }
      print "-D", $2, "-s", $4, "-j DROP"
    }
    END { if (n) print "COMMIT" }' | $1-restore -w WAIT --noflush >/dev/null 2>&1 ||
    { later $((now + 60)); return 0; }
  (cd "$dir" && echo "$ours" | xargs rm -f)
}
sweep iptables 0
sweep ip6tables 1
"#;

/// Shell text that ends those of these locks that are over. `dir` holds the notes of their ends.
pub(super) fn script(chains: &[String], nets: &[IpNet], dir: &Path) -> String {
    let list: String = nets
        .iter()
        .map(|&net| network::file_name(net) + "\n")
        .collect();
    let dir = dir.to_string_lossy();
    let dir = shell_quote::word(&dir);
    let chains = chains.join(" ");
    let chains = shell_quote::word(&chains);
    let sweep = SWEEP.replace("WAIT", WAIT);
    format!("dir={dir}\nchains={chains}\nlist() {{ cat <<'LIST'\n{list}LIST\n}}\n{DUE}{sweep}")
}
