package main

import (
	"encoding/json"

	"github.com/fluxcd/pkg/envsubst"
)

// substitutionCases are variables, and texts with an answer each, which is made anew: the text with the values, and
// where it differs the same without strict rules.
type substitutionCases struct {
	Variables map[string]string `json:"variables"`
	Texts     []struct {
		Text string `json:"text"`
	} `json:"texts"`
}

func substitutions(input []byte) (string, error) {
	var cases substitutionCases
	if err := json.Unmarshal(input, &cases); err != nil {
		return "", err
	}
	lines := make([]string, len(cases.Texts))
	for index, row := range cases.Texts {
		strict := substituted(row.Text, cases.Variables, true)
		lenient := substituted(row.Text, cases.Variables, false)
		lines[index] = "  " + spaced(map[string]any{"text": row.Text, "strict": strict, "lenient": lenient})
	}
	variables := make(map[string]any, len(cases.Variables))
	for name, value := range cases.Variables {
		variables[name] = value
	}
	return "{\n\"variables\": " + spaced(variables) + ",\n\"texts\": " + rows(lines) + "}\n", nil
}

// substituted returns a text with the values of variables, or the error. Without strict rules a variable that has no
// value is empty.
func substituted(text string, variables map[string]string, strict bool) any {
	output, err := envsubst.Eval(text, func(name string) (string, bool) {
		value, found := variables[name]
		return value, found || !strict
	})
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return output
}
