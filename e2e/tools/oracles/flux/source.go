package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/sourceignore"
)

// sourceCase is a name, two texts, and an answer, which is made anew.
type sourceCase [4]any

// table answers each row by its texts.
func table(input []byte, answer func(first, second string) (any, error)) (string, error) {
	var cases []sourceCase
	if err := json.Unmarshal(input, &cases); err != nil {
		return "", err
	}
	lines := make([]string, len(cases))
	for index, row := range cases {
		found, err := answer(fmt.Sprint(row[1]), fmt.Sprint(row[2]))
		if err != nil {
			return "", fmt.Errorf("%s: %w", row[0], err)
		}
		row[3] = found
		lines[index] = "  " + spaced(row[:])
	}
	return rows(lines), nil
}

// inRange says whether a version is in a range, as source-controller reads it.
func inRange(text, version string) (any, error) {
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return "refused", nil
	}
	parsed, err := semver.NewVersion(version)
	if err != nil {
		return nil, err
	}
	return constraint.Check(parsed), nil
}

// ignored says whether patterns of spec.ignore leave a file out of an artifact.
func ignored(patterns, file string) (any, error) {
	all := append(sourceignore.VCSPatterns(nil), sourceignore.ReadPatterns(strings.NewReader(patterns), nil)...)
	return sourceignore.NewMatcher(all).Match(strings.Split(file, "/"), false), nil
}
