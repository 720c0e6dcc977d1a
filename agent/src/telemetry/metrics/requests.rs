//! What the way to the API server has counted, under client-go's names.

use std::{collections::BTreeMap, fmt};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use sluice_cluster::{Verb, kube::Stats};

/// Asks for the counts of every client when metrics are read.
pub(super) struct Requests<F>(pub(super) F);

impl<F> fmt::Debug for Requests<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

impl<F: Fn() -> Vec<Stats> + Send + Sync + 'static> Collector for Requests<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stats = (self.0)();
        encode_requests(&mut encoder, &stats)?;
        encode_verbs(&mut encoder, &stats)?;
        let watches: u64 = stats.iter().map(|stats| stats.open_watches).sum();
        encode_gauge(&mut encoder, "sluice_open_watches", "Watches with an open connection", watches)?;
        let in_flight: u64 = stats.iter().map(|stats| stats.in_flight).sum();
        encode_gauge(&mut encoder, "sluice_requests_in_flight", "Requests to API servers under way", in_flight)
    }
}

fn encode_requests(encoder: &mut DescriptorEncoder<'_>, stats: &[Stats]) -> fmt::Result {
    let help = "Requests to API servers, by status code and method";
    let mut family = encoder.encode_descriptor("rest_client_requests", help, None, MetricType::Counter)?;
    for ((method, code), count) in summed(stats, method) {
        let labels = [("code", code.to_string()), ("method", method.to_owned())];
        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_verbs(encoder: &mut DescriptorEncoder<'_>, stats: &[Stats]) -> fmt::Result {
    let help = "Requests to API servers, by what was asked for";
    let mut family = encoder.encode_descriptor("sluice_requests", help, None, MetricType::Counter)?;
    for ((verb, code), count) in summed(stats, Verb::as_str) {
        let labels = [("verb", verb.to_owned()), ("code", code.to_string())];
        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn summed(stats: &[Stats], name: fn(Verb) -> &'static str) -> BTreeMap<(&'static str, u16), u64> {
    let counts = stats.iter().flat_map(|stats| &stats.requests);
    counts.fold(BTreeMap::new(), |mut sums, ((verb, code), count)| {
        *sums.entry((name(*verb), *code)).or_default() += count;
        sums
    })
}

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get | Verb::List | Verb::Discovery | Verb::Watch => "GET",
        Verb::Create | Verb::Event => "POST",
        Verb::Apply | Verb::DryRun | Verb::Patch | Verb::Status => "PATCH",
        Verb::Update => "PUT",
        Verb::Delete => "DELETE",
    }
}
