package main

import (
	"context"
	"encoding/json"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/chartutil"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubeclient "sigs.k8s.io/controller-runtime/pkg/client"
)

// objects is a cluster with ConfigMaps and Secrets, by kind and name.
type objects struct {
	kubeclient.Client
	data map[string]map[string]string
}

func (o objects) Get(_ context.Context, key kubeclient.ObjectKey, into kubeclient.Object, _ ...kubeclient.GetOption) error {
	kind, resource := "ConfigMap", "configmaps"
	if _, ok := into.(*corev1.Secret); ok {
		kind, resource = "Secret", "secrets"
	}
	data, ok := o.data[kind+"/"+key.Name]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{Resource: resource}, key.Name)
	}
	switch into := into.(type) {
	case *corev1.ConfigMap:
		into.Data = data
	case *corev1.Secret:
		into.Data = map[string][]byte{}
		for name, text := range data {
			into.Data[name] = []byte(text)
		}
	}
	return nil
}

// composeValues puts the values of references together, and those that stand beside them.
func composeValues(row []byte) (any, error) {
	var given struct {
		Objects    map[string]map[string]string `json:"objects"`
		Values     map[string]any               `json:"values"`
		ValuesFrom []meta.ValuesReference       `json:"valuesFrom"`
	}
	if err := json.Unmarshal(row, &given); err != nil {
		return nil, err
	}
	cluster := objects{data: given.Objects}
	values, err := chartutil.ChartValuesFromReferences(
		context.Background(), logr.Discard(), cluster, "apps", given.Values, given.ValuesFrom...)
	if err != nil {
		return nil, err
	}
	return values, nil
}
