//! Links the programs of the short commands statically, where that can be done.
//!
//! `authsome export` starts four programs, and for each the dynamic loader would work for a quarter of a
//! millisecond: more than the program itself. Only programs that look up no host names are linked so,
//! since that is what a static glibc does badly (NSS). They stay position-independent.
//! Where the C library has no static form, as on Fedora without `glibc-static`, nothing is changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Those between a person's Enter and the answer of `get` and `export`. Each is 1 MiB larger for it.
const STATIC: &[&str] = &["authsome", "authsome-get", "authsome-export", "authsome-credential", "authsome-vault"];

/// What rustc asks the linker for by name; in new versions of glibc most are empty.
const LIBRARIES: &[&str] = &["c", "m", "rt", "pthread", "util", "dl"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CC");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("static");
    if !is_glibc_at_home() || !is_possible(&folder) {
        return;
    }
    for program in STATIC {
        println!("cargo:rustc-link-arg-bin={program}=-static-pie");
        // rustc asks for shared libraries; in this folder, searched first, the same names are static.
        println!("cargo:rustc-link-arg-bin={program}=-L{}", folder.display());
        // The standard library takes it when it is there, and needs it to start programs without a fork.
        println!("cargo:rustc-link-arg-bin={program}=-Wl,--undefined=posix_spawn_file_actions_addchdir_np");
    }
}

fn is_glibc_at_home() -> bool {
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && env::var("TARGET") == env::var("HOST")
}

/// Fills `folder`, and links and runs a C program with what is there.
fn is_possible(folder: &Path) -> bool {
    let link = || {
        fs::create_dir_all(folder)?;
        for name in LIBRARIES {
            // In a group, since the C library and the compiler's own need each other.
            fs::write(folder.join(format!("lib{name}.a")), format!("GROUP({} -lgcc -lgcc_eh)\n", found(name)?))?;
        }
        // The unwinder in rustc's list has no static form by that name.
        fs::write(folder.join("libgcc_s.a"), "GROUP(-lgcc -lgcc_eh)\n")?;
        let (source, program) = (folder.join("try.c"), folder.join("try"));
        fs::write(&source, "#include <spawn.h>\nint main(void) { return posix_spawn == 0; }\n")?;
        let flags = ["-static-pie", "-fPIE", "-nodefaultlibs", "-lgcc_s", "-lc"];
        let linked = cc().arg(&source).arg("-o").arg(&program).arg("-L").arg(folder).args(flags).output()?;
        Ok::<bool, std::io::Error>(linked.status.success() && Command::new(&program).status()?.success())
    };
    link().unwrap_or(false)
}

/// The path of a static library.
fn found(name: &str) -> std::io::Result<String> {
    let output = cc().arg(format!("-print-file-name=lib{name}.a")).output()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // A name without a folder was not found.
    if Path::new(&path).is_absolute() { Ok(path) } else { Err(std::io::ErrorKind::NotFound.into()) }
}

/// The one that rustc links with, unless it was told another.
fn cc() -> Command {
    Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
}
