//! Events to nodes: tags are resolved, aliases and merge keys expanded.

use std::collections::HashMap;

use crate::{
    error::{DuplicateKey, Error},
    event::{Kind, Properties},
    mapping::{self, Child},
    node::{Mapping, Node, Position, Style, Tag, Value},
    parse::{Limits, Rules},
    resolve::Flavor,
    scalar,
    scan::Parser,
};

/// Builds one document after the other.
pub(crate) struct Composer<'a> {
    parser: Parser<'a>,
    rules: Rules,
    limits: Limits,
    frames: Vec<Frame>,
    /// The anchor a name stands for now: an index into `targets`.
    names: HashMap<String, usize>,
    /// What anchors stand for; `None` while the node is still open.
    targets: Vec<Option<Target>>,
    duplicates: Vec<DuplicateKey>,
    /// The first thing wrong with a value. Go reads to the document's end before it looks at
    /// values, so what breaks the grammar is reported before it.
    refusal: Option<Error>,
    /// Nodes made so far, and how many of them by aliases.
    made: usize,
    aliased: usize,
}

struct Target {
    node: Node,
    size: usize,
    depth: usize,
}

/// A collection whose end has not come yet.
struct Frame {
    items: Items,
    style: Style,
    at: Position,
    anchor: Option<usize>,
    /// Of the deepest child.
    depth: usize,
    /// Nodes and complaints there were when it began.
    made: usize,
    duplicates: usize,
    refused: bool,
}

enum Items {
    Sequence(Vec<Child>),
    Mapping { entries: Vec<(Child, Child)>, key: Option<Child> },
}

impl<'a> Composer<'a> {
    pub(crate) fn new(text: &'a str, rules: Rules, limits: &Limits) -> Self {
        Self {
            parser: Parser::new(text, rules.flavor),
            rules,
            limits: *limits,
            frames: Vec::new(),
            names: HashMap::new(),
            targets: Vec::new(),
            duplicates: Vec::new(),
            refusal: None,
            made: 0,
            aliased: 0,
        }
    }

    /// Returns the next document, `None` after the last one.
    pub(crate) fn document(&mut self) -> Result<Option<Node>, Error> {
        if self.parser.next()?.kind == Kind::StreamEnd {
            return Ok(None);
        }
        (self.made, self.aliased) = (0, 0);
        if self.rules.flavor == Flavor::V2 {
            // v3 lets a document refer to anchors of those before it.
            self.names.clear();
        }
        let root = loop {
            if let Some(root) = self.step()? {
                break root;
            }
        };
        // The end of the document.
        self.parser.next()?;
        match (self.refusal.take(), std::mem::take(&mut self.duplicates)) {
            (Some(refusal), _) => Err(refusal),
            (None, none) if none.is_empty() => Ok(Some(root)),
            (None, some) => Err(Error::DuplicateKeys(some)),
        }
    }

    /// Takes one event; returns the root when that completes it.
    fn step(&mut self) -> Result<Option<Node>, Error> {
        let event = self.parser.next()?;
        let at = event.at;
        match event.kind {
            Kind::Scalar { text, style, node } => self.scalar(text, style, node, at),
            Kind::Alias(name) => self.alias(name, at),
            Kind::SequenceStart { flow, node } => self.open(Items::Sequence(Vec::new()), flow, node, at),
            Kind::MappingStart { flow, node } => {
                let items = Items::Mapping { entries: Vec::new(), key: None };
                self.open(items, flow, node, at)
            }
            Kind::CollectionEnd => self.close(),
            // A document without any node.
            Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd => Ok(Some(Node::null())),
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: Style,
        properties: Properties,
        at: Position,
    ) -> Result<Option<Node>, Error> {
        let anchor = self.define(properties.anchor);
        let composed = scalar::compose(self.rules.flavor, text, style, properties.tag, at);
        let child = self.accept(composed, |node| Child { node, alias: None, merge: false, at });
        self.made += 1;
        self.fill(anchor, &child.node, 1, 0);
        self.add(child, 0)
    }

    fn alias(&mut self, name: String, at: Position) -> Result<Option<Node>, Error> {
        let Some(&id) = self.names.get(&name) else {
            return Err(Error::UnknownAnchor { name, at });
        };
        let Some(target) = self.targets.get(id).and_then(Option::as_ref) else {
            return Err(Error::Recursive { name, at });
        };
        self.made += target.size + 1;
        self.aliased += target.size;
        check_expansion(self.made, self.aliased, self.limits.nodes, at)?;
        let depth = target.depth;
        check_depth(self.frames.len() + depth, self.limits.depth, at)?;
        let child = Child { node: target.node.clone(), alias: Some(name), merge: false, at };
        self.add(child, depth)
    }

    fn open(&mut self, items: Items, flow: bool, properties: Properties, at: Position) -> Result<Option<Node>, Error> {
        check_depth(self.frames.len() + 1, self.limits.depth, at)?;
        let anchor = self.define(properties.anchor);
        let style = if flow { Style::Flow } else { Style::Plain };
        self.frames.push(Frame {
            items,
            style,
            at,
            anchor,
            depth: 0,
            made: self.made,
            duplicates: self.duplicates.len(),
            refused: self.refusal.is_some(),
        });
        self.made += 1;
        Ok(None)
    }

    fn close(&mut self) -> Result<Option<Node>, Error> {
        let Some(frame) = self.frames.pop() else {
            return Ok(Some(Node::null()));
        };
        let (value, tag) = match frame.items {
            Items::Sequence(items) => {
                let nodes = items.into_iter().map(|child| child.node).collect();
                (Value::Sequence(nodes), Tag::Seq)
            }
            Items::Mapping { entries, .. } => {
                let mapping = self.mapping(entries, frame.duplicates, frame.refused);
                (Value::Mapping(mapping), Tag::Map)
            }
        };
        let node = Node { value, tag, style: frame.style, at: frame.at };
        let depth = frame.depth + 1;
        self.fill(frame.anchor, &node, self.made - frame.made, depth);
        self.add(Child { at: node.at, node, alias: None, merge: false }, depth)
    }

    fn mapping(&mut self, entries: Vec<(Child, Child)>, before: usize, refused: bool) -> Mapping {
        let closed = mapping::close(entries, self.rules);
        let (mapping, complaints) = self.accept(closed, |_| (Mapping::new(), Vec::new()));
        if !complaints.is_empty() && self.rules.flavor == Flavor::V3 {
            // v3 does not look into a mapping it complains about.
            self.duplicates.truncate(before);
            self.refusal = self.refusal.take().filter(|_| refused);
        }
        self.duplicates.extend(complaints);
        mapping
    }

    /// Keeps an error for the end of the document and goes on with something else.
    fn accept<T>(&mut self, result: Result<T, Error>, instead: impl FnOnce(Node) -> T) -> T {
        match result {
            Ok(value) => value,
            Err(error) => {
                self.refusal.get_or_insert(error);
                instead(Node::null())
            }
        }
    }

    /// Adds a finished node to the innermost open collection.
    fn add(&mut self, child: Child, depth: usize) -> Result<Option<Node>, Error> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(Some(child.node));
        };
        frame.depth = frame.depth.max(depth);
        match &mut frame.items {
            Items::Sequence(items) => items.push(child),
            Items::Mapping { entries, key } => match key.take() {
                Some(key) => entries.push((key, child)),
                None => *key = Some(child),
            },
        }
        Ok(None)
    }

    fn define(&mut self, anchor: Option<String>) -> Option<usize> {
        let id = self.targets.len();
        self.names.insert(anchor?, id);
        self.targets.push(None);
        Some(id)
    }

    fn fill(&mut self, anchor: Option<usize>, node: &Node, size: usize, depth: usize) {
        if let Some(target) = anchor.and_then(|id| self.targets.get_mut(id)) {
            *target = Some(Target { node: node.clone(), size, depth });
        }
    }
}

fn check_depth(depth: usize, limit: usize, at: Position) -> Result<(), Error> {
    match depth > limit {
        true => Err(Error::Limit { what: "depth", limit, at }),
        false => Ok(()),
    }
}

/// go-yaml's rule against alias bombs (decode.go, allowedAliasRatio), and ours.
fn check_expansion(made: usize, aliased: usize, limit: usize, at: Position) -> Result<(), Error> {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let count = (made as f64).clamp(LOW, HIGH);
    let allowed = 0.99 - 0.89 * ((count - LOW) / (HIGH - LOW));
    if aliased > 100 && made > 1000 && aliased as f64 / made as f64 > allowed {
        return Err(Error::Aliasing { at });
    }
    match made > limit {
        true => Err(Error::Limit { what: "number of nodes after aliases", limit, at }),
        false => Ok(()),
    }
}
