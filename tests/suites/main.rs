//! The behaviour suites: one program, so that it is linked once.

mod amqp;
