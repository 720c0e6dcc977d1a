//! What every implementation of [`Cluster`] has to do, as checks that run on any of them.
//!
//! The fake is held to them in this crate's tests, the kube implementation with a real API server in `e2e`. Where
//! they disagree the real server is right.

mod apply;
mod bench;
mod deletion;
mod kinds;
mod objects;
mod patches;
mod permissions;
mod status;
mod watches;

use futures::{FutureExt as _, future::BoxFuture};

use crate::Cluster;

/// The name of the service account, in the namespace of the checks, that may do nothing.
pub const NOBODY: &str = "nobody";

/// A check: the failure is a text for people.
pub type Check = for<'a> fn(&'a dyn Cluster, &'a str) -> BoxFuture<'a, Result<(), String>>;

macro_rules! checks {
    ($($module:ident::$name:ident),* $(,)?) => {
        vec![$((stringify!($name), (|cluster, namespace| $module::$name(cluster, namespace).boxed()) as Check)),*]
    };
}

/// Returns all checks with their names. Each takes a namespace that exists; they do not disturb each other there.
pub fn checks() -> Vec<(&'static str, Check)> {
    checks![
        objects::an_object_is_created_read_and_listed,
        objects::what_is_not_there_is_not_found,
        objects::a_created_object_must_not_exist,
        objects::an_object_is_replaced,
        objects::a_missing_namespace_is_not_found,
        objects::labels_select,
        objects::metadata_leaves_the_rest_out,
        objects::an_event_is_written,
        apply::applying_creates_then_updates,
        apply::a_dry_run_stores_nothing,
        apply::a_dry_run_shows_the_update,
        apply::an_unchanged_apply_keeps_the_version,
        apply::what_is_applied_no_more_goes,
        apply::a_field_of_another_manager_is_a_conflict,
        apply::conflicts_of_several_fields_are_listed,
        apply::a_shared_value_is_no_conflict,
        apply::an_empty_map_is_owned_but_not_stored,
        apply::lists_are_merged_by_their_keys,
        apply::finalizers_are_a_set,
        apply::an_old_version_is_refused,
        apply::an_immutable_field_is_refused,
        apply::an_unknown_object_with_a_uid_is_refused,
        apply::owners_are_written_as_managed_fields,
        patches::a_json_patch_changes_the_object,
        patches::a_failed_test_changes_nothing,
        patches::a_merge_patch_removes_with_null,
        patches::a_strategic_patch_follows_its_directives,
        patches::a_patch_with_an_old_version_is_refused,
        patches::a_patch_takes_ownership,
        patches::managed_fields_can_be_replaced,
        status::a_status_is_apart_from_the_object,
        status::a_status_patch_does_not_count_a_generation,
        status::a_status_patch_of_another_object_is_refused,
        status::a_patch_cannot_make_another_object,
        status::a_kind_without_status_has_no_such_path,
        deletion::a_deleted_object_is_gone,
        deletion::a_finalizer_holds_the_object,
        deletion::preconditions_must_hold,
        deletion::a_deleted_owner_takes_its_dependents,
        deletion::an_orphaned_dependent_stays,
        deletion::a_namespace_goes_with_its_contents,
        kinds::an_unknown_kind_has_no_match,
        kinds::a_server_tells_its_version_and_kinds,
        kinds::a_definition_serves_its_kind,
        permissions::an_impersonated_user_is_refused,
        watches::a_watch_lists_then_tells_changes,
        watches::a_watch_of_a_name_sees_only_that,
        watches::an_object_that_leaves_the_selection_is_gone,
        watches::metadata_is_watched,
        watches::a_kind_that_comes_later_is_watched,
    ]
}
