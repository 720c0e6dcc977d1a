//! Which spans a revision gets, whatever happens on its way.
