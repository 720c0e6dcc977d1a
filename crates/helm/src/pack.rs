//! A chart to an archive, as `helm package` makes it.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use tar::{Builder, Header};

use crate::chart::{Chart, Metadata};

/// Returns the archive of a chart. Files without a time get that of now.
///
/// # Errors
/// When a name is too long for an archive.
pub fn pack(chart: &Chart, now: Timestamp) -> io::Result<Vec<u8>> {
    let zipped = GzBuilder::new().comment("Helm").write(Vec::new(), Compression::default());
    let mut archive = Archive { tar: Builder::new(zipped), now };
    archive.chart(chart, "")?;
    let mut zipped = archive.tar.into_inner()?;
    zipped.flush()?;
    zipped.finish()
}

struct Archive {
    tar: Builder<flate2::write::GzEncoder<Vec<u8>>>,
    now: Timestamp,
}

impl Archive {
    fn chart(&mut self, chart: &Chart, above: &str) -> io::Result<()> {
        let folder = format!("{above}{}", chart.name());
        self.file(&format!("{folder}/Chart.yaml"), written(&chart.metadata).as_bytes(), None)?;
        if let Some(lock) = chart.lock.as_ref().filter(|_| chart.metadata.api_version == "v2") {
            self.file(&format!("{folder}/Chart.lock"), lock.to_yaml().as_bytes(), lock.generated.time())?;
        }
        let values = chart.content.raw.iter().filter(|file| file.name == "values.yaml");
        let files = values.chain(&chart.content.schema).chain(&chart.content.templates).chain(&chart.content.files);
        for file in files {
            self.file(&format!("{folder}/{}", file.name), &file.data, file.modified)?;
        }
        chart.dependencies.iter().try_for_each(|child| self.chart(child, &format!("{folder}/charts/")))
    }

    fn file(&mut self, path: &str, data: &[u8], modified: Option<Timestamp>) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        let time = modified.unwrap_or(self.now);
        header.set_mtime(u64::try_from(time.as_second()).unwrap_or_default());
        self.tar.append_data(&mut header, path, data)
    }
}

/// Dependencies of old charts are in a file of their own.
fn written(metadata: &Metadata) -> String {
    if metadata.api_version != "v1" {
        return metadata.to_yaml();
    }
    Metadata { dependencies: None, ..metadata.clone() }.to_yaml()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{File, Limits, load_archive, load_files};

    #[test]
    fn an_archive_holds_what_the_folder_did() {
        let chart = "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b, version: 1.x}]\n";
        let files = [
            ("Chart.yaml", chart),
            ("values.yaml", "# kept\na: 1\n"),
            ("values.schema.json", "{}"),
            ("templates/a.yaml", "kind: A\n"),
            ("README.md", "text\n"),
            ("charts/b/Chart.yaml", "apiVersion: v1\nname: b\nversion: 1.2.3\n"),
            ("charts/b/templates/b.yaml", "kind: B\n"),
        ];
        let files = files.into_iter().map(|(name, text)| File::new(name, text.as_bytes().to_vec())).collect();
        let limits = Limits::default();
        let before = load_files(files, &limits).unwrap().chart;
        let after = load_archive(&pack(&before, Timestamp::UNIX_EPOCH).unwrap(), &limits).unwrap().chart;
        assert_eq!(after.metadata, before.metadata);
        let names = |chart: &Chart| chart.placed().iter().map(|placed| placed.path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&after), ["a", "a/charts/b"]);
        let raw = after.content.raw.iter().find(|file| file.name == "values.yaml");
        assert_eq!(raw.map(|file| &file.data[..]), Some(&b"# kept\na: 1\n"[..]));
    }
}
