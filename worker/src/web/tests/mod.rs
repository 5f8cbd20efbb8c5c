//! The routes as a client meets them; behind the door stands somebody who answers as the test says.

mod api;
mod attack;
mod dev;
mod gate;
mod ops;
mod pages;
mod serving;
mod stand;
