//! The few pieces of DER that certificates and keys are made of.

/// Tags that are needed.
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// Returns the tag of the context's own, for what holds other values.
pub(super) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// Returns the tag of the context's own, for what holds bytes.
pub(super) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

/// Writes a value: its tag, its length, its contents.
pub(super) fn value(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = contents.len().to_be_bytes();
    let used = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    match contents.len() {
        short @ ..128 => out.push(short as u8),
        _ => {
            out.push(0x80 | (length.len() - used) as u8);
            out.extend(&length[used..]);
        }
    }
    out.extend(contents);
    out
}

/// Writes a sequence of values.
pub(super) fn sequence(values: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, &values.concat())
}

/// Writes a whole number that is not negative.
pub(super) fn integer(big_endian: &[u8]) -> Vec<u8> {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    let digits = &big_endian[zeros..];
    match digits.first() {
        Some(..0x80) => value(INTEGER, digits),
        _ => value(INTEGER, &[&[0], digits].concat()),
    }
}

/// Writes whole bytes as bits.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(BIT_STRING, &[&[0], bytes].concat())
}

/// Writes the name of an algorithm or extension, given by its encoded contents.
pub(super) fn object(identifier: &[u8]) -> Vec<u8> {
    value(OBJECT_IDENTIFIER, identifier)
}

/// A value that was read.
pub(super) struct Read<'a> {
    pub(super) tag: u8,
    pub(super) contents: &'a [u8],
}

/// Reads values that stand behind each other; nothing else may be there.
pub(super) fn read_all(mut bytes: &[u8]) -> Option<Vec<Read<'_>>> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let (value, rest) = read(bytes)?;
        values.push(value);
        bytes = rest;
    }
    Some(values)
}

/// Reads what is in the one sequence that the bytes are.
pub(super) fn read_sequence(bytes: &[u8]) -> Option<Vec<Read<'_>>> {
    match read(bytes)? {
        (Read { tag: SEQUENCE, contents }, []) => read_all(contents),
        _ => None,
    }
}

fn read(bytes: &[u8]) -> Option<(Read<'_>, &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match first {
        short @ ..0x80 => (usize::from(short), rest),
        long => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let digit = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add(usize::from(*byte));
            (length.iter().try_fold(0, digit)?, rest)
        }
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((Read { tag, contents }, rest))
}

impl<'a> Read<'a> {
    /// Returns the contents, if they are of that type.
    pub(super) fn of(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.contents)
    }

    /// Returns the digits of a whole number that is not negative.
    pub(super) fn unsigned(&self) -> Option<&'a [u8]> {
        self.of(INTEGER).filter(|digits| digits.first().is_some_and(|first| *first < 0x80))
    }
}
