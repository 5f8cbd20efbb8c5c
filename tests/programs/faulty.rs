//! The program as it is, but for this: it dies where a test wants it to (`rescind_tests::fault`).

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    rescind_tests::fault::arm();
    rescind_worker::cli::program().await
}
