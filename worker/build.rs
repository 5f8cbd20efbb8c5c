//! The templates are embedded into the program: a change of one of them has to build it again.
fn main() {
    // A build script speaks to cargo by printing; there is no other way.
    #[allow(clippy::print_stdout)]
    {
        println!("cargo::rerun-if-changed=build.rs");
        println!("cargo::rerun-if-changed=../templates");
    }
}
