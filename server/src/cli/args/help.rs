//! The text of `tollhouse --help`, with the commands in groups.

use clap::{Command, CommandFactory};

use super::Cli;

/// Headings and their commands, in the order of a server's life.
const GROUPS: [(&str, &[&str]); 3] = [
    ("Server", &["serve", "doctor", "migrate", "jobs", "secret"]),
    ("Organizations", &["org", "user", "operator", "project", "key"]),
    ("Data", &["audit", "demo"]),
];

/// The command line's definition.
pub(super) fn command() -> Command {
    let command = Cli::command();
    let groups = GROUPS.iter().map(|(heading, names)| group(&command, heading, names)).collect::<String>();
    let hint = "Run 'tollhouse COMMAND --help' for the options of a command.";
    let head = "{about-with-newline}\n{usage-heading} {usage}\n\n";
    command.help_template(format!("{head}{groups}Options:\n{{options}}\n\n{hint}\n"))
}

/// A heading, and below it a line for each command.
fn group(command: &Command, heading: &str, names: &[&str]) -> String {
    let line = |name: &&str| {
        let about = command.find_subcommand(name).and_then(Command::get_about);
        format!("  {name:<10}{}\n", about.map(ToString::to_string).unwrap_or_default())
    };
    format!("{heading}:\n{}\n", names.iter().map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_help_lists_every_command_once() {
        let all: Vec<String> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(listed.len(), all.len());
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), all.iter().map(String::as_str).collect());
        let help = command().render_help().to_string();
        assert!(help.contains("Server:\n  serve     Start the server"), "{help}");
        assert!(help.contains("--config <FILE>") && help.contains("Usage: tollhouse"), "{help}");
    }
}
