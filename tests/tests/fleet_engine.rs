//! The engine of a fleet: gaps, full memory, a network that is cut, clusters, sentinels, TLS.

use swatch_tests::fleet::run;

/// A follower goes on from where it was; one that was away for longer than the stream is kept
/// takes the snapshot, as a new host does.
#[test]
fn a_follower_goes_on_or_takes_the_snapshot() {
    let script = r#"
        engine; host 0; host 1; host 2
        lock() { echo "x $1" | on 0 2 lock > /dev/null; }
        follow 1; until_true ready 1
        lock 203.0.113.1; until_true has 1 203.0.113.1
        leave 1
        lock 203.0.113.2; lock 203.0.113.3
        follow 1; until_true has 1 203.0.113.3; has 1 203.0.113.2
        grep -c snapshot BASE/h1/err
        leave 1
        lock 203.0.113.4; on 0 unlock 203.0.113.2 --fleet > /dev/null
        for a in 11 12 13 14 15 16 17 18 19 20; do lock 203.0.113.$a; done
        cli xtrim 'swatch:{default}:stream' maxlen 1 > /dev/null
        follow 1; until_true has 1 203.0.113.20
        for a in 1 3 4 11 15; do has 1 203.0.113.$a; done; lacks 1 203.0.113.2
        until_true said 1 'entries are missing'
        grep -c 'locked in bulk' BASE/h1/out
        # A host that is new.
        on 2 follow --once > /dev/null; for a in 1 3 4 20; do has 2 203.0.113.$a; done; lacks 2 203.0.113.2
        # While it runs, too.
        lock 203.0.113.30; until_true has 1 203.0.113.30
        cli flushall > /dev/null
        lock 203.0.113.31; until_true has 1 203.0.113.31
        has 1 203.0.113.30; has 1 203.0.113.1
        # Two hosts that find the same address due at once.
        sed -i '1i count = 1' BASE/h0/action.toml BASE/h2/action.toml
        before=$(cli get 'swatch:{default}:seq')
        knock 0 203.0.113.40 > /dev/null & a=$!; knock 2 203.0.113.40 > /dev/null & b=$!; wait $a $b
        until_true has 1 203.0.113.40; has 0 203.0.113.40; has 2 203.0.113.40
        echo $(($(cli get 'swatch:{default}:seq') - before))"#;
    let Some((said, complained)) = run("a follower", script) else {
        return;
    };
    assert_eq!(said, "1\n1\n1\n", "{complained}");
}

/// Above `maxmemory` the engine refuses to count and to publish. No lock of the host is lost.
#[test]
fn an_engine_whose_memory_is_full_costs_no_lock() {
    let script = r#"
        engine; host 0; host 1; follow 1; until_true ready 1
        cli config set maxmemory 500kb > /dev/null
        for n in 1 2 3; do knock 0 203.0.113.1; done
        has 0 203.0.113.1; lacks 1 203.0.113.1
        grep -o 'its memory is full' BASE/h0/events
        cli config set maxmemory 0 > /dev/null
        follow 0; until_true has 1 203.0.113.1; until_true none_queued 0
        cli zcard 'swatch:{default}:events:203.0.113.1'"#;
    let Some((said, complained)) = run("an engine that is full", script) else {
        return;
    };
    assert_eq!(
        said, "203.0.113.1 1\n203.0.113.1 2\n203.0.113.1 3 lock!\nits memory is full\n3\n",
        "{complained}"
    );
}

/// Packets to the engine are dropped, so that nothing answers and nothing is refused.
#[test]
fn a_host_that_is_cut_off_catches_up() {
    let script = r#"
        timeout=200ms
        engine; host 0; host 1; host 2
        for n in 0 1 2; do follow $n; done; for n in 0 1 2; do until_true ready $n; done
        ip link set v1 nomaster
        for n in 1 2 3; do knock 1 203.0.113.1; done
        has 1 203.0.113.1; lacks 0 203.0.113.1
        echo "x 203.0.113.2" | on 0 2 lock > /dev/null; until_true has 2 203.0.113.2; lacks 1 203.0.113.2
        ip link set v1 master lan
        for n in 0 1 2; do until_true has $n 203.0.113.1; until_true has $n 203.0.113.2; done
        cli get 'swatch:{default}:seq'
        grep -c 'did not answer within\|timed out\|unreachable' BASE/h1/events"#;
    let Some((said, complained)) = run("a host that is cut off", script) else {
        return;
    };
    assert_eq!(
        said, "203.0.113.1 1\n203.0.113.1 2\n203.0.113.1 3 lock!\n2\n1\n",
        "{complained}"
    );
}

/// Three nodes; a group lives on one of them. Another one dies: nothing happens. That one dies:
/// the hosts are alone until it is back, or until its replica takes over.
#[test]
fn a_cluster_may_lose_a_node() {
    let script = r#"
        url=redis-cluster://10.77.0.1:7001,10.77.0.1:7002,10.77.0.1:7003
        node() { port=$1; mkdir -p BASE/n$1; "$server" --bind 10.77.0.1 --protected-mode no --port $1 --dir BASE/n$1 \
          --cluster-enabled yes --cluster-node-timeout 1000 --cluster-require-full-coverage no --appendonly yes \
          --daemonize yes --pidfile BASE/n$1/pid --logfile BASE/n$1/log --save '' > /dev/null; until_true answers; }
        kill_node() { p=$(cat BASE/n$1/pid); kill -9 $p; until_true gone $p; }
        for p in 7001 7002 7003 7004; do node $p; done
        redis-cli --cluster create 10.77.0.1:7001 10.77.0.1:7002 10.77.0.1:7003 --cluster-yes > /dev/null
        port=7001
        slot=$(cli cluster keyslot 'swatch:{default}:locks')
        owner=7001; [ $slot -lt 5461 ] || owner=7002; [ $slot -lt 10923 ] || owner=7003
        other=7001; [ $owner != 7001 ] || other=7002
        port=$owner; id=$(cli cluster myid)
        redis-cli --cluster add-node 10.77.0.1:7004 10.77.0.1:$owner --cluster-slave --cluster-master-id $id > /dev/null
        port=7004
        synced() { cli info replication | grep -q 'master_link_status:up'; }
        until_true synced
        for n in 0 1 2; do host $n; follow $n; done; for n in 0 1 2; do until_true ready $n; done
        for n in 0 1 2; do knock $n 203.0.113.1; done
        for n in 0 1 2; do until_true has $n 203.0.113.1; done
        kill_node $other
        for n in 0 1 2; do knock $n 203.0.113.2; done
        for n in 0 1 2; do until_true has $n 203.0.113.2; done
        node $other; port=7004
        whole() { cli cluster info | grep -q cluster_state:ok && ! cli cluster nodes | grep -q fail; }
        until_true whole
        kill_node $owner
        knock 0 203.0.113.3 > /dev/null; knock 1 203.0.113.3 > /dev/null
        promoted() { cli role | grep -q master; }
        until_true promoted
        for n in 0 1 2; do until_true none_queued $n; done
        knock 2 203.0.113.3
        for n in 0 1 2; do until_true has $n 203.0.113.3; done
        on 0 list --fleet | grep -c ' h[0-2] '"#;
    let Some((said, complained)) = run("a cluster", script) else {
        return;
    };
    assert_eq!(
        said,
        "203.0.113.1 1\n203.0.113.1 2\n203.0.113.1 3 lock!\n\
         203.0.113.2 1\n203.0.113.2 2\n203.0.113.2 3 lock!\n203.0.113.3 3 lock!\n3\n",
        "{complained}"
    );
}

/// TLS with an authority of one's own, and users with the rights that the manual names.
#[test]
fn tls_and_users_with_few_rights() {
    let script = r#"
        cd BASE
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=authority' -keyout ca.key -out ca.pem 2> /dev/null
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=engine' -keyout e.key -out e.csr 2> /dev/null
        printf 'subjectAltName=IP:10.77.0.1\nbasicConstraints=CA:FALSE\n' > ext
        openssl x509 -req -in e.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out e.pem 2> /dev/null
        engine --tls-port 6380 --tls-cert-file BASE/e.pem --tls-key-file BASE/e.key --tls-ca-cert-file BASE/ca.pem --tls-auth-clients no
        cli acl setuser speaker on '>speaking' '~swatch:{default}:*' resetchannels -@all +ping +select +time +info +evalsha +eval '+script|load' +get +hget +hset +hdel +hscan +zadd +zrem +zcard +zcount +zrange +zrangebyscore +zremrangebyrank +incr +pttl +pexpire +xadd +xtrim +xread '+xinfo|stream' > /dev/null
        cli acl setuser listener on '>listening' '%R~swatch:{default}:*' resetchannels -@all +ping +select +time +info +get +hscan +xread '+xinfo|stream' +zcard +zrange > /dev/null
        umask 077; echo speaking > BASE/speaking; echo listening > BASE/listening; echo wrong > BASE/wrong; umask 022
        url=rediss://10.77.0.1:6380
        ca='ca_file = "BASE/ca.pem"'
        host 0 "$ca" 'user = "speaker"' 'password_file = "BASE/speaking"'
        host 1 "$ca" 'user = "listener"' 'password_file = "BASE/listening"' 'role = "listen"'
        host 2 'user = "speaker"' 'password_file = "BASE/speaking"'
        host 3 "$ca" 'user = "speaker"' 'password_file = "BASE/wrong"'
        host 4 "$ca" 'user = "listener"' 'password_file = "BASE/listening"'
        follow 0; follow 1; until_true ready 0; until_true ready 1
        for n in 1 2 3; do knock 0 203.0.113.1; done
        until_true has 1 203.0.113.1
        on 0 unlock 203.0.113.1 --fleet > /dev/null; until_true lacks 1 203.0.113.1
        for n in 2 3 4; do knock $n 203.0.113.2; on $n list --fleet || echo "status $?"; done
        grep -o 'name the certificate of its authority' BASE/h2/events
        grep -o 'set `fleet.user`' BASE/h3/events
        grep -o 'lists what the engine.s user must be allowed' BASE/h4/events"#;
    let Some((said, complained)) = run("TLS", script) else {
        return;
    };
    assert_eq!(
        said,
        "203.0.113.1 1\n203.0.113.1 2\n203.0.113.1 3 lock!\n\
         203.0.113.2 1\nstatus 1\n203.0.113.2 1\nstatus 1\n203.0.113.2 1\nno locks in the fleet\n\
         name the certificate of its authority\nset `fleet.user`\nlists what the engine's user must be allowed\n",
        "{complained}"
    );
}

/// The sentinels name the master; after it has died, its replica.
#[test]
fn sentinels_name_the_master() {
    let script = r#"
        [ -x /usr/bin/redis-sentinel ] || { echo absent; exit 0; }
        engine
        port=6400; "$server" --bind 10.77.0.1 --protected-mode no --port 6400 --dir BASE --save '' --daemonize yes --pidfile BASE/replica.pid --logfile BASE/replica.log --replicaof 10.77.0.1 6379 > /dev/null
        until_true answers
        synced() { cli info replication | grep -q 'master_link_status:up'; }
        until_true synced
        printf 'bind 10.77.0.1\nport 26379\ndir BASE\nprotected-mode no\nsentinel monitor main 10.77.0.1 6379 1\nsentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n' > BASE/sentinel.conf
        redis-sentinel BASE/sentinel.conf --daemonize yes --pidfile BASE/sentinel.pid --logfile BASE/sentinel.log > /dev/null
        port=26379; until_true answers
        knows() { cli sentinel replicas main | grep -q 6400; }
        until_true knows
        url=redis-sentinel://10.77.0.1:26379/main
        host 0; host 1; follow 1; until_true ready 1
        for n in 1 2 3; do knock 0 203.0.113.1; done
        until_true has 1 203.0.113.1
        stop_engine
        port=6400; promoted() { cli role | grep -q master; }; until_true promoted
        for n in 1 2 3; do knock 0 203.0.113.2 > /dev/null; done
        follow 0; until_true has 1 203.0.113.2; has 1 203.0.113.1
        until_true said 1 'another engine answers'"#;
    let Some((said, complained)) = run("sentinels", script) else {
        return;
    };
    assert_eq!(
        said, "203.0.113.1 1\n203.0.113.1 2\n203.0.113.1 3 lock!\n",
        "{complained}"
    );
}
