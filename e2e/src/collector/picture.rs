//! A trace as a picture of text: a line for each span, with a bar for when it was.

use std::time::Duration;

use super::Span;

/// How wide names and bars are.
const NAMES: usize = 50;
const BARS: usize = 40;

/// Returns a line for each span of a trace, in the order of the tree: name, duration, bar. Failures are marked.
pub fn picture(spans: &[Span]) -> String {
    let Some(root) = spans.iter().find(|span| span.parent.is_empty()) else { return String::new() };
    let mut lines = Vec::new();
    draw(root, root, spans, 0, &mut lines);
    lines.join("\n")
}

fn draw(span: &Span, root: &Span, all: &[Span], depth: usize, lines: &mut Vec<String>) {
    let mark = if span.error.is_some() { " !" } else { "" };
    let name = format!("{}{}{mark}", "  ".repeat(depth), span.name);
    let took = span.took().as_secs_f64() * 1000.0;
    let line = format!("{name:<NAMES$} {took:>8.1} ms  {}", bar(span, root));
    lines.push(line.trim_end().to_owned());
    span.children(all).into_iter().for_each(|child| draw(child, root, all, depth + 1, lines));
}

fn bar(span: &Span, root: &Span) -> String {
    let whole = root.took().as_nanos().max(1);
    let at = |time: Duration| (time.saturating_sub(root.began).as_nanos() * BARS as u128 / whole) as usize;
    let start = at(span.began).min(BARS - 1);
    let end = at(span.ended).clamp(start + 1, BARS);
    format!("{}{}", " ".repeat(start), "━".repeat(end - start))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn span(id: u8, parent: Option<u8>, name: &str, (began, ended): (u64, u64)) -> Span {
        Span {
            trace: vec![1],
            id: vec![id],
            parent: parent.into_iter().collect(),
            name: name.into(),
            began: Duration::from_millis(began),
            ended: Duration::from_millis(ended),
            attributes: BTreeMap::new(),
            resource: BTreeMap::new(),
            error: (name == "apply").then(String::new),
        }
    }

    #[test]
    fn spans_stand_below_their_parents_in_order_of_time() {
        let spans = [
            span(3, Some(2), "apply", (60, 80)),
            span(2, Some(1), "SYNC b", (20, 100)),
            span(4, Some(2), "build", (20, 60)),
            span(1, None, "SYNC a", (0, 100)),
        ];
        let drawn = picture(&spans);
        let names: Vec<_> = drawn.lines().map(|line| line[..12].trim_end()).collect();
        assert_eq!(names, ["SYNC a", "  SYNC b", "    build", "    apply !"]);
        let bar = |line: &str| line.split("ms  ").nth(1).map(|bar| bar.chars().collect::<Vec<_>>()).unwrap();
        let bars: Vec<_> = drawn.lines().map(bar).collect();
        let first = |bar: &[char]| bar.iter().position(|c| *c == '━').unwrap();
        assert_eq!(
            bars.iter().map(|bar| (first(bar), bar.len())).collect::<Vec<_>>(),
            [(0, 40), (8, 40), (8, 24), (24, 32)]
        );
    }
}
