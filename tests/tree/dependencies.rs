//! Every dependency says why it is there.

use crate::files;

/// The lines of `[workspace.dependencies]` in the root Cargo.toml.
fn lines() -> Vec<String> {
    let manifest = files::read("Cargo.toml");
    let section = manifest.split("\n[workspace.dependencies]\n").nth(1).unwrap();
    section.lines().take_while(|line| !line.starts_with('[')).map(str::to_owned).collect()
}

/// A comment on the line, or one at the head of its group.
#[test]
fn every_dependency_has_its_reason_beside_it() {
    let mut complaints = Vec::new();
    let mut headed = false;
    for line in lines() {
        match line.as_str() {
            "" => headed = false,
            _ if line.starts_with('#') => headed = true,
            _ if headed || line.contains(" # ") => {}
            _ => complaints.push(format!("Cargo.toml: no reason beside {line:?}")),
        }
    }
    files::none(complaints);
}

#[test]
fn every_dependency_of_a_member_is_named_in_its_code() {
    let mut complaints = Vec::new();
    let libs =
        files::names("libs").into_iter().map(|name| (format!("libs/{name}/Cargo.toml"), vec![format!("libs/{name}")]));
    let programs = ["bins", "benches", "tests", "fuzz"].map(str::to_owned).to_vec();
    for (path, folders) in libs.chain([("Cargo.toml".to_owned(), programs)]) {
        let mut code: String =
            folders.iter().flat_map(|folder| files::code(folder)).map(|file| files::read(&file)).collect();
        if path == "Cargo.toml" {
            code.push_str(&files::read("build.rs"));
        }
        let manifest: toml::Table = toml::from_str(&files::read(&path)).unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = manifest.get(section).and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
            let idle = names.filter(|name| !code.contains(&name.replace('-', "_")));
            complaints.extend(idle.map(|name| format!("{path}: no code uses {name}; remove its line")));
        }
    }
    files::none(complaints);
}

#[test]
fn every_dependency_is_used_by_a_member() {
    let members =
        files::names("libs").into_iter().map(|name| format!("libs/{name}/Cargo.toml")).chain(["Cargo.toml".to_owned()]);
    let manifests: Vec<toml::Table> = members.map(|path| toml::from_str(&files::read(&path)).unwrap()).collect();
    let used = |name: &str| {
        let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
        manifests.iter().any(|manifest| {
            sections.iter().any(|section| manifest.get(*section).is_some_and(|table| table.get(name).is_some()))
        })
    };
    let named = lines().into_iter().filter_map(|line| line.split_once(" = ").map(|(name, _)| name.to_owned()));
    let idle = named.filter(|name| !name.starts_with('#') && !used(name));
    files::none(idle.map(|name| format!("Cargo.toml: no member uses {name}; remove its line")).collect());
}
