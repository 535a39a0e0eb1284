//! Metrics, and Prometheus' text format 0.0.4 for node_exporter's textfile collector.
//!
//! One fault in a file costs all of it in node_exporter, without a message where anybody looks: so
//! no time stamps, a line feed at the end, every backslash doubled, and a help text that is the
//! same in every file.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

/// Names and values; they are written in this order.
pub type Labels = Vec<(&'static str, String)>;

/// A name with its help, and its series.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFamily {
    /// With `_total` for a counter.
    pub name: &'static str,
    /// The meaning, on one line.
    pub help: &'static str,
    /// The values.
    pub series: Series,
}

/// Values by their labels.
#[derive(Debug, Clone, PartialEq)]
pub enum Series {
    /// They only grow.
    Counter(BTreeMap<Labels, u64>),
    /// They rise and fall.
    Gauge(BTreeMap<Labels, f64>),
}

impl Series {
    /// True if there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Counter(series) => series.is_empty(),
            Self::Gauge(series) => series.is_empty(),
        }
    }
}

impl MetricFamily {
    /// A counter without series.
    #[must_use]
    pub fn counter(name: &'static str, help: &'static str) -> Self {
        let series = Series::Counter(BTreeMap::new());
        Self { name, help, series }
    }

    /// A gauge without series.
    #[must_use]
    pub fn gauge(name: &'static str, help: &'static str) -> Self {
        let series = Series::Gauge(BTreeMap::new());
        Self { name, help, series }
    }

    /// Adds to a value, which begins at 0.
    pub fn add(&mut self, labels: Labels, value: u64) {
        match &mut self.series {
            Series::Counter(series) => *series.entry(labels).or_default() += value,
            Series::Gauge(series) => *series.entry(labels).or_default() += value as f64,
        }
    }

    /// Sets the value of a gauge.
    pub fn set(&mut self, labels: Labels, value: f64) {
        if let Series::Gauge(series) = &mut self.series {
            series.insert(labels, value);
        }
    }
}

/// The text of the families that have values.
#[must_use]
pub fn text(families: &[MetricFamily]) -> String {
    let mut out = String::new();
    for family in families.iter().filter(|family| !family.series.is_empty()) {
        let name = family.name;
        let kind = match &family.series {
            Series::Counter(_) => "counter",
            Series::Gauge(_) => "gauge",
        };
        // Writing to a string cannot fail.
        let _ = write!(out, "# HELP {name} {}\n# TYPE {name} {kind}\n", family.help);
        match &family.series {
            Series::Counter(series) => series.iter().for_each(|(l, v)| line(&mut out, name, l, v)),
            Series::Gauge(series) => series.iter().for_each(|(l, v)| line(&mut out, name, l, v)),
        }
    }
    out
}

fn line(out: &mut String, name: &str, labels: &Labels, value: &dyn Display) {
    out.push_str(name);
    for (n, (label, text)) in labels.iter().enumerate() {
        out.push(if n == 0 { '{' } else { ',' });
        let _ = write!(out, "{label}=\"");
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    let end = if labels.is_empty() { "" } else { "}" };
    let _ = writeln!(out, "{end} {value}");
}
