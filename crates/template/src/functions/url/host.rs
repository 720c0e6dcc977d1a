//! Hosts with ports.

use super::{
    Wrong,
    address::{self, Kind},
    escape::{Part, unescape},
    quoted,
};

/// Reads a host with or without a port.
pub(super) fn parse(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, Wrong> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => return literal(host),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    let colon = |byte: &u8| *byte == b':';
    let strict = matches!(scheme, b"http" | b"https");
    let port = if strict { host.iter().position(colon) } else { host.iter().rposition(colon) };
    check_port(&host[port.unwrap_or(host.len())..])?;
    unescape(host, Part::Host)
}

fn check_port(port: &[u8]) -> Result<(), Wrong> {
    match port {
        [] => Ok(()),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => Ok(()),
        port => Err(format!("invalid port {} after host", quoted(port))),
    }
}

/// Reads `[::1]:80`. Of the address only its form is looked at.
fn literal(host: &[u8]) -> Result<Vec<u8>, Wrong> {
    let end = host.iter().rposition(|byte| *byte == b']').ok_or("missing ']' in host")?;
    let (address, port) = (&host[1..end], &host[end + 1..]);
    check_port(port)?;
    let zone = address.windows(3).position(|escape| escape == b"%25").unwrap_or(address.len());
    let (address, zone) = (unescape(&address[..zone], Part::Host)?, unescape(&address[zone..], Part::Zone)?);
    check_address(&[&address[..], &zone].concat())?;
    Ok([b"[", &address[..], &zone, b"]", port].concat())
}

fn check_address(text: &[u8]) -> Result<(), Wrong> {
    match address::read(text).map_err(|wrong| format!("invalid host: {wrong}"))? {
        Kind::V4 => Err("invalid IP-literal".into()),
        Kind::V6 => Ok(()),
    }
}

/// Returns the host without its port, and without the brackets of an address.
pub(super) fn without_port(host: &[u8]) -> &[u8] {
    let colon = host.iter().rposition(|byte| *byte == b':');
    let host = match colon {
        Some(colon) if check_port(&host[colon..]).is_ok() => &host[..colon],
        _ => host,
    };
    host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host)
}
