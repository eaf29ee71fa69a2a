//! The program killed while verdicts are given.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use camroi::store::Store;
use camroi::verdict::{Subject, Verdict};
use eframe::egui::{Key, Modifiers};

use super::seed::{self, press, reopened, settle};
use crate::moments::Moments;

/// Names the folder of the project to a process that is to be killed.
const FOLDER: &str = "CAMROI_TEST_GIVES_VERDICTS_IN";

/// What is decided about classes and photos, by their names.
type Given = BTreeMap<String, String>;

fn stored(dir: &Path) -> Given {
    let store = Store::open_read_only(&dir.join("pets.camroi")).unwrap();
    let run = store.runs().unwrap().remove(0).id;
    let samples = store.scores(run).unwrap();
    let name = |subject| match subject {
        Subject::Class(class) => class,
        Subject::Sample(id) => samples.iter().find(|sample| sample.id == id).unwrap().path.clone(),
    };
    let verdicts = store.verdicts(run).unwrap();
    verdicts.into_iter().map(|(of, judgement)| (name(of), judgement.verdict.as_str().to_owned())).collect()
}

/// Gives one verdict after the other in a window on the project, as a person does by keys, until it is killed. Says on standard
/// output what it is about to give, and again when it is given: when the window has come to rest with it.
fn give_verdicts(dir: &Path) {
    let mut given = stored(dir);
    let mut window = reopened(dir);
    for turn in 0.. {
        press(&mut window, if turn % 6 < 3 { Key::ArrowDown } else { Key::ArrowUp });
        let of_class = turn % 4 == 3;
        let shown = if of_class { window.state().chosen_class() } else { window.state().shown_image() };
        let name = shown.unwrap().to_owned();
        // The same verdict again would take it back.
        let at = (turn..).map(|i| i % 5).find(|at| given.get(&name).is_none_or(|v| v != Verdict::ALL[*at].as_str()));
        let at = at.unwrap();
        let mut said = std::io::stdout();
        let mut say = |word| writeln!(said, "{word}\t{name}\t{}", Verdict::ALL[at].as_str()).unwrap();
        let modifiers = if of_class { Modifiers::ALT } else { Modifiers::NONE };
        say("about");
        window.key_press_modifiers(modifiers, [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5][at]);
        settle(&mut window);
        say("given");
        given.insert(name, Verdict::ALL[at].as_str().to_owned());
    }
}

/// This test in a process of its own.
fn giver(dir: &Path) -> Child {
    let name = "window::kill::no_verdict_that_was_given_is_lost_when_the_program_is_killed";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(FOLDER, dir);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn no_verdict_that_was_given_is_lost_when_the_program_is_killed() {
    if let Some(dir) = std::env::var_os(FOLDER) {
        return give_verdicts(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    seed::project(dir.path());
    let mut moments = Moments::new();
    for _ in 0..8 {
        let mut expected = stored(dir.path());
        let mut giver = giver(dir.path());
        let mut lines = BufReader::new(giver.stdout.take().unwrap()).lines().map_while(Result::ok);
        // From the first verdict on, at a random moment: before, while or after a further one is written.
        let first = lines.by_ref().find(|line| line.starts_with("given\t")).unwrap();
        std::thread::sleep(Duration::from_secs_f64(0.3 * moments.next()));
        giver.kill().unwrap();
        giver.wait().unwrap();
        let (mut about, mut given) = (None, 0);
        for line in std::iter::once(first).chain(lines) {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["about", name, verdict] => about = Some((name.to_owned(), verdict.to_owned())),
                ["given", name, verdict] => {
                    expected.insert(name.to_owned(), verdict.to_owned());
                    (about, given) = (None, given + 1);
                }
                _ => {}
            }
        }
        let found = stored(dir.path());
        // What it was about to give when it was killed may be there or not.
        if let Some((name, verdict)) = about
            && found.get(&name) == Some(&verdict)
        {
            expected.insert(name, verdict);
        }
        assert_eq!(found, expected, "after {given} verdicts");
    }
    let window = reopened(dir.path());
    assert_eq!(window.state().listed_classes().len(), 3);
}
