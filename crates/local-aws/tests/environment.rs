//! Setting up the Python environment when things are not as they should be.
//!
//! This is the one test that installs packages although the usual environment exists; it takes as long as the
//! first set-up on a machine.

use std::fs;
use std::os::unix::fs::symlink;

use local_aws::{LocalAws, Options, is_prepared, prepare};

#[test]
fn a_broken_environment_is_rebuilt_once_for_all_who_find_it_broken() {
    let state = tempfile::tempdir().unwrap();
    let options = Options { folder: Some(state.path().to_owned()), ..Options::default() };
    let working = prepare(&Options::default()).unwrap();
    let folder = working.ancestors().nth(2).unwrap().file_name().unwrap();

    // What a set-up that was killed leaves, and an environment that seems complete but holds no packages.
    fs::create_dir_all(state.path().join("building-1/lib")).unwrap();
    let broken = state.path().join(folder);
    fs::create_dir_all(broken.join("bin")).unwrap();
    symlink(fs::canonicalize(&working).unwrap(), broken.join("bin/python")).unwrap();
    fs::write(broken.join("build"), "broken").unwrap();
    assert!(is_prepared(&options));

    let servers: Vec<LocalAws> = std::thread::scope(|scope| {
        let starts = [(); 2].map(|()| scope.spawn(|| LocalAws::start(&options).unwrap()));
        starts.map(|start| start.join().unwrap()).into()
    });

    assert!(servers.iter().all(|server| server.reset().is_ok()));
    let mut left: Vec<_> =
        fs::read_dir(state.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["empty-aws-config", folder.to_str().unwrap(), "lock"]);
}
