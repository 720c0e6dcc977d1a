//! The build itself: bases first, then generators, components and transformers of each kustomization.
//!
//! load → resources (recursive) → generators → components → transformers → … → hashes → references → vars → output

use std::sync::Arc;

use sluice_object::TreePath;
use sluice_yaml::Node;

use crate::{
    Built, Files, Options, Order, Release,
    config::{Config, from_definitions},
    decode::{Located, Source},
    error::{Error, Place, Problem},
    generate::{self, Generator},
    id::ResId,
    kustomization::Kustomization,
    loader::{Base, Entry, Loader, Root},
    manifest,
    metadata::{self, Provenance, Wanted},
    output, plugin,
    resource::Resource,
    resources::Resources,
    schema::{self, Scopes, Types, from_openapi},
    sort, steps,
    target::{Route, Target},
    transform::{hash, references, vars},
    validators,
};

/// What has been built so far, and the rules to go on with it.
#[derive(Debug, Default)]
pub(crate) struct Accumulator {
    pub(crate) resources: Resources,
    pub(crate) config: Arc<Config>,
    pub(crate) vars: vars::Vars,
}

/// One build.
pub(crate) struct Build<'t> {
    pub(crate) loader: Loader<'t>,
    options: &'t Options,
    pub(crate) wanted: Wanted,
    scopes: Scopes,
    types: Option<Types>,
    schema_set: bool,
    /// Whether an object of a kind without built-in type was read.
    unknown_kind_read: bool,
    warnings: Vec<String>,
}

/// Builds a directory.
pub(crate) fn run(files: &dyn Files, path: &TreePath, options: &Options) -> Result<Built, Error> {
    let mut build = Build {
        loader: Loader::new(files, options),
        options,
        wanted: Wanted::default(),
        scopes: Scopes::enter(options.release),
        types: None,
        schema_set: false,
        unknown_kind_read: false,
        warnings: Vec::new(),
    };
    let built = build.root(path);
    match (build.loader.needs.is_empty(), built) {
        (true, Ok(resources)) => output::built(resources, build.loader.read, build.warnings),
        (true, Err(error)) => Err(error),
        (false, _) => Err(Error::Needs(build.loader.needs)),
    }
}

impl<'t> Build<'t> {
    fn root(&mut self, path: &TreePath) -> Result<Resources, Error> {
        let root = self.loader.root(path);
        let target = self.load(root, Route::default(), None, self.options.strict_root)?;
        self.wanted = Wanted::of(&target.kustomization.build_metadata);
        self.set_schema(&target)?;
        let mut accumulated = self.accumulate(&target, Accumulator::default())?;
        let place = target.place("", 0);
        self.finish(&mut accumulated).map_err(|problem| problem.at(&place))?;
        self.sort(&target, &mut accumulated.resources)?;
        self.wanted.managed_by |= self.options.managed_by_label;
        metadata::finish(&mut accumulated.resources, self.wanted, self.options.release)
            .map_err(|problem| problem.at(&place))?;
        Ok(accumulated.resources)
    }

    fn load(&mut self, root: Root, route: Route, by: Option<Place>, strict: bool) -> Result<Target, Error> {
        Target::load(&mut self.loader, root, route, by, strict, &mut self.warnings)
    }

    /// Does what is done once, when everything is there.
    fn finish(&mut self, accumulated: &mut Accumulator) -> Result<(), Problem> {
        let Accumulator { resources, config, vars } = accumulated;
        hash::apply(resources)?;
        references::apply(resources, &config.name_reference)?;
        let unused = vars::apply(resources, vars, &config.var_reference)?;
        if !unused.is_empty() {
            self.warnings.push(format!("well-defined vars that were never replaced: {}", unused.join(",")));
        }
        resources.list_mut().retain(|resource| !is_local(resource));
        Ok(())
    }

    fn sort(&self, target: &Target, resources: &mut Resources) -> Result<(), Error> {
        match (&target.kustomization.sort_options, self.options.order) {
            (Some(Located { line, value }), _) => {
                let place = target.place("sortOptions", *line);
                sort::sort(resources.list_mut(), value).map_err(|problem| problem.at(&place))
            }
            (None, Order::Legacy) => {
                sort::sort_by_kind(resources.list_mut());
                Ok(())
            }
            (None, Order::AsWritten) => Ok(()),
        }
    }

    /// Builds one kustomization on top of what is there.
    fn accumulate(&mut self, target: &Target, start: Accumulator) -> Result<Accumulator, Error> {
        refuse(target)?;
        let mut accumulated = start;
        let resources = &target.kustomization.resources;
        self.add_resources(target, "resources", resources, &mut accumulated)?;
        self.configure(target, &mut accumulated)?;
        self.generate(target, &mut accumulated)?;
        accumulated = self.add_components(target, accumulated)?;
        steps::transform(self, target, &mut accumulated)?;
        validators::run(self, target, &mut accumulated)?;
        self.add_vars(target, &mut accumulated)?;
        Ok(accumulated)
    }

    /// Adds files and bases in order.
    pub(crate) fn add_resources(
        &mut self,
        target: &Target,
        field: &str,
        paths: &[Located<String>],
        accumulated: &mut Accumulator,
    ) -> Result<(), Error> {
        for (index, path) in paths.iter().enumerate() {
            let place = target.entry(field, index, path.line);
            match self.loader.entry(&target.root, &path.value, &place)? {
                Entry::File(file) => self.add_file(target, &path.value, &file, &place, accumulated)?,
                Entry::Directory(directory) => {
                    let base = self.enter(target, &path.value, directory, &place)?;
                    if base.kustomization.is_component() {
                        return Err(wrong_kind(&place, "expected kind != 'Component'", &base));
                    }
                    let built = self.accumulate(&base, Accumulator::default())?;
                    self.merge(accumulated, built, &place)?;
                }
                Entry::Needed => {}
            }
            self.check_count(accumulated, &place)?;
        }
        Ok(())
    }

    fn add_file(
        &mut self,
        target: &Target,
        path: &str,
        file: &TreePath,
        place: &Place,
        accumulated: &mut Accumulator,
    ) -> Result<(), Error> {
        let nodes = self.loader.manifests(file, place)?;
        for node in nodes.iter() {
            let mut resource = Resource::new(node.clone(), file.as_str());
            if self.wanted.any {
                metadata::set_origin(&mut resource, &Provenance::file(target.route.join(path)));
            }
            self.unknown_kind_read |= !schema::is_known(&resource.gvk());
            let place = Place { file: file.clone(), line: resource.origin.line, field: String::new() };
            accumulated.resources.append(resource).map_err(|id| duplicate(&place, &id))?;
        }
        Ok(())
    }

    fn enter(&mut self, target: &Target, path: &str, base: Base, place: &Place) -> Result<Target, Error> {
        let root = self.loader.enter(&target.root, base, place)?;
        let base = self.load(root, target.route.join(path), Some(place.clone()), true)?;
        self.set_schema(&base)?;
        Ok(base)
    }

    fn merge(&self, accumulated: &mut Accumulator, built: Accumulator, place: &Place) -> Result<(), Error> {
        accumulated.resources.append_all(built.resources).map_err(|id| duplicate(place, &id))?;
        accumulated.config = accumulated.config.merged(&built.config).map_err(|problem| problem.at(place))?;
        vars::merge(&mut accumulated.vars, built.vars).map_err(|problem| problem.at(place))
    }

    fn check_count(&self, accumulated: &Accumulator, place: &Place) -> Result<(), Error> {
        let limit = self.options.limits.resources;
        if accumulated.resources.len() > limit {
            return Err(Error::Limit { place: place.clone(), what: "number of resources", limit: limit as u64 });
        }
        Ok(())
    }

    /// Adds the defaults, `configurations` and `crds`.
    fn configure(&mut self, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
        let mut config = Config::built_in(self.options.release);
        for (index, path) in target.kustomization.configurations.iter().enumerate() {
            let place = target.entry("configurations", index, path.line);
            let (file, text) = self.loader.load_text(&target.root, &path.value, &place)?;
            let node = self.document(&text, &file)?;
            let added: Config = Source::new(&file, "TransformerConfig", true).decode(&node)?;
            config = config.merged(&Arc::new(added)).map_err(|problem| problem.at(&place))?;
        }
        for (index, path) in target.kustomization.crds.iter().enumerate() {
            let place = target.entry("crds", index, path.line);
            let (file, text) = self.loader.load_text(&target.root, &path.value, &place)?;
            let json = self.json(&text, &file)?;
            let added = from_definitions(&json).map_err(|problem| problem.at(&place))?;
            config = config.merged(&Arc::new(added)).map_err(|problem| problem.at(&place))?;
        }
        let place = target.place("configurations", 0);
        accumulated.config = accumulated.config.merged(&config).map_err(|problem| problem.at(&place))?;
        Ok(())
    }

    /// Reads the first document of a text.
    pub(crate) fn document(&self, text: &str, file: &TreePath) -> Result<Node, Error> {
        let limits = &self.options.limits.yaml;
        let documents = sluice_yaml::parse_all_v2(text, sluice_yaml::Duplicates::LastWins, limits);
        let first = documents.map_err(|source| manifest::yaml_error(file, source))?.into_iter().next();
        Ok(first.unwrap_or_else(Node::null))
    }

    fn json(&self, text: &str, file: &TreePath) -> Result<serde_json::Value, Error> {
        let node = self.document(text, file)?;
        sluice_yaml::to_json(&node, sluice_yaml::Flavor::V2).map_err(|source| manifest::yaml_error(file, source))
    }

    /// The first kustomization that names a schema decides, the root before all others.
    fn set_schema(&mut self, target: &Target) -> Result<(), Error> {
        let Some(openapi) = target.kustomization.openapi.as_ref().filter(|_| !self.schema_set) else { return Ok(()) };
        let place = target.place("openapi", 0);
        match (openapi.get("path"), openapi.get("version").map(String::as_str)) {
            (Some(_), Some(_)) => {
                Err(Problem::invalid("builtin version and custom schema provided, cannot use both").at(&place))
            }
            (Some(path), None) => {
                let (file, text) = self.loader.load_text(&target.root, path, &place)?;
                // kustomize keeps its built-in types if it had to look for the scope of a kind before.
                let beside = self.unknown_kind_read.then(Types::built_in);
                let document = self.json(&text, &file)?;
                self.types = Some(from_openapi(&document, beside));
                self.scopes.learn(&document);
                self.schema_set = true;
                Ok(())
            }
            (None, None | Some("")) => Ok(()),
            (None, Some("v1.21.2")) => {
                self.schema_set = true;
                Ok(())
            }
            (None, Some(_)) => Err(Problem::invalid("the specified OpenAPI version is not built in")
                .hint("the version that is built in is v1.21.2")
                .at(&place)),
        }
    }

    /// Returns the types that strategic merges go by.
    pub(crate) fn types(&self) -> &Types {
        self.types.as_ref().unwrap_or_else(|| Types::built_in())
    }

    fn generate(&mut self, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
        let kustomization = &target.kustomization;
        let global = kustomization.generator_options.as_ref();
        for (index, args) in kustomization.config_map_generator.iter().enumerate() {
            let place = target.entry("configMapGenerator", index, args.line);
            let args = generate::with_global(&args.value, global);
            let made = self.generator(target, &place).config_map(&args)?;
            self.absorb(target, accumulated, made, "ConfigMapGenerator", &place)?;
        }
        for (index, args) in kustomization.secret_generator.iter().enumerate() {
            let place = target.entry("secretGenerator", index, args.line);
            let (args, kind) = args.value.clone().split();
            let args = generate::with_global(&args, global);
            let made = self.generator(target, &place).secret(&args, &kind)?;
            self.absorb(target, accumulated, made, "SecretGenerator", &place)?;
        }
        plugin::generate(self, target, accumulated)
    }

    fn generator<'a>(&'a mut self, target: &'a Target, place: &'a Place) -> Generator<'a, 't> {
        Generator { loader: &mut self.loader, root: &target.root, place }
    }

    fn absorb(
        &self,
        target: &Target,
        accumulated: &mut Accumulator,
        mut made: Resource,
        kind: &str,
        place: &Place,
    ) -> Result<(), Error> {
        if self.wanted.any {
            metadata::set_origin(&mut made, &Provenance::built_in(configured_in(target), kind));
        }
        generate::absorb(&mut accumulated.resources, made, self.options.release).map_err(|problem| problem.at(place))
    }

    /// Components work on what the kustomization that names them has so far.
    fn add_components(&mut self, target: &Target, mut accumulated: Accumulator) -> Result<Accumulator, Error> {
        for (index, path) in target.kustomization.components.iter().enumerate() {
            let place = target.entry("components", index, path.line);
            let directory = match self.loader.base(&target.root, &path.value, &place)? {
                Entry::Directory(directory) => directory,
                Entry::File(file) => {
                    return Err(Problem::invalid(format!("component `{file}` is a file, not a directory")).at(&place));
                }
                Entry::Needed => continue,
            };
            let component = self.enter(target, &path.value, directory, &place)?;
            if !component.kustomization.is_component() {
                return Err(wrong_kind(&place, "expected kind 'Component'", &component));
            }
            accumulated = self.accumulate(&component, accumulated)?;
            if let Some(id) = accumulated.resources.repeated_id() {
                return Err(duplicate(&place, &id));
            }
        }
        Ok(accumulated)
    }

    fn add_vars(&mut self, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
        for (index, var) in target.kustomization.vars.iter().enumerate() {
            let place = target.entry("vars", index, var.line);
            let Accumulator { resources, vars, .. } = accumulated;
            vars::add(vars, resources, [&var.value]).map_err(|problem| problem.at(&place))?;
        }
        Ok(())
    }

    /// Notes that a transformer of a kustomization ran.
    pub(crate) fn ran(&self, target: &Target, kind: &str, accumulated: &mut Accumulator) {
        if self.wanted.any {
            let by = Provenance::built_in(configured_in(target), kind);
            metadata::add_transformation(&mut accumulated.resources, &by);
        }
    }

    /// Returns the release whose results are wanted.
    pub(crate) fn release(&self) -> Release {
        self.options.release
    }

    /// Returns how much YAML may be read.
    pub(crate) fn yaml_limits(&self) -> &sluice_yaml::Limits {
        &self.options.limits.yaml
    }
}

fn configured_in(target: &Target) -> Route {
    target.route.join(target.file.file_name())
}

fn is_local(resource: &Resource) -> bool {
    resource.annotation("config.kubernetes.io/local-config").is_some_and(|value| value != "false")
}

fn wrong_kind(place: &Place, expected: &str, found: &Target) -> Error {
    let (directory, kind) = (&found.root.directory, &found.kustomization.kind);
    let (got, other) = match found.kustomization.is_component() {
        true => (String::new(), "components"),
        false => (format!(" but got '{kind}'"), "resources"),
    };
    let problem = Problem::invalid(format!("{expected} for path '{directory}'{got}"));
    problem.hint(format!("name it under `{other}`")).at(place)
}

pub(crate) fn duplicate(place: &Place, id: &ResId) -> Error {
    Error::Duplicate {
        place: place.clone(),
        id: id.to_string(),
        hint: "remove one of them, or give one a name or namespace of its own".into(),
    }
}

/// Refuses what is not offered.
fn refuse(target: &Target) -> Result<(), Error> {
    let Kustomization { helm_charts, helm_chart_inflation_generator, .. } = &target.kustomization;
    let helm = [
        ("helmCharts", !helm_charts.is_empty()),
        ("helmChartInflationGenerator", !helm_chart_inflation_generator.is_empty()),
    ];
    let unsupported = |field: &str, what: &str, hint: &str| Error::Unsupported {
        place: target.place(field, 0),
        what: what.into(),
        hint: hint.into(),
    };
    if let Some((field, _)) = helm.iter().find(|(_, used)| *used) {
        return Err(unsupported(field, "rendering Helm charts from a kustomization", "use a HelmRelease"));
    }
    Ok(())
}
