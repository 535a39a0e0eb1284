//! A certificate authority and a server certificate for tests, made by openssl(1).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// A certificate for localhost and 127.0.0.1, and the authority that has signed it.
#[derive(Debug)]
pub struct Identity {
    dir: tempfile::TempDir,
}

impl Identity {
    /// Makes both; `None` if openssl is not installed.
    ///
    /// # Panics
    /// If openssl fails.
    #[must_use]
    pub fn new() -> Option<Self> {
        if !Path::new("/usr/bin/openssl").exists() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        let script = "
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
              -keyout ca.key -out ca.pem -subj /CN=test-authority \
              -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
              -keyout server.key -out server.csr -subj /CN=localhost
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > ext
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
              -extfile ext -out server.pem";
        let output = Command::new("sh")
            .args(["-euc", script])
            .current_dir(dir.path())
            .output()
            .expect("sh");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(Self { dir })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// The configuration of a server with the certificate.
    ///
    /// # Panics
    /// If the files cannot be read.
    #[must_use]
    pub fn server(&self) -> Arc<ServerConfig> {
        let read = |name: &str| fs::read(self.dir.path().join(name)).expect("openssl's file");
        let certificate = CertificateDer::from_pem_slice(&read("server.pem")).expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(&read("server.key")).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a key and its certificate");
        Arc::new(config)
    }
}
