//! Throttles and thresholds: limits on actions for similar messages.

pub(crate) mod key;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod threshold;
pub(crate) mod throttle;
