//! Which token begins at a character, and the tokens of one to three characters.

use super::{
    block, comment,
    cursor::Cursor,
    plain, properties, quoted,
    scanner::{Scanned, Scanner},
    token::Kind,
};
use crate::node::Style;

impl Scanner<'_> {
    /// Fetches the token at the cursor.
    pub(super) fn dispatch(&mut self) -> Scanned<()> {
        if self.cursor.is_end() {
            return self.stream_end();
        }
        if self.cursor.mark.column == 0 && self.cursor.byte(0) == b'%' {
            return self.directive();
        }
        if self.cursor.is_document_indicator() {
            return self.document_indicator();
        }
        self.content()?;
        if !self.ends_with_dash() {
            comment::skip_behind_token(&mut self.cursor, self.flavor);
        }
        Ok(())
    }

    fn content(&mut self) -> Scanned<()> {
        let in_flow = self.flow_level > 0;
        let separate = self.cursor.is_blank_or_end(1);
        match self.cursor.byte(0) {
            b'[' => self.flow_start(Kind::FlowSequenceStart),
            b'{' => self.flow_start(Kind::FlowMappingStart),
            b']' => self.flow_end(Kind::FlowSequenceEnd),
            b'}' => self.flow_end(Kind::FlowMappingEnd),
            b',' => self.flow_entry(),
            b'-' if separate => self.block_entry(),
            b'?' if in_flow || separate => self.key(),
            b':' if in_flow || separate => self.value(),
            b'*' | b'&' => self.anchor(),
            b'!' => self.tag(),
            b'|' if !in_flow => self.block_scalar(Style::Literal),
            b'>' if !in_flow => self.block_scalar(Style::Folded),
            b'\'' => self.quoted(Style::SingleQuoted),
            b'"' => self.quoted(Style::DoubleQuoted),
            _ if begins_plain(&self.cursor, in_flow) => self.plain(),
            _ => {
                let text = "found character that cannot start any token";
                Err(self.problem(self.cursor.mark, text))
            }
        }
    }

    fn stream_end(&mut self) -> Scanned<()> {
        self.force_line();
        self.end_blocks()?;
        self.append(Kind::StreamEnd, self.cursor.mark);
        Ok(())
    }

    fn directive(&mut self) -> Scanned<()> {
        self.end_blocks()?;
        let start = self.cursor.mark;
        let kind = properties::directive(self)?;
        self.append(kind, start);
        Ok(())
    }

    fn document_indicator(&mut self) -> Scanned<()> {
        self.end_blocks()?;
        let start = self.cursor.mark;
        let kind = match self.cursor.byte(0) {
            b'-' => Kind::DocumentStart,
            _ => Kind::DocumentEnd,
        };
        (0..3).for_each(|_| self.cursor.skip());
        self.append(kind, start);
        Ok(())
    }

    fn end_blocks(&mut self) -> Scanned<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        Ok(())
    }

    fn flow_start(&mut self, kind: Kind) -> Scanned<()> {
        self.save_simple_key()?;
        self.enter_flow();
        self.simple_key_allowed = true;
        self.one_character(kind);
        Ok(())
    }

    fn flow_end(&mut self, kind: Kind) -> Scanned<()> {
        self.remove_simple_key()?;
        self.leave_flow();
        self.simple_key_allowed = false;
        self.one_character(kind);
        Ok(())
    }

    fn flow_entry(&mut self) -> Scanned<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.one_character(Kind::FlowEntry);
        Ok(())
    }

    fn block_entry(&mut self) -> Scanned<()> {
        let text = "block sequence entries are not allowed in this context";
        self.begin_block(Kind::BlockSequenceStart, text)?;
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.one_character(Kind::BlockEntry);
        Ok(())
    }

    fn key(&mut self) -> Scanned<()> {
        let text = "mapping keys are not allowed in this context";
        self.begin_block(Kind::BlockMappingStart, text)?;
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.one_character(Kind::Key);
        Ok(())
    }

    fn value(&mut self) -> Scanned<()> {
        if self.resolve_simple_key()? {
            // A simple key cannot follow another simple key.
            self.simple_key_allowed = false;
        } else {
            let text = "mapping values are not allowed in this context";
            self.begin_block(Kind::BlockMappingStart, text)?;
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.one_character(Kind::Value);
        Ok(())
    }

    /// Begins a block collection here unless it is under way; nothing to do in flow context.
    fn begin_block(&mut self, kind: Kind, refusal: &'static str) -> Scanned<()> {
        if self.flow_level > 0 {
            return Ok(());
        }
        if !self.simple_key_allowed {
            return Err(self.problem(self.cursor.mark, refusal));
        }
        self.roll_indent(self.cursor.mark, None, kind);
        Ok(())
    }

    fn anchor(&mut self) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        let kind = properties::anchor(self)?;
        self.append(kind, start);
        Ok(())
    }

    fn tag(&mut self) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        let kind = properties::tag(self)?;
        self.append(kind, start);
        Ok(())
    }

    fn block_scalar(&mut self, style: Style) -> Scanned<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let start = self.cursor.mark;
        let text = block::scan(self, style)?;
        self.append(Kind::Scalar { text, style }, start);
        Ok(())
    }

    fn quoted(&mut self, style: Style) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        let text = quoted::scan(self, style)?;
        self.append(Kind::Scalar { text, style }, start);
        Ok(())
    }

    fn plain(&mut self) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        let text = plain::scan(self)?;
        self.append(Kind::Scalar { text, style: Style::Plain }, start);
        Ok(())
    }

    fn one_character(&mut self, kind: Kind) {
        let start = self.cursor.mark;
        self.cursor.skip();
        self.append(kind, start);
    }
}

fn begins_plain(cursor: &Cursor<'_>, in_flow: bool) -> bool {
    match cursor.byte(0) {
        b'-' => !cursor.is_blank(1),
        b'?' | b':' => !in_flow && !cursor.is_blank_or_end(1),
        b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
        | b'`' => false,
        _ => !cursor.is_blank_or_end(0),
    }
}
