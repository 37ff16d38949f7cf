//! TLS in front of a plain server: with a good certificate, a bad one, or none at all.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls")
}

/// The file that a program has to trust for `good` to be good.
pub fn authority() -> String {
    folder().join("ca.pem").to_string_lossy().into_owned()
}

/// What the server does with a connection.
#[derive(Clone, Copy)]
pub enum Manner {
    /// Speaks TLS with the certificate of that name.
    Certificate(&'static str),
    /// Takes the greeting and says nothing.
    Silent,
    /// Closes at once.
    Closes,
    /// Writes these bytes and closes.
    Says(&'static [u8]),
}

/// A running server. Dropping it ends it.
pub struct Front {
    address: SocketAddr,
    /// The protocol that each connection agreed on.
    agreed: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Front {
    /// A server of that manner; what comes through goes to `behind`.
    pub fn start(manner: Manner, behind: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime for the server");
        let std = std::net::TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        std.set_nonblocking(true).expect("a socket that does not block");
        let address = std.local_addr().expect("an address");
        let acceptor = match manner {
            Manner::Certificate(name) => Some(acceptor(name)),
            _ => None,
        };
        let agreed = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&agreed);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(std).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner, acceptor.clone(), behind, Arc::clone(&seen)));
            }
        });
        Self { address, agreed, runtime: Some(runtime) }
    }

    /// `https://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The protocols that were agreed on, one for each connection.
    pub fn agreed(&self) -> Vec<Option<Vec<u8>>> {
        self.agreed.lock().expect("not poisoned").clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Offers HTTP/2 first, as servers in the world do.
fn acceptor(name: &str) -> TlsAcceptor {
    let read = |ending: &str| fs::read(folder().join(format!("{name}.{ending}"))).expect("a fixture");
    let certificate = CertificateDer::from_pem_slice(&read("pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&read("key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate and its key");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    acceptor: Option<TlsAcceptor>,
    behind: SocketAddr,
    agreed: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
) {
    match (manner, acceptor) {
        (Manner::Certificate(_), Some(acceptor)) => {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
            agreed.lock().expect("not poisoned").push(protocol);
            if let Ok(mut behind) = TcpStream::connect(behind).await {
                let _ = copy_bidirectional(&mut stream, &mut behind).await;
            }
        }
        (Manner::Says(bytes), _) => {
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
        (Manner::Silent, _) => tokio::time::sleep(std::time::Duration::from_secs(600)).await,
        _ => {}
    }
}
