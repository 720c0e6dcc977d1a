//! What the kernel knows of this process, under the names that Prometheus' clients share.

use std::{
    fmt, fs,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// Clock ticks in a second: Linux shows times to programs in hundredths, whatever its own clock does.
const TICKS: f64 = 100.0;

/// Reads `/proc/self` when metrics are read.
#[derive(Debug)]
pub(super) struct Process {
    started: f64,
}

impl Process {
    pub(super) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: now.as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let (status, stat, limits) = (read("/proc/self/status"), read("/proc/self/stat"), read("/proc/self/limits"));
        if let Some(seconds) = cpu_seconds(&stat) {
            let help = "Processor time in seconds";
            let counter = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            ConstCounter::new(seconds).encode(counter)?;
        }
        let gauges = [
            ("process_resident_memory_bytes", "Resident memory in bytes", bytes(&status, "VmRSS:")),
            ("process_virtual_memory_bytes", "Virtual memory in bytes", bytes(&status, "VmSize:")),
            ("process_open_fds", "Open file descriptors", open_files()),
            ("process_max_fds", "File descriptors that may be open", most_files(&limits)),
            ("process_start_time_seconds", "When the process has started, in seconds since 1970", Some(self.started)),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
            }
        }
        Ok(())
    }
}

/// Unlike `statm`, `status` does not count in pages of unknown size.
fn bytes(status: &str, field: &str) -> Option<f64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: f64 = kibibytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// User and system time are the 14th and 15th field; the second is a name that may have spaces and brackets in it.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut times = rest.split(' ').skip(11).map(str::parse::<f64>);
    Some((times.next()?.ok()? + times.next()?.ok()?) / TICKS)
}

fn open_files() -> Option<f64> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

fn most_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_of_the_process() {
        assert_eq!(bytes("Name:\tsluice\nVmRSS:\t   27100 kB\n", "VmRSS:"), Some(27_750_400.0));
        assert_eq!(bytes("Name:\tsluice\n", "VmRSS:"), None);
    }

    #[test]
    fn processor_time_is_that_of_user_and_system() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 7 7 20";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds(""), None);
    }

    #[test]
    fn files_are_limited_softly() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(most_files(limits), Some(1024.0));
    }
}
