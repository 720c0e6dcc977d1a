// Without this file Go refuses functions that have no body.
