//! An HTTP server on loopback, with or without TLS.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::serve::{self, Listener, ListenerExt};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The file of the authority that signed the certificate of a server with TLS.
///
/// Authority and certificate are valid for a hundred years. To make new ones in `testkit/certificates`:
///
/// ```sh
/// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
///   -subj "/CN=Test authority" -addext keyUsage=critical,keyCertSign -keyout authority.key -out authority.pem
/// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
///   -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
///   -CA authority.pem -CAkey authority.key -keyout localhost.key -out localhost.pem
/// cat localhost.key >> localhost.pem
/// rm authority.key localhost.key
/// ```
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/authority.pem");

/// Certificate and key.
const LOCALHOST: &[u8] = include_bytes!("../certificates/localhost.pem");

/// A server that runs on a thread of its own, so that a caller may block. Dropping it stops it.
pub struct Server {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves plain HTTP.
    pub fn start(router: Router) -> Self {
        Self::with(router, |tcp| tcp.tap_io(without_delay))
    }

    /// Serves HTTPS as `localhost`.
    pub fn start_tls(router: Router) -> Self {
        let acceptor = TlsAcceptor::from(tls());
        Self::with(router, |tcp| TlsListener { tcp, acceptor })
    }

    fn with<L>(router: Router, listener: impl FnOnce(TcpListener) -> L + Send + 'static) -> Self
    where
        L: Listener<Addr: Debug>,
    {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        let address = tcp.local_addr().unwrap();
        let router = router.layer(DefaultBodyLimit::disable());
        runtime.spawn(async {
            let listener = listener(TcpListener::from_std(tcp).unwrap());
            serve::serve(listener, router).await
        });
        Self {
            address,
            runtime: Some(runtime),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (mut stream, address) = Listener::accept(&mut self.tcp).await;
            without_delay(&mut stream);
            // A client that rejects the certificate ends the handshake.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// Sends each response at once. Otherwise a client that delays its acknowledgements waits for 40 ms.
fn without_delay(stream: &mut TcpStream) {
    stream.set_nodelay(true).unwrap();
}

fn tls() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(LOCALHOST).unwrap();
    let key = PrivateKeyDer::from_pem_slice(LOCALHOST).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}
