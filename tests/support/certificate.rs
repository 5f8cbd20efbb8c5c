//! A certificate for this machine, made by openssl for one test.

use std::path::{Path, PathBuf};
use std::process::Command;

const REQUEST: &str = "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = ext\n\
    [name]\nCN = localhost\n\
    [ext]\nbasicConstraints = critical,CA:FALSE\nsubjectAltName = ";

/// Files of a self-signed certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, PEM; trust it to trust the server.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one for this machine in `folder`, valid for two days.
    pub fn self_signed(folder: &Path) -> Self {
        Self::named(folder, "DNS:localhost,IP:127.0.0.1")
    }

    /// The same for other names, in the words of openssl's `subjectAltName`.
    pub fn named(folder: &Path, names: &str) -> Self {
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let request = folder.join("request.cnf");
        std::fs::write(&request, format!("{REQUEST}{names}\n")).expect("the folder can be written to");
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ])
            .arg("-config")
            .arg(&request)
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .expect("openssl is installed (Debian: apt-get install openssl)");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        Self { certificate, key }
    }
}
