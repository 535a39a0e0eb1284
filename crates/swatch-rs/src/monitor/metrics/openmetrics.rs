//! The families in OpenMetrics' text format, encoded by `prometheus-client`.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use swatch_common::metric_family::{MetricFamily as Family, Series};

/// The content type that has to be sent with it: with a blank one, Prometheus 3 reads nothing.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for family in &self.0 {
            // The encoder adds `_total` itself.
            let name = family.name.strip_suffix("_total").unwrap_or(family.name);
            match &family.series {
                Series::Counter(series) if !series.is_empty() => {
                    let mut out =
                        encoder.encode_descriptor(name, family.help, None, MetricType::Counter)?;
                    for (labels, value) in series {
                        out.encode_family(labels)?
                            .encode_counter::<NoLabelSet, u64, u64>(value, None)?;
                    }
                }
                Series::Gauge(series) if !series.is_empty() => {
                    let mut out =
                        encoder.encode_descriptor(name, family.help, None, MetricType::Gauge)?;
                    for (labels, value) in series {
                        out.encode_family(labels)?.encode_gauge(value)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The text of the families.
pub(super) fn render(families: Vec<Family>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(families)));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}
