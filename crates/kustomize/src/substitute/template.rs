//! Texts with expressions, `${name}` and its functions, in the grammar of Flux's `envsubst`.
//!
//! ```text
//! template   = { text | "${" expression }           `$$` is `$`
//! expression = "#" name "}"                          length in bytes
//!            | name "}"
//!            | name ( ":=" | ":-" | ":?" | ":+" | "=" ) { text | "${" expression } "}"
//!            | name ":" argument [ ":" argument ] "}"
//!            | name ( "#" | "##" | "%" | "%%" ) argument "}"
//!            | name ( "/" | "//" | "/#" | "/%" ) argument "/" [ argument ] "}"     `\/` is `/`, `\\` is `\`
//!            | name ( "," | ",," | "^" | "^^" ) "}"
//! argument   = text | "${" expression
//! ```

use super::{
    Variables,
    functions::{self, Function},
};

/// The deepest nesting of expressions.
const DEEPEST: usize = 100;
/// The longest text that an object may become.
const LONGEST: usize = 16 << 20;

/// A text with expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Expression(Expression),
}

#[derive(Debug, Clone, PartialEq)]
struct Expression {
    name: String,
    function: Function,
    arguments: Vec<Part>,
}

/// Why a template can't be read or filled; in the words of Flux where it has some.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("bad substitution")]
    BadSubstitution,
    #[error("missing closing brace")]
    MissingBrace,
    #[error("unable to parse variable name")]
    NoName,
    #[error("unable to parse substitution within function")]
    NoArgument,
    #[error("variable not set (strict mode): {0:?}")]
    NotSet(String),
    #[error("the function on `{0}` cuts a character or counts backwards")]
    BadRange(String),
    #[error("the value of `{0}` is too long for a pattern: 4096 bytes at the most")]
    LongForPattern(String),
    #[error("expressions are nested deeper than {DEEPEST}")]
    TooDeep,
    #[error("the object would have more than {} MiB", LONGEST >> 20)]
    TooLong,
}

impl Error {
    /// Returns the variable that it is about, or nothing.
    pub fn variable(&self) -> &str {
        match self {
            Self::NotSet(name) | Self::BadRange(name) | Self::LongForPattern(name) => name,
            _ => "",
        }
    }
}

/// Reads a template. A NUL ends it.
///
/// # Errors
/// When an expression can't be read.
pub fn parse(text: &str) -> Result<Template, Error> {
    let text = text.split('\0').next().unwrap_or_default();
    let mut reader = Reader { rest: text, depth: 0 };
    let mut parts = Vec::new();
    while !reader.rest.is_empty() {
        parts.push(match reader.take("${") {
            true => Part::Expression(reader.expression()?),
            false => Part::Text(reader.text(|_| false, &["$$"])),
        });
    }
    Ok(Template(parts))
}

impl Template {
    /// Puts values in.
    ///
    /// # Errors
    /// When a variable has no value, or a function does not go with its value.
    pub fn fill(&self, variables: &Variables) -> Result<String, Error> {
        let mut output = String::new();
        self.0.iter().try_for_each(|part| part.fill(variables, &mut output))?;
        Ok(output)
    }
}

impl Part {
    fn fill(&self, variables: &Variables, output: &mut String) -> Result<(), Error> {
        match self {
            Self::Text(text) => output.push_str(text),
            Self::Expression(expression) => output.push_str(&expression.value(variables)?),
        }
        if output.len() > LONGEST { Err(Error::TooLong) } else { Ok(()) }
    }
}

impl Expression {
    fn value(&self, variables: &Variables) -> Result<String, Error> {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            let mut text = String::new();
            argument.fill(variables, &mut text)?;
            arguments.push(text);
        }
        let value = match variables.values.get(&self.name) {
            Some(value) => value.as_str(),
            None if variables.strict && self.function != Function::Default => {
                return Err(Error::NotSet(self.name.clone()));
            }
            None => "",
        };
        functions::apply(self.function, &self.name, value, &arguments)
    }
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: &str) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, wanted: &str, error: Error) -> Result<(), Error> {
        if self.take(wanted) { Ok(()) } else { Err(error) }
    }

    /// Takes text up to an expression or a character that ends it. Of an escape the second character stays, as text.
    fn text(&mut self, ends: impl Fn(char) -> bool, escapes: &[&str]) -> String {
        let mut text = String::new();
        while let Some(c) = self.rest.chars().next() {
            if self.rest.starts_with("${") {
                break;
            }
            let escaped = escapes.iter().any(|escape| self.rest.starts_with(escape));
            if !escaped && ends(c) {
                break;
            }
            let from = usize::from(escaped);
            let taken = self.rest[from..].chars().next().unwrap_or(c);
            text.push(taken);
            self.rest = &self.rest[from + taken.len_utf8()..];
        }
        text
    }

    fn name(&mut self) -> String {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name.to_owned()
    }

    fn expression(&mut self) -> Result<Expression, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::TooDeep);
        }
        let expression = self.expression_of_this_depth()?;
        self.depth -= 1;
        Ok(expression)
    }

    fn expression_of_this_depth(&mut self) -> Result<Expression, Error> {
        if self.take("#") {
            let name = self.name();
            let complete = !name.is_empty() && self.take("}");
            let expression = Expression { name, function: Function::Length, arguments: Vec::new() };
            return if complete { Ok(expression) } else { Err(Error::BadSubstitution) };
        }
        let name = self.name();
        if name.is_empty() {
            return Err(Error::NoName);
        }
        let operator = functions::operator(self.rest);
        let (length, function) = operator;
        self.rest = &self.rest[length..];
        let arguments = match function {
            Function::Value if length == 0 => return self.closed(name, function, Error::MissingBrace),
            Function::Default => self.defaults()?,
            Function::Substring => self.range()?,
            Function::Trim { .. } => vec![self.argument(|c| c == '}', &[])?],
            Function::Replace { .. } => self.replacement()?,
            _ => Vec::new(),
        };
        let mut expression = self.closed(name, function, Error::BadSubstitution)?;
        expression.arguments = arguments;
        Ok(expression)
    }

    fn closed(&mut self, name: String, function: Function, error: Error) -> Result<Expression, Error> {
        self.expect("}", error)?;
        Ok(Expression { name, function, arguments: Vec::new() })
    }

    fn argument(&mut self, ends: impl Fn(char) -> bool, escapes: &[&str]) -> Result<Part, Error> {
        if self.take("${") {
            return Ok(Part::Expression(self.expression()?));
        }
        let before = self.rest.len();
        let text = self.text(ends, escapes);
        if self.rest.len() < before { Ok(Part::Text(text)) } else { Err(Error::NoArgument) }
    }

    fn defaults(&mut self) -> Result<Vec<Part>, Error> {
        let mut parts = Vec::new();
        while !self.rest.starts_with('}') {
            parts.push(self.argument(|c| c == '}', &[])?);
        }
        Ok(parts)
    }

    fn range(&mut self) -> Result<Vec<Part>, Error> {
        // Flux steps back by the wrong number of bytes where another character follows the colon.
        if !self.rest.starts_with(|c: char| c.is_ascii()) {
            return Err(Error::BadSubstitution);
        }
        let mut arguments = vec![self.argument(|c| c == ':' || c == '}', &[])?];
        if self.take(":") {
            self.rest = self.rest.trim_start_matches(':');
            arguments.push(self.argument(|c| c == '}', &[])?);
        }
        Ok(arguments)
    }

    fn replacement(&mut self) -> Result<Vec<Part>, Error> {
        const ESCAPES: &[&str] = &["$$", "\\/", "\\\\"];
        let mut arguments = vec![self.argument(|c| c == '/', ESCAPES)?];
        self.expect("/", Error::BadSubstitution)?;
        self.rest = self.rest.trim_start_matches('/');
        if !self.rest.starts_with('}') {
            arguments.push(self.argument(|c| c == '}', ESCAPES)?);
        }
        Ok(arguments)
    }
}
