//! Broken on purpose: the program is killed at every named point and in random places, and nothing is lost or doubled.

mod points;
