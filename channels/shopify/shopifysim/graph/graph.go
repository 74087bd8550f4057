// Package graph answers GraphQL as the simulated Shopify does: a document is parsed and checked against the schema, priced,
// and carried out over objects that the caller resolves.
//
//	document + variables ─► Parse ─► Plan{cost} ─► the caller's bucket ─► Plan.Run(roots) ─► data, errors, actual cost
//
// It knows nothing of shops.
package graph

import (
	_ "embed" // the schema is a file of its own, so that it can be held against the vendor's
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed schema.graphql
var text string

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: text})

// Args are a field's arguments; only those that were given or have a default are there.
type Args map[string]any

// Text is a string argument, "" when it is absent.
func (a Args) Text(name string) string {
	s, _ := a[name].(string)
	return s
}

// Whole is an integer argument, whichever way JSON or the document gave it; ok is false when it is absent or null.
func (a Args) Whole(name string) (n int64, ok bool) {
	switch v := a[name].(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		return int64(v), true
	case fmt.Stringer: // json.Number
		n, err := strconv.ParseInt(v.String(), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// Has says that an argument was named, if only as null.
func (a Args) Has(name string) bool { _, there := a[name]; return there }

// Flag is a boolean argument.
func (a Args) Flag(name string) bool {
	b, _ := a[name].(bool)
	return b
}

// In is an input object, empty when it is absent.
func (a Args) In(name string) Args {
	m, _ := a[name].(map[string]any)
	return m
}

// All are the input objects of a list.
func (a Args) All(name string) (list []Args) {
	items, _ := a[name].([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}

// Texts are the strings of a list.
func (a Args) Texts(name string) (list []string) {
	switch v := a[name].(type) {
	case []string:
		return v
	case []any:
		for _, item := range v {
			s, _ := item.(string)
			list = append(list, s)
		}
	}
	return list
}

// Object is a value with fields: each a value, or a Field that makes it from its arguments.
type Object map[string]any

// Field makes a field's value.
type Field func(Args) (any, error)

// Root makes the value of a field of the query or mutation; key is that of @idempotent, keyed whether there is one.
type Root func(name string, args Args, key string, keyed bool) (any, error)

// Error is an entry of "errors" with the vendor's code.
type Error struct {
	Code, Message string
	Path          string // the root field
	Extra         map[string]any
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// JSON is the entry as it is sent.
func (e *Error) JSON() map[string]any {
	extensions := map[string]any{"code": e.Code}
	for k, v := range e.Extra {
		extensions[k] = v
	}
	out := map[string]any{"message": e.Message, "extensions": extensions}
	if e.Path != "" {
		out["path"] = []string{e.Path}
	}
	return out
}

// Plan is a document that may be run.
type Plan struct {
	Mutation bool
	Cost     int // the most it can cost

	doc  *ast.QueryDocument
	op   *ast.OperationDefinition
	vars map[string]any
}

// Parse checks a document.
func Parse(query, operation string, variables map[string]any) (*Plan, []*Error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return nil, []*Error{{Code: "PARSE_ERROR", Message: message(err)}}
	}
	if found := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(found) > 0 {
		var out []*Error
		for _, e := range found {
			out = append(out, &Error{Code: code(e.Rule), Message: e.Message})
		}
		return nil, out
	}
	op := doc.Operations.ForName(operation)
	if op == nil {
		return nil, []*Error{{Code: "BAD_REQUEST", Message: "An operation name is required"}}
	}
	vars, err := validator.VariableValues(schema, op, variables)
	if err != nil {
		return nil, []*Error{{Code: "INVALID_VARIABLE", Message: message(err)}}
	}
	p := &Plan{Mutation: op.Operation == ast.Mutation, doc: doc, op: op, vars: vars}
	p.Cost = p.price(op.SelectionSet)
	if p.Mutation {
		p.Cost = max(p.Cost, mutationCost)
	}
	return p, nil
}

// Keys are those of the document's @idempotent directives.
func (p *Plan) Keys() (keys []string) {
	for _, f := range p.fields(p.op.SelectionSet, "") {
		if d := f.Directives.ForName("idempotent"); d != nil {
			keys = append(keys, Args(d.ArgumentMap(p.vars)).Text("key"))
		}
	}
	return keys
}

func message(err error) string {
	var g *gqlerror.Error
	if errors.As(err, &g) {
		return g.Message
	}
	return err.Error()
}

// code is the vendor's way to name a broken rule: undefinedField for FieldsOnCorrectType, else the rule in its own words.
func code(rule string) string {
	switch rule {
	case "FieldsOnCorrectType":
		return "undefinedField"
	case "KnownArgumentNames":
		return "argumentNotAccepted"
	case "ProvidedRequiredArguments":
		return "missingRequiredArguments"
	case "":
		return "BAD_REQUEST"
	}
	return strings.ToLower(rule[:1]) + rule[1:]
}
