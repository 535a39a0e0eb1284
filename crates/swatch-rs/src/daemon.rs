//! Everything around the watches: the background process, signals, the pid file, the service
//! manager, and the loop that supervises them.

pub mod background;
pub mod descriptors;
pub mod output_pipe;
pub mod pid_file;
pub mod restart_time;
pub mod service_manager;
pub mod signals;
pub mod supervisor;
