//! Hosts that count and lock as one, on a real engine, with real firewalls.

use swatch_tests::fleet::run;

/// One knock at each of ten hosts; the third makes the address due, on all of them.
#[test]
fn one_knock_at_each_host_locks_on_all_of_them() {
    let script = "
        engine
        for n in 0 1 2 3 4 5 6 7 8 9; do host $n; follow $n; done
        for n in 0 1 2 3 4 5 6 7 8 9; do until_true ready $n; done
        knock 0 203.0.113.9; knock 1 203.0.113.9
        for n in 0 1 2 3 4 5 6 7 8 9; do lacks $n 203.0.113.9; done
        knock 2 203.0.113.9
        for n in 0 1 2 3 4 5 6 7 8 9; do until_true has $n 203.0.113.9; done
        knock 3 203.0.113.9
        on 7 list --fleet | sed 's/23h5[0-9]m/23hm/; s/  */ /g'
        on 7 list --json | grep -c '\"rule\": \"fleet: h2: 2\"'
        on 2 list --json | grep -c '\"rule\": \"2\"'
        on 2 stats | grep '[0-9]  locked$'
        cli get 'swatch:{default}:seq'
        on 5 show 203.0.113.9 --fleet | grep seen
        on 8 unlock 203.0.113.9 --fleet
        for n in 0 1 2 3 4 5 6 7 8 9; do until_true lacks $n 203.0.113.9; done
        on 7 list --fleet; on 4 list
        on 4 unlock 203.0.113.9 --fleet || echo status $?";
    let Some((said, complained)) = run("a fleet", script) else {
        return;
    };
    assert_eq!(
        said,
        "203.0.113.9 1\n203.0.113.9 2\n203.0.113.9 3 lock!\n203.0.113.9 4 lock!\n\
         ADDRESS COUNT LEFT HOST RULE REASON\n203.0.113.9 3 23hm h2 2 x 203.0.113.9\n\
         1\n1\n        1  locked\n1\n\
         fleet: 4 events remembered, seen by 4 hosts: h0, h1, h2, h3\n\
         203.0.113.9 unlocked\n203.0.113.9 unlocked for the fleet\nno locks in the fleet\n\
         no locks\nstatus 1\n",
        "{complained}"
    );
    assert!(
        complained.contains("203.0.113.9 is not locked"),
        "{complained}"
    );
}

/// Without the engine a host counts and locks alone. What the fleet does not know is delivered when
/// the engine is back, once, even though it has lost everything.
#[test]
fn what_happened_without_the_engine_is_delivered() {
    let script = "
        engine
        for n in 0 1 2; do host $n; follow $n; done
        for n in 0 1 2; do until_true ready $n; done
        for n in 0 1 2; do knock $n 203.0.113.1; done
        for n in 0 1 2; do until_true has $n 203.0.113.1; done
        stop_engine
        for n in 0 1 2; do until_true said $n 'trying again'; done
        echo away
        for n in 0 1 2; do knock $n 203.0.113.2; done
        knock 0 203.0.113.3; knock 0 203.0.113.3; knock 0 203.0.113.3
        has 0 203.0.113.3; lacks 1 203.0.113.3
        queued 0
        engine
        for n in 0 1 2; do until_true has $n 203.0.113.2; until_true has $n 203.0.113.3; until_true none_queued $n; done
        for n in 0 1 2; do has $n 203.0.113.1; done
        known() { on 1 list --fleet | grep -c 203.0.113 | grep -qx 3; }
        until_true known
        cli zcard 'swatch:{default}:events:203.0.113.2'
        cli zcard 'swatch:{default}:events:203.0.113.3'
        grep -c 'counts and locks alone' BASE/h0/events";
    let Some((said, complained)) = run("an engine that is away", script) else {
        return;
    };
    assert_eq!(
        said,
        "203.0.113.1 1\n203.0.113.1 2\n203.0.113.1 3 lock!\naway\n\
         203.0.113.2 1\n203.0.113.2 1\n203.0.113.2 1\n\
         203.0.113.3 1\n203.0.113.3 2\n203.0.113.3 3 lock!\n4\n3\n3\n1\n",
        "{complained}"
    );
}

/// The answer to the event that makes an address due comes too late. The host has counted alone,
/// the event is delivered later, counts once, and leads to the lock.
#[test]
fn an_answer_that_comes_too_late_costs_no_lock() {
    let script = "
        engine; host 0; host 1; timeout=100ms; host 2
        for n in 0 1 2; do follow $n; done
        for n in 0 1 2; do until_true ready $n; done
        knock 0 203.0.113.1; knock 1 203.0.113.1
        kill -STOP $(cat BASE/redis.pid)
        knock 2 203.0.113.1
        lacks 2 203.0.113.1
        kill -CONT $(cat BASE/redis.pid)
        for n in 0 1 2; do until_true has $n 203.0.113.1; done
        until_true none_queued 2
        cli zcard 'swatch:{default}:events:203.0.113.1'
        cli get 'swatch:{default}:seq'";
    let Some((said, complained)) = run("a late answer", script) else {
        return;
    };
    assert_eq!(
        said, "203.0.113.1 1\n203.0.113.1 2\n203.0.113.1 1\n3\n1\n",
        "{complained}"
    );
}
