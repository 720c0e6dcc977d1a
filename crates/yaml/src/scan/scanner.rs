//! Characters to tokens: the queue, simple keys and indentation.

use std::collections::VecDeque;

use super::{
    Problem, Stage, comment,
    cursor::{Cursor, Mark},
    token::{Kind, Token},
};
use crate::resolve::Flavor;

/// How far a simple key may be from its `:`, in characters.
const LONGEST_SIMPLE_KEY: usize = 1024;

/// libyaml's scanner state.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) flavor: Flavor,
    tokens: VecDeque<Token>,
    /// Tokens taken out of the queue.
    parsed: usize,
    available: bool,
    started: bool,
    pub(super) simple_key_allowed: bool,
    simple_keys: Vec<SimpleKey>,
    /// Tokens that may begin a key, in their order, and where in `simple_keys` each key is.
    keys_by_token: VecDeque<(usize, usize)>,
    pub(super) flow_level: usize,
    /// The column of the innermost block collection, -1 outside of any.
    pub(super) indent: i64,
    indents: Vec<i64>,
}

/// Something that may turn out to be a key once a `:` follows.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

pub(super) type Scanned<T> = Result<T, Problem>;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, flavor: Flavor) -> Self {
        Self {
            cursor: Cursor::new(text),
            flavor,
            tokens: VecDeque::new(),
            parsed: 0,
            available: false,
            started: false,
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            keys_by_token: VecDeque::new(),
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
        }
    }

    /// Returns the next token and leaves it in the queue.
    pub(super) fn peek(&mut self) -> Scanned<&Token> {
        if !self.available {
            self.fetch_more()?;
        }
        self.tokens.front().ok_or_else(|| self.past_end())
    }

    /// Takes the next token out of the queue.
    pub(super) fn take(&mut self) -> Scanned<Token> {
        self.peek()?;
        self.parsed += 1;
        self.available = false;
        self.tokens.pop_front().ok_or_else(|| self.past_end())
    }

    /// Drops the token that was peeked at.
    pub(super) fn skip(&mut self) {
        self.tokens.pop_front();
        self.parsed += 1;
        self.available = false;
    }

    fn past_end(&self) -> Problem {
        self.problem(self.cursor.mark, "attempted to go past the end of stream")
    }

    /// Makes a problem that began at a mark.
    pub(super) fn problem(&self, context: Mark, text: &'static str) -> Problem {
        let at = self.cursor.mark;
        Problem { text, stage: Stage::Scanner, context: Some(context), at }
    }

    fn fetch_more(&mut self) -> Scanned<()> {
        // v3 looks two tokens further ahead, for its comments.
        let enough = match self.flavor {
            Flavor::V2 => 0,
            Flavor::V3 => 2,
        };
        while self.tokens.len() <= enough || self.head_may_be_key()? {
            self.fetch_next()?;
        }
        self.available = true;
        Ok(())
    }

    fn head_may_be_key(&mut self) -> Scanned<bool> {
        while self.keys_by_token.front().is_some_and(|(token, _)| *token < self.parsed) {
            self.keys_by_token.pop_front();
        }
        match self.keys_by_token.front() {
            Some(&(token, index)) if token == self.parsed => self.is_valid(index),
            _ => Ok(false),
        }
    }

    /// Notes that a token may begin a key. None that is noted already comes after it.
    fn note_key(&mut self, token: usize, index: usize) {
        match self.keys_by_token.back_mut() {
            Some(last) if last.0 == token => last.1 = index,
            _ => self.keys_by_token.push_back((token, index)),
        }
    }

    fn forget_key(&mut self, token: usize) {
        if let Ok(place) = self.keys_by_token.binary_search_by_key(&token, |(token, _)| *token) {
            self.keys_by_token.remove(place);
        }
    }

    fn fetch_next(&mut self) -> Scanned<()> {
        if !self.started {
            self.started = true;
            self.append(Kind::StreamStart, self.cursor.mark);
            return Ok(());
        }
        self.pass_white_space();
        self.unroll_indent(i64::from(self.cursor.mark.column));
        self.dispatch()
    }

    /// Passes blanks, comments and line breaks.
    fn pass_white_space(&mut self) {
        loop {
            if self.cursor.mark.index == 0 && self.cursor.starts_with("\u{feff}") {
                self.cursor.skip();
            }
            // A tab may not indent a line that could begin a key.
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while self.cursor.byte(0) == b' ' || (tabs && self.cursor.byte(0) == b'\t') {
                self.cursor.skip();
            }
            if self.cursor.byte(0) == b'#' {
                comment::skip(&mut self.cursor, self.flow_level > 0, self.flavor);
            }
            if !self.cursor.is_break(0) {
                break;
            }
            self.cursor.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Appends a token that ends at the cursor.
    pub(super) fn append(&mut self, kind: Kind, start: Mark) {
        let end = self.cursor.mark;
        self.tokens.push_back(Token { kind, start, end });
    }

    /// Says whether the last token is the dash of a list.
    pub(super) fn ends_with_dash(&self) -> bool {
        self.tokens.back().is_some_and(|token| token.kind == Kind::BlockEntry)
    }

    /// Inserts a token of no length; too late for its place, it is appended.
    fn insert(&mut self, number: Option<usize>, kind: Kind, mark: Mark) {
        let token = Token { kind, start: mark, end: mark };
        match number.and_then(|number| number.checked_sub(self.parsed)) {
            Some(index) if index < self.tokens.len() => self.tokens.insert(index, token),
            _ => self.tokens.push_back(token),
        }
    }

    fn is_valid(&mut self, index: usize) -> Scanned<bool> {
        let mark = self.cursor.mark;
        let Some(key) = self.simple_keys.get_mut(index).filter(|key| key.possible) else {
            return Ok(false);
        };
        if key.mark.line >= mark.line && key.mark.index + LONGEST_SIMPLE_KEY >= mark.index {
            return Ok(true);
        }
        if key.required {
            let start = key.mark;
            return Err(self.problem(start, "could not find expected ':'"));
        }
        key.possible = false;
        Ok(false)
    }

    /// Remembers that the next token may begin a key.
    pub(super) fn save_simple_key(&mut self) -> Scanned<()> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let mark = self.cursor.mark;
        let required = self.flow_level == 0 && self.indent == i64::from(mark.column);
        let token = self.parsed + self.tokens.len();
        self.remove_simple_key()?;
        let index = self.simple_keys.len().saturating_sub(1);
        if let Some(last) = self.simple_keys.last_mut() {
            *last = SimpleKey { possible: true, required, token, mark };
            self.note_key(token, index);
        }
        Ok(())
    }

    /// Forgets the key that might have begun at this flow level.
    pub(super) fn remove_simple_key(&mut self) -> Scanned<()> {
        let Some(key) = self.simple_keys.last_mut().filter(|key| key.possible) else {
            return Ok(());
        };
        let SimpleKey { required, token, mark, .. } = *key;
        if required {
            return Err(self.problem(mark, "could not find expected ':'"));
        }
        key.possible = false;
        self.forget_key(token);
        Ok(())
    }

    /// Turns what was remembered into a key, now that its `:` is here. Says whether there was
    /// such a thing.
    pub(super) fn resolve_simple_key(&mut self) -> Scanned<bool> {
        let index = self.simple_keys.len().saturating_sub(1);
        if !self.is_valid(index)? {
            return Ok(false);
        }
        let SimpleKey { token, mark, .. } = self.simple_keys[index];
        self.insert(Some(token), Kind::Key, mark);
        self.roll_indent(mark, Some(token), Kind::BlockMappingStart);
        self.simple_keys[index].possible = false;
        self.forget_key(token);
        Ok(true)
    }

    pub(super) fn enter_flow(&mut self) {
        let token = self.parsed + self.tokens.len();
        let mark = self.cursor.mark;
        self.simple_keys.push(SimpleKey { possible: false, required: false, token, mark });
        self.flow_level += 1;
    }

    pub(super) fn leave_flow(&mut self) {
        if self.flow_level == 0 {
            return;
        }
        self.flow_level -= 1;
        if let Some(key) = self.simple_keys.pop() {
            self.forget_key(key.token);
        }
    }

    /// Begins a block collection if the column is further in than the current one.
    pub(super) fn roll_indent(&mut self, mark: Mark, number: Option<usize>, kind: Kind) {
        let column = i64::from(mark.column);
        if self.flow_level > 0 || self.indent >= column {
            return;
        }
        self.indents.push(self.indent);
        self.indent = column;
        self.insert(number, kind, mark);
    }

    /// Ends the block collections that are further in than the column.
    pub(super) fn unroll_indent(&mut self, column: i64) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.append(Kind::BlockEnd, self.cursor.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Begins a new line, so that the end of the stream ends everything.
    pub(super) fn force_line(&mut self) {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
    }
}
