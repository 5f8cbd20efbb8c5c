//! Every behaviour is tested on both databases.

/// Declares tests that take a [`crate::app::TestApp`], on each database.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::app::TestApp::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::app::TestApp::postgres().await).await;
            })+
        }
    };
}
