package main

import (
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

// keyed are the functions of keys and secrets. Their answer names them and their arguments.
var keyed = []string{
	"bcrypt", "buildCustomCert", "derivePassword", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey",
	"genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "htpasswd",
}

// dated are the functions that take a date at this place, and the time of the clock where it is none.
var dated = map[string]int{"date": 1, "dateInZone": 1, "date_in_zone": 1, "htmlDate": 0, "htmlDateInZone": 0}

// stubs are Helm's functions of chance, keys and time with answers that are always alike.
func stubs() template.FuncMap {
	functions := template.FuncMap{
		"randAlphaNum": func(count int) string { return strings.Repeat("x", count) },
		"randAlpha":    func(count int) string { return strings.Repeat("x", count) },
		"randNumeric":  func(count int) string { return strings.Repeat("7", count) },
		"randAscii":    func(count int) string { return strings.Repeat("x", count) },
		"randBytes":    func(count int) (string, error) { return zeros(count), nil },
		"randInt":      func(from, _ int) int { return from },
		"uuidv4":       func() string { return "00000000-0000-4000-8000-000000000000" },
		"shuffle":      func(text string) string { return text },
		"now":          now,
		"ago":          ago,
		"keys":         sortedKeys,
		"values":       sortedValues,
	}
	for _, name := range keyed {
		functions[name] = named(name)
	}
	for name, place := range dated {
		functions[name] = withClock(name, place)
	}
	return functions
}

func now() time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
}

func zeros(count int) string {
	return base64.StdEncoding.EncodeToString(make([]byte, count))
}

func ago(date any) string {
	then := now()
	switch date := date.(type) {
	case time.Time:
		then = date
	case int64:
		then = time.Unix(date, 0)
	case int:
		then = time.Unix(int64(date), 0)
	}
	return now().Sub(then).Round(time.Second).String()
}

// sortedKeys returns those of each map, sorted.
func sortedKeys(dicts ...map[string]any) []string {
	found := []string{}
	for _, dict := range dicts {
		found = append(found, slices.Sorted(maps.Keys(dict))...)
	}
	return found
}

// sortedValues returns them sorted by their keys.
func sortedValues(dict map[string]any) []any {
	found := []any{}
	for _, key := range slices.Sorted(maps.Keys(dict)) {
		found = append(found, dict[key])
	}
	return found
}

// withClock returns sprig's function, which has our time where no date is given.
func withClock(name string, place int) any {
	real := reflect.ValueOf(sprig.TxtFuncMap()[name])
	return reflect.MakeFunc(real.Type(), func(arguments []reflect.Value) []reflect.Value {
		switch arguments[place].Interface().(type) {
		case time.Time, *time.Time, int64, int, int32:
		default:
			date := reflect.New(real.Type().In(place)).Elem()
			date.Set(reflect.ValueOf(now()))
			arguments[place] = date
		}
		return real.Call(arguments)
	}).Interface()
}

// named returns a function of the type of sprig's, whose answer is its own name with its arguments.
func named(name string) any {
	kind := reflect.TypeOf(sprig.TxtFuncMap()[name])
	return reflect.MakeFunc(kind, func(arguments []reflect.Value) []reflect.Value {
		result := reflect.New(kind.Out(0)).Elem()
		text := call(name, arguments)
		if result.Kind() == reflect.Struct {
			result.FieldByName("Cert").SetString(pem("CERTIFICATE", text))
			result.FieldByName("Key").SetString(pem("PRIVATE KEY", text))
		} else {
			result.SetString(text)
		}
		results := []reflect.Value{result}
		if kind.NumOut() > 1 {
			results = append(results, reflect.Zero(kind.Out(1)))
		}
		return results
	}).Interface()
}

// call writes a call on one line, without the certificates that are given.
func call(name string, arguments []reflect.Value) string {
	parts := []string{name}
	for _, argument := range arguments {
		if argument.Kind() != reflect.Struct {
			parts = append(parts, fmt.Sprint(argument.Interface()))
		}
	}
	return strings.Join(parts, " ")
}

func pem(kind, text string) string {
	return "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n"
}
