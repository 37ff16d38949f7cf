//! What the process gives up at its start (safety R19): nobody may read its memory or its
//! environment, and it leaves no core behind (`SALON_DEBUG_DUMP=1` switches this off, for debuggers);
//! and which signal it outlives.

/// Makes the process undumpable and its core files empty, and lets it outlive a limit on the size of
/// files. What the system refuses is left as it is.
pub(super) fn harden() {
    // A file that may not grow is an error of the disk, not a reason to die in the middle of a frame.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    if std::env::var_os("SALON_DEBUG_DUMP").is_some_and(|value| value == "1") {
        return;
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
