//! stand-in
/// stand-in
pub async fn run(
    _e: crate::runner::Engine,
    _h: crate::config::Housekeeping,
    stop: tokio_util::sync::CancellationToken,
) {
    stop.cancelled().await
}
