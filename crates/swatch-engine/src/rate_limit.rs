//! Throttles and thresholds: which of many similar messages are acted upon.

pub(crate) mod key;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod threshold;
pub(crate) mod throttle;
