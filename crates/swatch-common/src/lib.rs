//! Plumbing shared by the programs of this workspace. Each module does one job, and the rest of
//! the workspace does that job nowhere else.
//!
//! | module | job |
//! |---|---|
//! | [`sanitize`] | untrusted text made safe for a terminal or a log |
//! | [`shell_quote`] | words quoted for `sh` |
//! | [`suggest`] | "did you mean …?" |

pub mod sanitize;
pub mod shell_quote;
pub mod suggest;
