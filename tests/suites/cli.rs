//! The command line, beside a running worker and without one.

mod alone;
mod operating;
mod registers;
mod sending;
