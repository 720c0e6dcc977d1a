//! Trees to minijinja: its template runs branches and loops, and calls a site for everything between them.
//!
//! | call | does |
//! |---|---|
//! | `b(n)` | texts and actions that stand in a row |
//! | `c(n)` | the pipeline of an `if` or `with`: says which way to go |
//! | `r(n)` | the pipeline of a `range`: returns what goes round as often; each round sets dot and variables |
//! | `z(n)` | says whether that range had nothing to go round for |
//!
//! minijinja's own `else` of loops is not used: it runs it also after a `break` in the first round.

use std::{fmt::Write as _, mem, ops::Range};

use crate::syntax::{Branch, BranchKind, Node, Pipe, Tree};

/// A template as minijinja's source, and what its calls do.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// Empty if there is at most one site, which needs nobody to choose.
    pub(crate) code: String,
    pub(crate) sites: Vec<Site>,
}

/// What one call does, and how deep in the template it stands.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) place: Place,
    pub(crate) act: Act,
}

/// How many structures are around a site.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// `with` and `range`: each has a dot of its own.
    pub(crate) dots: usize,
    /// All of them: variables are gone at their end.
    pub(crate) scopes: usize,
    /// `range`
    pub(crate) loops: usize,
    /// Whether another structure stands before it, whose variables are gone.
    pub(crate) leaves: bool,
}

#[derive(Debug)]
pub(crate) enum Act {
    Block(Vec<Step>),
    /// Whether it is a `with`.
    Branch(Pipe, bool),
    Range(Pipe),
    /// The `else` of a range.
    Idle,
}

#[derive(Debug)]
pub(crate) enum Step {
    Text(Range<usize>),
    Action(Pipe),
    Template(Node),
}

struct Lowering {
    lowered: Lowered,
    place: Place,
    steps: Vec<Step>,
}

pub(super) fn lower(tree: Tree) -> Lowered {
    let lowered = Lowered { code: String::new(), sites: Vec::new() };
    let mut lowering = Lowering { lowered, place: Place::default(), steps: Vec::new() };
    lowering.nodes(tree.nodes);
    let plain = matches!(lowering.lowered.sites.as_slice(), [] | [Site { act: Act::Block(_), .. }]);
    if plain {
        lowering.lowered.code.clear();
    }
    lowering.lowered
}

impl Lowering {
    fn nodes(&mut self, nodes: Vec<Node>) {
        for node in nodes {
            match node {
                Node::Text(range) => self.steps.push(Step::Text(range)),
                Node::Action(pipe) => self.steps.push(Step::Action(pipe)),
                Node::Template { .. } => self.steps.push(Step::Template(node)),
                Node::Break => self.statement("break"),
                Node::Continue => self.statement("continue"),
                Node::Branch(branch) => {
                    self.block();
                    self.structure(*branch);
                    self.place.leaves = true;
                }
            }
        }
        self.block();
    }

    fn statement(&mut self, keyword: &str) {
        self.block();
        // Writing to a string can't fail.
        let _ = write!(self.lowered.code, "{{%{keyword}%}}");
    }

    fn site(&mut self, act: Act) -> usize {
        self.lowered.sites.push(Site { place: self.place, act });
        self.place.leaves = false;
        self.lowered.sites.len() - 1
    }

    fn write(&mut self, before: &str, site: usize, after: &str) {
        let _ = write!(self.lowered.code, "{before}{site}{after}");
    }

    fn block(&mut self) {
        if self.steps.is_empty() {
            return;
        }
        let steps = mem::take(&mut self.steps);
        let site = self.site(Act::Block(steps));
        self.write("{%do b(", site, ")%}");
    }

    fn structure(&mut self, branch: Branch) {
        match branch.kind {
            BranchKind::Range => self.range(branch),
            BranchKind::If | BranchKind::With => {
                self.branch(branch, "{%if c(");
                self.lowered.code.push_str("{%endif%}");
            }
        }
    }

    /// An `if` or `with` that is alone in an `else` becomes an `elif`: chains of them do not nest.
    fn branch(&mut self, branch: Branch, keyword: &str) {
        let outer = self.place;
        let with = branch.kind == BranchKind::With;
        let site = self.site(Act::Branch(branch.pipe, with));
        self.write(keyword, site, ")%}");
        let inner = Place { scopes: outer.scopes + 1, leaves: false, ..outer };
        self.inside(Place { dots: outer.dots + usize::from(with), ..inner }, branch.nodes);
        self.place = Place { leaves: false, ..outer };
        match branch.otherwise {
            None => {}
            Some(mut nodes) if is_chain(&nodes) => {
                if let Some(Node::Branch(next)) = nodes.pop() {
                    self.branch(*next, "{%elif c(");
                }
            }
            Some(nodes) => {
                self.lowered.code.push_str("{%else%}");
                self.inside(inner, nodes);
            }
        }
        self.place = Place { leaves: false, ..outer };
    }

    fn inside(&mut self, place: Place, nodes: Vec<Node>) {
        self.place = place;
        self.nodes(nodes);
    }

    fn range(&mut self, branch: Branch) {
        let outer = self.place;
        let site = self.site(Act::Range(branch.pipe));
        self.write("{%for _ in r(", site, ")%}");
        let inner = Place { scopes: outer.scopes + 1, leaves: false, ..outer };
        self.inside(Place { dots: outer.dots + 1, loops: outer.loops + 1, ..inner }, branch.nodes);
        self.lowered.code.push_str("{%endfor%}");
        self.place = Place { leaves: false, ..outer };
        if let Some(nodes) = branch.otherwise {
            let site = self.site(Act::Idle);
            self.write("{%if z(", site, ")%}");
            self.inside(inner, nodes);
            self.lowered.code.push_str("{%endif%}");
            self.place = Place { leaves: false, ..outer };
        }
    }
}

/// The variables of the first condition are there for the second one: its scope is the first one's.
fn is_chain(nodes: &[Node]) -> bool {
    matches!(nodes, [Node::Branch(branch)] if branch.kind != BranchKind::Range)
}
