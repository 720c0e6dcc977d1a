//! Charts while their dependencies are processed.
//!
//! In Helm a dependency that is used under two names is two charts, but what is below it is shared: a grandchild's
//! metadata, and all that is below grandchildren. What is changed under one name shows under the other.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use sluice_template::Map;

use crate::chart::{Chart, Content, Lock, Metadata};

/// A chart that several may refer to.
pub(super) type Shared = Rc<RefCell<Node>>;

#[derive(Clone)]
pub(super) struct Node {
    pub(super) metadata: Rc<RefCell<Metadata>>,
    pub(super) values: Option<Map>,
    pub(super) dependencies: Vec<Shared>,
    lock: Option<Lock>,
    content: Arc<Content>,
}

impl Node {
    pub(super) fn of(chart: &Chart) -> Shared {
        Rc::new(RefCell::new(Self {
            metadata: Rc::new(RefCell::new(chart.metadata.clone())),
            values: chart.values.clone(),
            dependencies: chart.dependencies.iter().map(Self::of).collect(),
            lock: chart.lock.clone(),
            content: Arc::clone(&chart.content),
        }))
    }

    pub(super) fn name(&self) -> String {
        self.metadata.borrow().name.clone()
    }
}

/// Returns the chart that a node stands for.
pub(super) fn chart(node: &Shared) -> Chart {
    let node = node.borrow();
    Chart {
        metadata: node.metadata.borrow().clone(),
        values: node.values.clone(),
        dependencies: node.dependencies.iter().map(chart).collect(),
        lock: node.lock.clone(),
        content: Arc::clone(&node.content),
    }
}

/// Returns a copy of a dependency, under its alias if there is one.
pub(super) fn alias(node: &Shared, alias: &str) -> Shared {
    let mut copy = node.borrow().clone();
    let mut metadata = copy.metadata.borrow().clone();
    if !alias.is_empty() {
        metadata.name = alias.to_owned();
    }
    copy.metadata = Rc::new(RefCell::new(metadata));
    copy.dependencies = copy.dependencies.iter().map(|child| Rc::new(RefCell::new(child.borrow().clone()))).collect();
    Rc::new(RefCell::new(copy))
}
