//! A connection to the engine: to the node that holds the group's keys, whoever that is now.

use std::time::Duration;

use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, ServerErrorKind, TlsCertificates, TlsMode,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};

use super::{
    engine::EngineError,
    target::{self, Place, Target},
};
use crate::{secret::secret_lines, settings::Fleet};

/// The nodes of a cluster that may send us on before that counts as an error.
const HOPS: usize = 4;

/// Everything that a connection needs, and the connection itself while it is good.
pub(super) struct Link {
    target: Target,
    login: RedisConnectionInfo,
    authorities: Option<Vec<u8>>,
    /// The time for connecting to one node.
    patience: Duration,
    /// The node that another one named as the right one.
    named: Option<(String, u16)>,
    open: Option<Connection>,
}

impl Link {
    /// Reads the files that the settings name; connects to nothing yet.
    pub(super) fn new(settings: &Fleet, patience: Duration) -> Result<Self, EngineError> {
        let target = Target::parse(&settings.url)?;
        let mut login = RedisConnectionInfo::default()
            .set_db(target.db)
            .set_skip_set_lib_name();
        let user = Some(&settings.user).filter(|user| !user.is_empty());
        if let Some(user) = user.or(target.user.as_ref()) {
            login = login.set_username(user);
        }
        if let Some(path) = &settings.password_file {
            let lines = secret_lines("the password of the fleet's engine", path)?;
            login = login.set_password(lines.first().map_or("", String::as_str));
        }
        let authorities = match &settings.ca_file {
            Some(path) if target.tls => {
                Some(std::fs::read(path).map_err(|source| EngineError::File {
                    path: path.clone(),
                    source,
                })?)
            }
            _ => None,
        };
        if target.tls {
            // The only place where TLS is initialised. An error says that it was already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        Ok(Self {
            target,
            login,
            authorities,
            patience,
            named: None,
            open: None,
        })
    }

    /// Runs commands on the connection, which is made where there is none. A node of a cluster
    /// that is not the right one names it; a connection that has broken is made once again.
    pub(super) fn run<T>(
        &mut self,
        mut work: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let mut again = self.open.is_some();
        for _ in 0..HOPS {
            let mut connection = match self.open.take() {
                Some(connection) => connection,
                None => self.connect()?,
            };
            let error = match work(&mut connection) {
                Ok(done) => {
                    self.open = Some(connection);
                    return Ok(done);
                }
                Err(error) => error,
            };
            let moved = matches!(
                error.kind(),
                ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask)
            );
            if moved && let Some((node, _)) = error.redirect_node() {
                self.named = target::node(node, 6379).ok();
                continue;
            }
            let demoted = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
            if again && (demoted || error.is_connection_dropped()) {
                again = false;
                continue;
            }
            // A reply that comes too late is skipped, so the connection stays good.
            if !demoted && !error.is_connection_dropped() {
                self.open = Some(connection);
            }
            return Err(error);
        }
        Err(RedisError::from((
            ErrorKind::Client,
            "the nodes of the cluster send us in circles",
        )))
    }

    fn connect(&mut self) -> RedisResult<Connection> {
        let mut nodes = match &self.target.place {
            Place::Socket(path) => {
                return self.connect_to(ConnectionAddr::Unix(path.clone()));
            }
            Place::Sentinels(nodes, master) => return self.ask_sentinels(nodes, master),
            Place::Nodes(nodes) => nodes.clone(),
        };
        let named = self.named.take();
        if let Some(node) = named {
            nodes.retain(|other| *other != node);
            nodes.insert(0, node);
        }
        let mut first_error = None;
        for (host, port) in nodes {
            match self.connect_to(self.address(host, port)) {
                Ok(connection) => return Ok(connection),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or_else(|| (ErrorKind::InvalidClientConfig, "no node").into()))
    }

    fn connect_to(&self, address: ConnectionAddr) -> RedisResult<Connection> {
        let info: ConnectionInfo = address.into_connection_info()?;
        let info = info.set_redis_settings(self.login.clone());
        let client = if self.target.tls {
            Client::build_with_tls(info, self.certificates())?
        } else {
            Client::open(info)?
        };
        let connection = client.get_connection_with_timeout(self.patience)?;
        connection.set_read_timeout(Some(self.patience))?;
        connection.set_write_timeout(Some(self.patience))?;
        Ok(connection)
    }

    fn address(&self, host: String, port: u16) -> ConnectionAddr {
        if self.target.tls {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    }

    fn certificates(&self) -> TlsCertificates {
        TlsCertificates {
            client_tls: None,
            root_cert: self.authorities.clone(),
        }
    }

    /// The master that the sentinels know. They get no password: that is the engine's.
    fn ask_sentinels(&self, nodes: &[(String, u16)], master: &str) -> RedisResult<Connection> {
        let addresses = nodes
            .iter()
            .map(|(host, port)| self.address(host.clone(), *port));
        let mut builder =
            SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
                .set_client_to_redis_db(self.login.db());
        if let Some(user) = self.login.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = self.login.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if self.target.tls {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(self.certificates())
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(self.certificates());
        }
        let connection = builder.build()?.get_connection()?;
        connection.set_read_timeout(Some(self.patience))?;
        connection.set_write_timeout(Some(self.patience))?;
        Ok(connection)
    }
}
