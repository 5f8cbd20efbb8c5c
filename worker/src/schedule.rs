//! stand-in
/// stand-in
pub async fn run(
    _e: crate::runner::Engine,
    _m: std::sync::Arc<crate::metrics::Metrics>,
    stop: tokio_util::sync::CancellationToken,
    _p: std::time::Duration,
) {
    stop.cancelled().await
}
