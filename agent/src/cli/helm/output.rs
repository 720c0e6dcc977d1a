//! What a command prints, and where.

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    process::ExitCode,
};

use sluice_helm::{Level, Notice};

/// What goes to standard output, and the log on standard error.
#[derive(Debug, Default)]
pub(super) struct Output {
    printed: String,
    log: String,
}

impl Output {
    /// Prints a text as it is.
    pub(super) fn print(&mut self, text: &str) {
        self.printed.push_str(text);
    }

    /// Prints a line.
    pub(super) fn line(&mut self, line: impl fmt::Display) {
        writeln!(self.printed, "{line}").expect("invariant: writing to a String cannot fail");
    }

    /// Says something beside the result.
    pub(super) fn say(&mut self, line: impl fmt::Display) {
        writeln!(self.log, "{line}").expect("invariant: writing to a String cannot fail");
    }

    /// Logs an error that is told once more in the end, as Helm does.
    pub(super) fn log_error(&mut self, message: &str, error: &str) {
        self.say(format_args!("level=ERROR msg={} error={}", logged(message), logged(error)));
    }

    /// Logs what the engine has noticed.
    pub(super) fn log(&mut self, notices: &[Notice]) {
        for Notice { level, message, attributes } in notices {
            let level = match level {
                Level::Info => "INFO",
                Level::Warn => "WARN",
            };
            let mut line = format!("level={level} msg={}", logged(message));
            for (key, value) in attributes {
                write!(line, " {key}={}", logged(value)).expect("invariant: writing to a String cannot fail");
            }
            self.say(line);
        }
    }

    /// Prints all, and returns the code to end with.
    pub(super) fn finish(mut self, outcome: anyhow::Result<()>) -> ExitCode {
        let code = match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                self.say(format_args!("Error: {error:#}"));
                ExitCode::FAILURE
            }
        };
        // Where there is nothing to print to, the code says it all.
        let _ = io::stderr().write_all(self.log.as_bytes());
        let _ = io::stdout().write_all(self.printed.as_bytes());
        code
    }
}

/// Writes a value as Go's text log does: in quotes where it has spaces, quotes, `=` or what cannot be printed.
fn logged(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\u{fffd}');
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { sluice_yaml::quote(value) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("plain-word.x", "plain-word.x")]
    #[case("two words", "\"two words\"")]
    #[case("", "\"\"")]
    #[case("a=b", "\"a=b\"")]
    #[case("say \"x\"\n", "\"say \\\"x\\\"\\n\"")]
    fn values_are_quoted_where_go_quotes_them(#[case] value: &str, #[case] expected: &str) {
        assert_eq!(logged(value), expected);
    }
}
