//! The framing of Git's protocol: four hexadecimal digits of length, then the payload.

use bytes::{Buf, Bytes, BytesMut};

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    Flush,
    Delimiter,
    End,
    Data(Bytes),
}

/// A length that is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Splits a stream of bytes into packets.
#[derive(Debug, Default)]
pub(super) struct Decoder(BytesMut);

impl Decoder {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Says whether a packet has begun that is not complete.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next packet, or `None` until more bytes come.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, Malformed> {
        let Some(length) = self.0.get(..4) else { return Ok(None) };
        let digits = std::str::from_utf8(length).map_err(|_| Malformed)?;
        match usize::from_str_radix(digits, 16).map_err(|_| Malformed)? {
            0 => Ok(Some(self.mark(Packet::Flush))),
            1 => Ok(Some(self.mark(Packet::Delimiter))),
            2 => Ok(Some(self.mark(Packet::End))),
            3 => Err(Malformed),
            length if self.0.len() < length => Ok(None),
            length => {
                self.0.advance(4);
                Ok(Some(Packet::Data(self.0.split_to(length - 4).freeze())))
            }
        }
    }

    fn mark(&mut self, packet: Packet) -> Packet {
        self.0.advance(4);
        packet
    }
}

/// A request being written.
#[derive(Debug, Default)]
pub(super) struct Request(Vec<u8>);

impl Request {
    pub(super) fn line(mut self, text: &str) -> Self {
        self.0.extend_from_slice(format!("{:04x}{text}\n", text.len() + 5).as_bytes());
        self
    }

    pub(super) fn lines(self, lines: impl IntoIterator<Item = String>) -> Self {
        lines.into_iter().fold(self, |request, line| request.line(&line))
    }

    pub(super) fn delimiter(mut self) -> Self {
        self.0.extend_from_slice(b"0001");
        self
    }

    pub(super) fn flush(mut self) -> Self {
        self.0.extend_from_slice(b"0000");
        self
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&str]) -> Result<Vec<Packet>, Malformed> {
        let mut decoder = Decoder::default();
        let mut packets = Vec::new();
        for chunk in chunks {
            decoder.feed(chunk.as_bytes());
            while let Some(packet) = decoder.next()? {
                packets.push(packet);
            }
        }
        assert!(decoder.is_empty());
        Ok(packets)
    }

    #[test]
    fn packets_may_be_cut_anywhere() {
        let expected =
            [Packet::Data(Bytes::from("ab\n")), Packet::Delimiter, Packet::Data(Bytes::new()), Packet::Flush];
        assert_eq!(decode(&["0007ab\n000100040000"]).unwrap(), expected);
        assert_eq!(decode(&["0", "007a", "b\n00", "0100", "040", "000"]).unwrap(), expected);
    }

    #[test]
    fn a_request_reads_back() {
        let bytes = Request::default().line("command=ls-refs").delimiter().line("peel").flush().into_bytes();
        assert_eq!(bytes, b"0014command=ls-refs\n00010009peel\n0000");
    }

    #[test]
    fn no_length_is_refused() {
        assert_eq!(decode(&["<htm"]), Err(Malformed));
        assert_eq!(decode(&["0003"]), Err(Malformed));
    }
}
