//! What the `OTEL_*` variables ask for. The exporter reads those of the way itself: protocol, headers, timeout.

use std::{collections::BTreeMap, ffi::OsString, time::Duration};

/// The variables of the environment that begin with `OTEL_`; empty ones count as not set.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes them from variables; those that are no text are left out.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let ours = |(name, value): &(String, String)| name.starts_with("OTEL_") && !value.is_empty();
        Self(variables.into_iter().filter_map(text).filter(ours).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// How spans are exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    endpoint: String,
    pub(super) sampler: Sampler,
    /// Spans that wait at most; 2,048 take about 2 MiB.
    pub(super) queue: usize,
    /// Spans of one request at most.
    pub(super) batch: usize,
    /// How long a span waits for others.
    pub(super) delay: Duration,
}

/// Which traces are exported, all of their spans or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sampler {
    All,
    None,
    /// This share of them.
    Share(f64),
}

impl Settings {
    /// Returns nothing where no traces are wanted: without an endpoint, or when switched off.
    ///
    /// # Errors
    /// When a variable asks for what is not there; the text names it.
    pub fn of(environment: &Environment) -> Result<Option<Self>, String> {
        let get = |name| environment.get(name);
        let disabled = get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let endpoint = get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or(get("OTEL_EXPORTER_OTLP_ENDPOINT"));
        let (false, Some(endpoint)) = (disabled, endpoint) else { return Ok(None) };
        match get("OTEL_TRACES_EXPORTER") {
            None | Some("otlp") => {}
            Some("none") => return Ok(None),
            Some(other) => return Err(format!("OTEL_TRACES_EXPORTER is `{other}`; there are `otlp` and `none`")),
        }
        let number = |name, default| number(environment, name, default);
        let queue = number("OTEL_BSP_MAX_QUEUE_SIZE", 2048)?.max(1);
        Ok(Some(Self {
            endpoint: endpoint.to_owned(),
            sampler: Sampler::of(environment)?,
            queue,
            batch: number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)?.clamp(1, queue),
            delay: Duration::from_millis(number("OTEL_BSP_SCHEDULE_DELAY", 5000)? as u64),
        }))
    }

    /// Returns the endpoint without what may be secret in it.
    pub(super) fn shown_endpoint(&self) -> &str {
        let end = self.endpoint.find(['?', '#']).unwrap_or(self.endpoint.len());
        let shown = &self.endpoint[..end];
        shown.rsplit_once('@').map_or(shown, |(_, host)| host)
    }
}

impl Sampler {
    /// Our traces have no parents elsewhere, so that what is `parentbased_` decides as what it is based on.
    fn of(environment: &Environment) -> Result<Self, String> {
        let name = environment.get("OTEL_TRACES_SAMPLER").unwrap_or("parentbased_always_on");
        match name.strip_prefix("parentbased_").unwrap_or(name) {
            "always_on" => Ok(Self::All),
            "always_off" => Ok(Self::None),
            "traceidratio" => share(environment.get("OTEL_TRACES_SAMPLER_ARG")).map(Self::Share),
            _ => Err(format!(
                "OTEL_TRACES_SAMPLER is `{name}`; there are `always_on`, `always_off`, `traceidratio`, and these with `parentbased_`"
            )),
        }
    }

    /// Decides by the lower half of the id, as OpenTelemetry's samplers do.
    pub(super) fn takes(self, trace: u128) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Share(share) => (trace as u64 >> 1) < (share * (1u64 << 63) as f64) as u64,
        }
    }
}

fn share(text: Option<&str>) -> Result<f64, String> {
    let Some(text) = text else { return Ok(1.0) };
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("OTEL_TRACES_SAMPLER_ARG is `{text}`; it must be a number from 0 to 1"))
}

fn number(environment: &Environment, name: &str, default: usize) -> Result<usize, String> {
    let Some(text) = environment.get(name) else { return Ok(default) };
    text.parse().map_err(|_| format!("{name} is `{text}`; it must be a whole number"))
}
