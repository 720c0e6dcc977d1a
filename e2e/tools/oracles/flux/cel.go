package main

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcd/pkg/runtime/cel"
	celgo "github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// celCases are variables, and expressions with an answer each, which is made anew: the type that the checker gives it
// when the variables are declared, and the value or error that it has without a check, as in a health check. Where an
// expression that passes the check has another answer then, that is said too.
type celCases struct {
	Variables json.RawMessage `json:"variables"`
	Rows      []celRow        `json:"rows"`
}

// celRow is one expression. `ours` says what differs on purpose, and stays.
type celRow struct {
	Expr string `json:"expr"`
	Ours string `json:"ours"`
}

func expressions(input []byte) (string, error) {
	var cases celCases
	if err := json.Unmarshal(input, &cases); err != nil {
		return "", err
	}
	variables, err := numbers(cases.Variables)
	if err != nil {
		return "", err
	}
	lines := make([]string, len(cases.Rows))
	for index, row := range cases.Rows {
		lines[index] = "  {" + strings.Join(row.answers(variables), ", ") + "}"
	}
	return "{\n\"variables\": " + string(cases.Variables) + ",\n\"rows\": " + rows(lines) + "}\n", nil
}

func (r celRow) answers(variables map[string]any) []string {
	fields := []string{`"expr": ` + quote(r.Expr)}
	if found := checkedType(r.Expr, variables); found != "" {
		fields = append(fields, `"type": `+quote(found))
	}
	key, answer := evaluated(r.Expr, variables)
	fields = append(fields, quote(key)+": "+quote(answer))
	if key, checked := evaluated(r.Expr, variables, declared(variables)...); key != "refused" && checked != answer {
		fields = append(fields, quote("checked "+key)+": "+quote(checked))
	}
	if r.Ours != "" {
		fields = append(fields, `"ours": `+quote(r.Ours))
	}
	return fields
}

func declared(variables map[string]any) []cel.Option {
	options := []cel.Option{cel.WithCompile()}
	for name := range variables {
		options = append(options, cel.WithStructVariables(name))
	}
	return options
}

// checkedType returns the name of the type that the checker finds, or nothing.
func checkedType(expression string, variables map[string]any) string {
	if _, err := cel.NewExpression(expression, declared(variables)...); err != nil {
		return ""
	}
	_, err := cel.NewExpression(expression, append(declared(variables), cel.WithOutputType(celgo.BoolType))...)
	if err == nil {
		return "bool"
	}
	_, found, _ := strings.Cut(err.Error(), "expected bool, got ")
	return found
}

// evaluated returns what an expression comes to: a value or an error, or that it is refused.
func evaluated(expression string, variables map[string]any, options ...cel.Option) (key, answer string) {
	program, err := cel.NewExpression(expression, options...)
	if err != nil {
		return "refused", "yes"
	}
	value, err := program.Evaluate(context.Background(), variables)
	if err != nil {
		_, reason, _ := strings.Cut(err.Error(), expression+"': ")
		return "error", reason
	}
	return "value", literal(types.DefaultTypeAdapter.NativeToValue(value))
}

// literal writes a value as an expression would.
func literal(value ref.Val) string {
	switch value := value.(type) {
	case types.Uint:
		return strconv.FormatUint(uint64(value), 10) + "u"
	case types.Double:
		return literalDouble(float64(value))
	case types.String:
		return quote(string(value))
	case types.Bytes:
		return "b" + quote(string(value))
	case types.Timestamp:
		return "timestamp(" + quote(value.UTC().Format(time.RFC3339Nano)) + ")"
	case types.Duration:
		return "duration(" + quote(strconv.FormatInt(int64(value.Duration), 10)+"ns") + ")"
	case *types.Type:
		return value.TypeName()
	case *types.Optional:
		if !value.HasValue() {
			return "optional.none()"
		}
		return "optional.of(" + literal(value.GetValue()) + ")"
	case traits.Mapper:
		var entries []string
		for keys := value.Iterator(); keys.HasNext() == types.True; {
			key := keys.Next()
			entries = append(entries, literal(key)+": "+literal(value.Get(key)))
		}
		slices.Sort(entries)
		return "{" + strings.Join(entries, ", ") + "}"
	case traits.Lister:
		var elements []string
		for all := value.Iterator(); all.HasNext() == types.True; {
			elements = append(elements, literal(all.Next()))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	case types.Null:
		return "null"
	}
	return quote(value.Value())
}

func literalDouble(value float64) string {
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if value == math.Trunc(value) && !math.IsInf(value, 0) {
		return text + ".0"
	}
	return text
}

// numbers reads an object as Kubernetes does: whole numbers are int64.
func numbers(text []byte) (map[string]any, error) {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	return object.Object, nil
}
