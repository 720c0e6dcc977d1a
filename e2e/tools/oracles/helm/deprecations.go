package main

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/endpoints/deprecation"
	"k8s.io/client-go/kubernetes/scheme"
)

// deprecated is a kind, the version of Kubernetes from which on it should not be used, and what Helm says then.
type deprecated struct {
	Kind    string `json:"kind"`
	Since   [2]int `json:"since"`
	Warning string `json:"warning"`
}

// printDeprecations writes those of all kinds that Kubernetes' client library knows.
func printDeprecations(_ io.Reader, output io.Writer) error {
	var found []deprecated
	for kind := range scheme.Scheme.AllKnownTypes() {
		object, err := scheme.Scheme.New(kind)
		if err != nil {
			return err
		}
		object.GetObjectKind().SetGroupVersionKind(kind)
		if !deprecation.IsDeprecated(object, 2, 0) {
			continue
		}
		since := 0
		for !deprecation.IsDeprecated(object, 1, since) {
			since++
		}
		name := kind.GroupVersion().String() + " " + kind.Kind
		found = append(found, deprecated{name, [2]int{1, since}, deprecation.WarningMessage(object)})
	}
	slices.SortFunc(found, func(one, other deprecated) int { return strings.Compare(one.Kind, other.Kind) })
	encoder := json.NewEncoder(output)
	encoder.SetIndent("", "  ")
	return encoder.Encode(found)
}
