package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/fluxcd/pkg/ssa/normalize"
	"github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// normalized takes rows of a name, a manifest and what is sent for it, and makes the third anew. A row that is known
// to differ stays, and must differ.
func normalized(input []byte, differ []string) (string, error) {
	var cases [][]json.RawMessage
	if err := json.Unmarshal(input, &cases); err != nil {
		return "", err
	}
	lines := make([]string, len(cases))
	for index, row := range cases {
		sent, err := again(row, differ)
		if err != nil {
			return "", fmt.Errorf("%s: %w", row[0], err)
		}
		lines[index] = fmt.Sprintf("  [%s,\n    %s,\n    %s]", row[0], row[1], sent)
	}
	return rows(lines), nil
}

func again(row []json.RawMessage, differ []string) (string, error) {
	var name string
	if err := json.Unmarshal(row[0], &name); err != nil {
		return "", err
	}
	sent, err := send(row[1])
	if err != nil || !slices.Contains(differ, name) {
		return spaced(sent), err
	}
	var written any
	if err := json.Unmarshal(row[2], &written); err != nil {
		return "", err
	}
	if spaced(sent) == spaced(written) {
		return "", errors.New("is said to differ from Flux, but does not")
	}
	return spaced(written), nil
}

// send brings a manifest into the form in which kustomize-controller sends it.
func send(manifest []byte) (any, error) {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(manifest); err != nil {
		return nil, err
	}
	object.SetName("a")
	if err := normalize.Unstructured(&object); err != nil {
		return nil, err
	}
	utils.RemoveCABundleFromCRD(&object)
	return bare(object), nil
}

// bare leaves out what every object has, and labels that are empty: each object gets those of its owner.
func bare(object unstructured.Unstructured) any {
	fields := object.Object
	for _, path := range [][]string{{"apiVersion"}, {"kind"}, {"metadata", "name"}, {"metadata", "creationTimestamp"}} {
		unstructured.RemoveNestedField(fields, path...)
	}
	metadata, _ := fields["metadata"].(map[string]any)
	if labels, _ := metadata["labels"].(map[string]any); len(labels) == 0 {
		delete(metadata, "labels")
	}
	if len(metadata) == 0 {
		delete(fields, "metadata")
	}
	return fields
}
