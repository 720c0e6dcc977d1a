//! The objects of a build, in order, with an index by name.

use std::collections::{HashMap, HashSet};

use crate::{error::Problem, id::ResId, resource::Resource};

/// Objects in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    list: Vec<Resource>,
    ids: Option<HashSet<ResId>>,
    names: Option<HashMap<String, Vec<usize>>>,
}

impl Resources {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.list.iter()
    }

    /// Gives access to all objects to change them in any way.
    pub(crate) fn list_mut(&mut self) -> &mut Vec<Resource> {
        (self.ids, self.names) = (None, None);
        &mut self.list
    }

    /// Gives access to one object, whose ids must stay.
    pub(crate) fn contents_mut(&mut self, index: usize) -> &mut Resource {
        &mut self.list[index]
    }

    pub(crate) fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Adds an object, unless its id is taken.
    pub(crate) fn append(&mut self, resource: Resource) -> Result<(), Box<ResId>> {
        let list = &self.list;
        let ids = self.ids.get_or_insert_with(|| list.iter().map(|resource| resource.id().key()).collect());
        if !ids.insert(resource.id().key()) {
            return Err(Box::new(resource.id()));
        }
        if let Some(names) = &mut self.names {
            note_names(names, self.list.len(), &resource);
        }
        self.list.push(resource);
        Ok(())
    }

    /// Adds all objects of another build.
    pub(crate) fn append_all(&mut self, other: Self) -> Result<(), Box<ResId>> {
        if self.list.is_empty() && other.ids.is_some() {
            *self = other;
            return Ok(());
        }
        other.list.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// Returns the first id that two objects have.
    pub(crate) fn repeated_id(&mut self) -> Option<ResId> {
        let mut seen = HashSet::with_capacity(self.list.len());
        let repeated = self.list.iter().map(Resource::id).find(|id| !seen.insert(id.clone().key()));
        self.ids = repeated.is_none().then_some(seen);
        repeated
    }

    /// Returns the objects that have or had an id.
    pub(crate) fn find(&mut self, id: &ResId) -> Vec<usize> {
        self.named(&id.name, |resource| resource.all_ids().any(|known| known.same(id)))
    }

    /// Returns the one object that has or had an id.
    pub(crate) fn find_one(&mut self, id: &ResId) -> Result<usize, Problem> {
        match self.find(id)[..] {
            [index] => Ok(index),
            [] => Err(no_match(id, &self.list)),
            _ => Err(Problem::target(format!(
                "multiple matches for Id {id}; failed to find unique target for patch {id}"
            ))),
        }
    }

    /// Returns the objects that have or had a name and fit.
    pub(crate) fn named(&mut self, name: &str, fits: impl Fn(&Resource) -> bool) -> Vec<usize> {
        let list = &self.list;
        let names = self.names.get_or_insert_with(|| by_name(list));
        let candidates = names.get(name).map(Vec::as_slice).unwrap_or_default();
        candidates.iter().copied().filter(|index| fits(&list[*index])).collect()
    }

    /// Removes what a patch has deleted.
    pub(crate) fn remove(&mut self, gone: &HashSet<usize>) {
        if gone.is_empty() {
            return;
        }
        let mut index = 0;
        self.list_mut().retain(|_| {
            index += 1;
            !gone.contains(&(index - 1))
        });
    }
}

fn by_name(list: &[Resource]) -> HashMap<String, Vec<usize>> {
    let mut names: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, resource) in list.iter().enumerate() {
        note_names(&mut names, index, resource);
    }
    names
}

fn note_names(names: &mut HashMap<String, Vec<usize>>, index: usize, resource: &Resource) {
    for name in resource.all_names() {
        let indexes = names.entry(name.to_owned()).or_default();
        if indexes.last() != Some(&index) {
            indexes.push(index);
        }
    }
}

fn no_match(id: &ResId, list: &[Resource]) -> Problem {
    let problem = Problem::target(format!("no matches for Id {id}; failed to find unique target for patch {id}"));
    let same_kind = |resource: &&Resource| resource.kind() == id.gvk.kind;
    let known: Vec<String> = list.iter().filter(same_kind).take(5).map(|resource| resource.id().to_string()).collect();
    match known.is_empty() {
        true => problem,
        false => problem.hint(format!("there is {}", known.join(", "))),
    }
}
