//! The program. What it does is in the library, where tests reach it too.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    rescind_worker::cli::program().await
}
