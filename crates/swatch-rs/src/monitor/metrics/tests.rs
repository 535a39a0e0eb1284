use super::*;

fn example() -> Vec<Family> {
    let mut lines = Family::counter("swatch_lines_total", "Records read.");
    let text = "a\\d\"{}\n<b>\u{e9}";
    lines.add(vec![("watch", text.to_owned())], 2);
    lines.add(vec![("watch", text.to_owned())], 1);
    let mut lag = Family::gauge("swatch_lag_seconds", "Age.");
    lag.set(vec![("watch", "x".to_owned())], 0.5);
    vec![lines, lag, Family::gauge("swatch_empty", "None.")]
}

#[test]
fn the_file_has_the_format_of_node_exporter() {
    assert_eq!(
        swatch_common::metric_family::text(&example()),
        "# HELP swatch_lines_total Records read.\n# TYPE swatch_lines_total counter\n\
         swatch_lines_total{watch=\"a\\\\d\\\"{}\\n<b>\u{e9}\"} 3\n\
         # HELP swatch_lag_seconds Age.\n# TYPE swatch_lag_seconds gauge\n\
         swatch_lag_seconds{watch=\"x\"} 0.5\n"
    );
}

#[test]
fn what_is_served_is_openmetrics() {
    assert_eq!(
        openmetrics::render(example()).expect("text"),
        "# HELP swatch_lines Records read.\n# TYPE swatch_lines counter\n\
         swatch_lines_total{watch=\"a\\\\d\\\"{}\\n<b>\u{e9}\"} 3\n\
         # HELP swatch_lag_seconds Age.\n# TYPE swatch_lag_seconds gauge\n\
         swatch_lag_seconds{watch=\"x\"} 0.5\n# EOF\n"
    );
}

#[test]
fn a_port_alone_is_of_this_machine_only() {
    let parse = |text: &str| text.parse::<ListenAddress>().map(|a| a.to_string());
    assert_eq!(parse("9100").as_deref(), Ok("127.0.0.1:9100"));
    assert_eq!(parse("0.0.0.0:9100").as_deref(), Ok("0.0.0.0:9100"));
    assert_eq!(parse("[::1]:9100").as_deref(), Ok("[::1]:9100"));
    assert!(parse(":9100").is_err());
}
