//! The program: everything is in the library, which says with what status it ends.

fn main() -> std::process::ExitCode {
    salon::run()
}
