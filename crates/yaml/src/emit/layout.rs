//! Collections: block and flow, indentation, simple and explicit keys.

use super::{
    analyse::{Place, analyse},
    item::{Item, Scalar},
    scalar::{self, Folds},
    writer::{Dialect, Settings, Writer},
};
use crate::node::Style;

/// A key longer than this, in bytes, is written after `?`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// What a node is to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Root,
    BlockItem,
    FlowItem,
    SimpleKey,
    ExplicitKey,
    Value,
}

/// Returns the text of one document.
pub(super) fn document(root: &Item<'_>, settings: Settings) -> String {
    let mut writer = Writer::new(settings);
    node(&mut writer, root, Role::Root);
    writer.write_indent();
    writer.out
}

fn node(writer: &mut Writer, item: &Item<'_>, role: Role) {
    let flow = writer.flow_level > 0;
    match item {
        Item::Scalar(text) => scalar(writer, text, role),
        Item::Sequence { items, flow: asked } if flow || *asked || items.is_empty() => {
            flow_sequence(writer, items, role);
        }
        Item::Sequence { items, .. } => block_sequence(writer, items, role),
        Item::Mapping { entries, flow: asked } if flow || *asked || entries.is_empty() => {
            flow_mapping(writer, entries, role);
        }
        Item::Mapping { entries, .. } => block_mapping(writer, entries, role),
    }
}

fn scalar(writer: &mut Writer, scalar: &Scalar<'_>, role: Role) {
    let text = scalar.text.as_ref();
    let simple_key = role == Role::SimpleKey;
    let place = Place { in_flow: writer.flow_level > 0, simple_key };
    let analysis = analyse(text, writer.settings.dialect);
    let style = analysis.style(scalar.style, text.is_empty(), place);
    if let Some(tag) = &scalar.tag {
        writer.space();
        writer.put_str(tag);
        writer.whitespace = false;
        writer.indention = false;
    }
    let folds = if simple_key { Folds::Never } else { Folds::Allowed };
    indented(writer, Step::Flow, role, |writer| match style {
        Style::Plain | Style::Flow => scalar::plain(writer, text, folds),
        Style::SingleQuoted => scalar::single_quoted(writer, text, folds),
        Style::DoubleQuoted => scalar::double_quoted(writer, text, folds),
        Style::Literal => scalar::literal(writer, text),
        Style::Folded => scalar::folded(writer, text),
    });
}

fn block_sequence(writer: &mut Writer, items: &[Item<'_>], role: Role) {
    let below_key = matches!(role, Role::SimpleKey | Role::ExplicitKey | Role::Value);
    let step = match below_key && !writer.indention {
        true => Step::Indentless,
        false => Step::Block,
    };
    indented(writer, step, role, |writer| {
        for item in items {
            writer.write_indent();
            writer.leading("-");
            node(writer, item, Role::BlockItem);
        }
    });
}

fn block_mapping(writer: &mut Writer, entries: &[(Item<'_>, Item<'_>)], role: Role) {
    indented(writer, Step::Block, role, |writer| {
        for (key, value) in entries {
            writer.write_indent();
            if is_simple_key(key) {
                node(writer, key, Role::SimpleKey);
                writer.trailing(":");
            } else {
                writer.leading("?");
                node(writer, key, Role::ExplicitKey);
                writer.write_indent();
                writer.leading(":");
            }
            node(writer, value, Role::Value);
        }
    });
}

fn flow_sequence(writer: &mut Writer, items: &[Item<'_>], role: Role) {
    writer.opening("[");
    indented(writer, Step::Flow, role, |writer| {
        writer.flow_level += 1;
        for (index, item) in items.iter().enumerate() {
            separate(writer, index);
            node(writer, item, Role::FlowItem);
        }
        writer.flow_level -= 1;
    });
    writer.trailing("]");
}

fn flow_mapping(writer: &mut Writer, entries: &[(Item<'_>, Item<'_>)], role: Role) {
    writer.opening("{");
    indented(writer, Step::Flow, role, |writer| {
        writer.flow_level += 1;
        for (index, (key, value)) in entries.iter().enumerate() {
            separate(writer, index);
            flow_key(writer, key);
            node(writer, value, Role::Value);
        }
        writer.flow_level -= 1;
    });
    writer.trailing("}");
}

fn flow_key(writer: &mut Writer, key: &Item<'_>) {
    if is_simple_key(key) {
        node(writer, key, Role::SimpleKey);
        writer.trailing(":");
        return;
    }
    writer.leading("?");
    writer.indention = false;
    node(writer, key, Role::ExplicitKey);
    if writer.is_past_width() {
        writer.write_indent();
    }
    writer.leading(":");
    writer.indention = false;
}

fn separate(writer: &mut Writer, index: usize) {
    if index > 0 {
        writer.trailing(",");
    }
    if writer.is_past_width() {
        writer.write_indent();
    }
}

fn is_simple_key(key: &Item<'_>) -> bool {
    match key {
        Item::Scalar(Scalar { text, tag, .. }) => {
            let tag = tag.as_ref().map_or(0, |tag| tag.len());
            let breaks = text.contains(super::analyse::is_break);
            !breaks && text.len() + tag <= LONGEST_SIMPLE_KEY
        }
        Item::Sequence { items, .. } => items.is_empty(),
        Item::Mapping { entries, .. } => entries.is_empty(),
    }
}

/// How a node moves the indentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Block,
    Flow,
    Indentless,
}

fn indented(writer: &mut Writer, step: Step, role: Role, write: impl FnOnce(&mut Writer)) {
    let outer = writer.indent;
    writer.indent = Some(match outer {
        None if step == Step::Flow => writer.settings.indent,
        None => 0,
        Some(indent) => deeper(indent, step, role, writer.settings),
    });
    write(writer);
    writer.indent = outer;
}

fn deeper(indent: usize, step: Step, role: Role, settings: Settings) -> usize {
    match settings.dialect {
        Dialect::V2 if step == Step::Indentless => indent,
        Dialect::V2 => indent + settings.indent,
        // Inside a list the first step only passes the `- `.
        _ if role == Role::BlockItem => indent + 2,
        dialect => {
            let compact = step == Step::Indentless && dialect == Dialect::V3Compact;
            let deeper = (indent / settings.indent + 1) * settings.indent;
            if compact { deeper - 2 } else { deeper }
        }
    }
}
