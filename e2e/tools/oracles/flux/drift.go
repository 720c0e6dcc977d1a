package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/fluxcd/pkg/ssa/jsondiff"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// drifts takes rows of a name, a comparison and what is found, and makes the third anew, as helm-controller finds it.
// A row that is known to differ stays, and must differ.
func drifts(input []byte, differ []string) (string, error) {
	var cases [][]json.RawMessage
	if err := json.Unmarshal(input, &cases); err != nil {
		return "", err
	}
	lines := make([]string, len(cases))
	for index, row := range cases {
		found, err := findAgain(row, differ)
		if err != nil {
			return "", fmt.Errorf("%s: %w", row[0], err)
		}
		lines[index] = fmt.Sprintf("  [%s,\n    %s,\n    %s]", row[0], row[1], found)
	}
	return rows(lines), nil
}

func findAgain(row []json.RawMessage, differ []string) (string, error) {
	var name string
	if err := json.Unmarshal(row[0], &name); err != nil {
		return "", err
	}
	found, err := find(row[1])
	if err != nil || !slices.Contains(differ, name) {
		return spaced(found), err
	}
	var written any
	if err := json.Unmarshal(row[2], &written); err != nil {
		return "", err
	}
	if spaced(found) == spaced(written) {
		return "", errors.New("is said to differ from Flux, but does not")
	}
	return spaced(written), nil
}

// comparison is what a row gives. Objects are complete but for what most share; the manifest is the answer if not set.
type comparison struct {
	Manifest map[string]any
	Live     map[string]any
	Answer   map[string]any
	Ignore   []struct {
		Paths  []string
		Target *jsondiff.Selector
	}
}

func find(row []byte) (any, error) {
	var given comparison
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	if given.Manifest == nil {
		given.Manifest = given.Answer
	}
	server := &server{live: given.Live, answer: completed(given.Answer)}
	options := []jsondiff.ListOption{
		jsondiff.FieldOwner("helm-controller"),
		jsondiff.ExclusionSelector{"helm.toolkit.fluxcd.io/driftDetection": "disabled"},
		jsondiff.Rationalize(true),
		jsondiff.Graceful(true),
	}
	var ignored jsondiff.IgnoreRules
	for _, rule := range given.Ignore {
		ignored = append(ignored, jsondiff.IgnoreRule{Paths: rule.Paths, Selector: rule.Target})
	}
	if len(ignored) > 0 {
		options = append(options, ignored)
	}
	manifests := []*unstructured.Unstructured{{Object: completed(given.Manifest)}}
	set, err := jsondiff.UnstructuredList(context.Background(), server, manifests, options...)
	if err != nil {
		return nil, err
	}
	return told(set[0])
}

// told returns the operations of an update, or a word for what else is found.
func told(diff *jsondiff.Diff) (any, error) {
	if diff.Type != jsondiff.DiffTypeUpdate {
		return string(diff.Type), nil
	}
	text, err := json.Marshal(diff.Patch)
	if err != nil {
		return nil, err
	}
	var operations any
	err = json.Unmarshal(text, &operations)
	return operations, err
}

// completed gives an object what most rows share, where it has nothing of its own.
func completed(object map[string]any) map[string]any {
	object = runtime.DeepCopyJSON(object)
	fill(object, map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{}})
	fill(object["metadata"].(map[string]any), map[string]any{"name": "a", "namespace": "ns", "resourceVersion": "1"})
	return object
}

func fill(object, shared map[string]any) {
	for key, value := range shared {
		if _, found := object[key]; !found {
			object[key] = value
		}
	}
}

// server stands for an API server that knows one object.
type server struct {
	client.Client
	live   map[string]any
	answer map[string]any
}

func (s *server) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	if s.live == nil {
		return kerrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	object.(*unstructured.Unstructured).Object = completed(s.live)
	return nil
}

func (s *server) Patch(_ context.Context, object client.Object, _ client.Patch, _ ...client.PatchOption) error {
	object.(*unstructured.Unstructured).Object = s.answer
	return nil
}
