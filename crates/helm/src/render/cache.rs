//! Compiled charts, by the digest of their templates.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sluice_template::{Compiled, Failure, Language, Source, Str, Texts};

use super::scope::Template;
use crate::{
    kept::{Bounds, Kept, digest},
    schema::Known,
};

/// Compiled charts, shared by all releases that are rendered with it, also at once.
///
/// A chart is known by the names and contents of its templates, so one that came another way, or in another version with
/// the same templates, is not compiled again. Texts that several charts have, such as those of a library, are compiled
/// once for all of them. Schemas of values are kept beside them.
#[derive(Debug)]
pub struct Cache {
    texts: Arc<Texts>,
    charts: Kept<Compiled>,
    schemas: Known,
    compiled: AtomicU64,
}

/// The charts of a large cluster. Compiled they take ten to twenty times as much memory as their templates have bytes.
const BOUNDS: Bounds = Bounds { count: 256, bytes: 16 << 20 };

/// How much was compiled so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many charts.
    pub charts: u64,
    /// How many texts: templates that are equal count once.
    pub texts: u64,
}

impl Cache {
    /// Begins with nothing. All charts are of one language.
    pub fn new(language: Language) -> Self {
        Self::bounded(language, BOUNDS)
    }

    /// Begins with nothing, and keeps only so many charts, of so many bytes.
    pub fn bounded(language: Language, bounds: Bounds) -> Self {
        let texts = Arc::new(Texts::new(language));
        Self { texts, charts: Kept::new(bounds), schemas: Known::default(), compiled: AtomicU64::new(0) }
    }

    /// Returns how much was compiled so far.
    pub fn compiled(&self) -> Count {
        Count { charts: self.compiled.load(Ordering::Relaxed), texts: self.texts.compiled() }
    }

    /// Returns how many charts are kept.
    pub fn kept(&self) -> usize {
        self.charts.count()
    }

    pub(crate) fn schemas(&self) -> &Known {
        &self.schemas
    }

    /// Returns the compiled templates of a chart.
    pub(super) fn compile(&self, templates: &[Template<'_>]) -> Result<Arc<Compiled>, Failure> {
        let parts = || templates.iter().flat_map(|template| [template.path.as_bytes(), &template.file.data]);
        self.charts.get(digest(parts()), parts().map(<[u8]>::len).sum(), || {
            let compiled = Compiled::sharing(&sources(templates), &self.texts)?;
            self.compiled.fetch_add(1, Ordering::Relaxed);
            Ok(compiled)
        })
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new(Language::default())
    }
}

fn sources(templates: &[Template<'_>]) -> Vec<Source> {
    let source = |template: &Template<'_>| Source {
        name: Str::from(template.path.as_str()),
        text: Str::from(&template.file.data[..]),
    };
    templates.iter().map(source).collect()
}

#[cfg(test)]
mod tests {
    use sluice_template::Map;

    use super::*;
    use crate::File;

    const FIRST: &[(&str, &str)] = &[("a/templates/x.yaml", "x: 1"), ("a/charts/c/templates/_c.tpl", "{{ 1 }}")];
    /// With the same library as the first.
    const SECOND: &[(&str, &str)] = &[("b/templates/y.yaml", "y: 1"), ("b/charts/c/templates/_c.tpl", "{{ 1 }}")];

    fn compile(cache: &Cache, chart: &[(&str, &str)]) -> Result<Arc<Compiled>, Failure> {
        let files: Vec<_> = chart.iter().map(|(_, text)| File::new("x", text.as_bytes().to_vec())).collect();
        let templates: Vec<_> = chart
            .iter()
            .zip(&files)
            .map(|((path, _), file)| Template {
                path: (*path).into(),
                base: String::new(),
                file,
                scope: Map::default(),
                native: false,
            })
            .collect();
        cache.compile(&templates)
    }

    #[test]
    fn a_chart_is_compiled_once() {
        let cache = Cache::default();
        let [one, other] = [compile(&cache, FIRST).unwrap(), compile(&cache, FIRST).unwrap()];
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(cache.compiled(), Count { charts: 1, texts: 2 });
    }

    #[test]
    fn texts_that_two_charts_have_are_compiled_once() {
        let cache = Cache::default();
        let _charts = [compile(&cache, FIRST).unwrap(), compile(&cache, SECOND).unwrap()];
        assert_eq!(cache.compiled(), Count { charts: 2, texts: 3 });
    }

    #[test]
    fn charts_that_are_not_kept_are_compiled_again() {
        let cache = Cache::bounded(Language::default(), Bounds { count: 1, bytes: 1000 });
        for chart in [FIRST, SECOND, FIRST] {
            compile(&cache, chart).unwrap();
        }
        assert_eq!((cache.compiled().charts, cache.kept()), (3, 1));
    }

    #[test]
    fn a_chart_under_another_name_is_another() {
        let cache = Cache::default();
        let _charts = ["a/x", "b/x"].map(|path| compile(&cache, &[(path, "{{ 1 }}")]).unwrap());
        assert_eq!(cache.compiled(), Count { charts: 2, texts: 1 });
    }

    #[test]
    fn a_chart_that_cannot_be_compiled_is_refused_each_time() {
        let cache = Cache::default();
        let refused = || compile(&cache, &[("a/templates/x.yaml", "{{ nosuch }}")]).unwrap_err().to_string();
        assert_eq!(refused(), refused());
        assert_eq!(cache.compiled(), Count { charts: 0, texts: 0 });
    }

    #[test]
    fn many_at_once_compile_it_once() {
        let cache = Cache::default();
        std::thread::scope(|scope| {
            (0..8).for_each(|_| drop(scope.spawn(|| compile(&cache, FIRST).unwrap())));
        });
        assert_eq!(cache.compiled(), Count { charts: 1, texts: 2 });
    }
}
