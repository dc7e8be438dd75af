//! The dashboard is embedded from `target/dashboard`; where it hasn't been built yet, an empty folder stands in.

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dashboard");
    println!("cargo::rerun-if-changed={}", folder.display());
    std::fs::create_dir_all(folder)
}
