package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"github.com/fluxcd/pkg/runtime/statusreaders"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// healthCase is a golden object; what else its row says is the answer, which is made anew.
type healthCase struct {
	ID     string          `json:"id"`
	Jobs   string          `json:"jobs"`
	Checks json.RawMessage `json:"checks"`
	Object json.RawMessage `json:"object"`
}

// judgement is a status with its message and, where the library gives one, its reason.
type judgement struct {
	status          status.Status
	message, reason string
}

// health answers for each object as if it were looked at at the time `now`.
func health(now string, input []byte) (string, error) {
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return "", err
	}
	var cases []healthCase
	if err := json.Unmarshal(input, &cases); err != nil {
		return "", err
	}
	lines := make([]string, len(cases))
	for index, c := range cases {
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(c.Object); err != nil {
			return "", fmt.Errorf("%s: %w", c.ID, err)
		}
		age(&object, at)
		lines[index] = c.row(c.judge(&object))
	}
	return rows(lines), nil
}

// age makes an object as old now as it is at the given time: the libraries read the clock.
func age(object *unstructured.Unstructured, at time.Time) {
	if created := object.GetCreationTimestamp(); !created.IsZero() {
		object.SetCreationTimestamp(metav1.NewTime(created.Add(time.Since(at))))
	}
}

func (c healthCase) judge(object *unstructured.Unstructured) judgement {
	switch {
	case c.Checks != nil:
		return judgeByExpressions(object, c.Checks)
	case c.Jobs == "MustComplete":
		return judgeJob(object)
	}
	result, err := status.Compute(object)
	if err != nil {
		return judgement{status: status.UnknownStatus, message: err.Error()}
	}
	found := judgement{status: result.Status, message: result.Message}
	if len(result.Conditions) > 0 {
		found.reason = result.Conditions[0].Reason
	}
	return found
}

// judgeJob asks the reader that kustomize-controller uses for Jobs. It keeps the reason to itself.
func judgeJob(object *unstructured.Unstructured) judgement {
	reader := statusreaders.NewCustomJobStatusReader(nil)
	found, err := reader.ReadStatusForObject(context.Background(), nil, object)
	if err == nil {
		err = found.Error
	}
	if err != nil {
		return judgement{status: status.UnknownStatus, message: err.Error()}
	}
	return judgement{status: found.Status, message: found.Message}
}

// judgeByExpressions asks the reader that kustomize-controller makes of `spec.healthCheckExprs`. What it refuses is
// told as the error of an unknown status, and so is a kind that it leaves to others.
func judgeByExpressions(object *unstructured.Unstructured, text []byte) judgement {
	var checks []kustomize.CustomHealthCheck
	if err := json.Unmarshal(text, &checks); err != nil {
		return judgement{status: status.UnknownStatus, message: err.Error()}
	}
	reader, err := cel.NewStatusReader(checks)
	if err != nil {
		return judgement{status: status.UnknownStatus, message: err.Error()}
	}
	found, err := reader(nil).ReadStatusForObject(context.Background(), nil, object)
	if err == nil {
		err = found.Error
	}
	if err != nil {
		return judgement{status: status.UnknownStatus, message: err.Error()}
	}
	return judgement{status: found.Status, message: found.Message}
}

func (c healthCase) row(found judgement) string {
	fields := []string{`"id": ` + quote(c.ID)}
	if c.Jobs != "" {
		fields = append(fields, `"jobs": `+quote(c.Jobs))
	}
	if c.Checks != nil {
		fields = append(fields, `"checks": `+string(c.Checks))
	}
	fields = append(fields, `"object": `+string(c.Object), `"status": `+quote(found.status), `"message": `+quote(found.message))
	if found.reason != "" {
		fields = append(fields, `"reason": `+quote(found.reason))
	}
	return "  {" + strings.Join(fields, ", ") + "}"
}
