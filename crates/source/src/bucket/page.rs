//! One page of a listing, as Azure writes it: `EnumerationResults > Blobs > Blob > Name, Properties > Etag, …`.

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, Event},
};

/// Some blobs, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    pub(super) blobs: Vec<Listed>,
    pub(super) next: Option<String>,
}

/// A blob as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Listed {
    pub(super) name: String,
    /// As in a header: between quotes.
    pub(super) etag: String,
    pub(super) size: u64,
    /// Whether it is a directory of an account with a hierarchical namespace.
    pub(super) directory: bool,
}

impl Page {
    /// Reads a page; an error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let mut state = State::default();
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(element) => state.open(element.local_name().as_ref()),
                Event::Text(text) => state.text.push_str(&text.decode().map_err(|error| error.to_string())?),
                Event::CData(text) => state.text.push_str(&text.decode().map_err(|error| error.to_string())?),
                Event::GeneralRef(reference) => state.text.push_str(&resolve(&reference)?),
                Event::End(_) => state.close()?,
                Event::Eof => return state.finish(),
                _ => {}
            }
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(char) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(char.to_string());
    }
    let name = reference.decode().map_err(|error| error.to_string())?;
    resolve_predefined_entity(&name).map(ToOwned::to_owned).ok_or_else(|| format!("the entity `{name}` is not known"))
}

#[derive(Default)]
struct State {
    page: Page,
    blob: Listed,
    sized: bool,
    path: Vec<String>,
    text: String,
    complete: bool,
}

impl State {
    fn open(&mut self, name: &[u8]) {
        self.path.push(String::from_utf8_lossy(name).into_owned());
        self.text.clear();
        if self.path.last().is_some_and(|name| name == "Blob") {
            (self.blob, self.sized) = (Listed::default(), false);
        }
    }

    fn close(&mut self) -> Result<(), String> {
        let text = std::mem::take(&mut self.text);
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match path[..] {
            ["EnumerationResults"] => self.complete = true,
            ["EnumerationResults", "NextMarker"] => self.page.next = Some(text).filter(|marker| !marker.is_empty()),
            [_, "Blobs", "Blob"] => self.push()?,
            [_, "Blobs", "Blob", "Name"] => self.blob.name = text,
            [.., "Properties", "Etag"] => self.blob.etag = quoted(&text),
            [.., "Properties", "ResourceType"] => self.blob.directory = text == "directory",
            [.., "Properties", "Content-Length"] => {
                self.blob.size = text.parse().map_err(|_| format!("`{text}` is no size"))?;
                self.sized = true;
            }
            _ => {}
        }
        self.path.pop();
        Ok(())
    }

    fn push(&mut self) -> Result<(), String> {
        let blob = std::mem::take(&mut self.blob);
        if blob.name.is_empty() || blob.etag.is_empty() || !(self.sized || blob.directory) {
            return Err(format!("the blob `{}` has no name, etag or size", blob.name));
        }
        self.page.blobs.push(blob);
        Ok(())
    }

    fn finish(self) -> Result<Page, String> {
        if self.complete { Ok(self.page) } else { Err("it is no list of blobs".into()) }
    }
}

/// Listings leave the quotes out that headers have.
fn quoted(etag: &str) -> String {
    format!("\"{}\"", etag.trim().trim_start_matches("W/").trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn blob(name: &str, rest: &str) -> String {
        format!("<Blob><Name>{name}</Name><Properties><Etag>0x8D</Etag>{rest}</Properties></Blob>")
    }

    fn page(blobs: &str, tail: &str) -> String {
        format!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"c\"><Prefix/>\
             <Blobs>{blobs}</Blobs>{tail}</EnumerationResults>"
        )
    }

    #[test]
    fn blobs_are_read_with_their_names_as_they_are() {
        let size = "<Content-Length>7</Content-Length><Content-Type />";
        let directory = "<ResourceType>directory</ResourceType>";
        let blobs = [blob(" a &amp; b&#x2F;c ", size), blob("dir", directory)].concat();
        let page = Page::parse(&page(&blobs, "<NextMarker>2!8!x</NextMarker>")).unwrap();
        let listed = Listed { name: " a & b/c ".into(), etag: "\"0x8D\"".into(), size: 7, directory: false };
        assert_eq!(page.blobs[0], listed);
        assert!(page.blobs[1].directory);
        assert_eq!(page.next.as_deref(), Some("2!8!x"));
    }

    #[test]
    fn an_empty_container_has_one_empty_page() {
        assert_eq!(Page::parse(&page("", "<NextMarker/>")).unwrap(), Page::default());
    }

    #[rstest]
    #[case::html("<html><body>Sign in</body></html>", "it is no list of blobs")]
    #[case::cut(&page(&blob("a", "<Content-Length>7</Content-Length>"), "").replace("</EnumerationResults>", ""), "")]
    #[case::size(&page(&blob("a", "<Content-Length>-7</Content-Length>"), ""), "`-7` is no size")]
    #[case::sizeless(&page(&blob("a", ""), ""), "the blob `a` has no name, etag or size")]
    #[case::entity(&page(&blob("&lol;", ""), ""), "the entity `lol` is not known")]
    fn what_is_no_listing_is_refused(#[case] text: &str, #[case] problem: &str) {
        let error = Page::parse(text).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}
