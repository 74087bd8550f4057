package shopify

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/creatorflow/creatorflow/channels/shopify/aftersales"
	"github.com/creatorflow/creatorflow/channels/shopify/orders"
)

// vendorSchema is Shopify's own, cut down by scripts/shopifyschema.
func vendorSchema(t *testing.T) *ast.Schema {
	t.Helper()
	return schemaOf(t, "testdata/admin-2026-07.graphql")
}

func schemaOf(t *testing.T, file string) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: file, Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestDocumentsAreShopifys holds every document against the vendor's schema; what is deprecated there is not asked for.
func TestDocumentsAreShopifys(t *testing.T) {
	schema := vendorSchema(t)
	all := maps.Clone(documents)
	maps.Copy(all, orders.Documents)
	maps.Copy(all, aftersales.Documents)
	for name, text := range all {
		doc, err := parser.ParseQuery(&ast.Source{Name: name, Input: text})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if errs := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
			continue
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Name != name {
			t.Errorf("%s: the operation must be named so, for the vendor's logs and ours", name)
		}
		for _, set := range append([]ast.SelectionSet{doc.Operations[0].SelectionSet}, fragments(doc)...) {
			notDeprecated(t, name, set)
		}
	}
}

func fragments(doc *ast.QueryDocument) (sets []ast.SelectionSet) {
	for _, f := range doc.Fragments {
		sets = append(sets, f.SelectionSet)
	}
	return sets
}

func notDeprecated(t *testing.T, document string, set ast.SelectionSet) {
	t.Helper()
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if s.Definition.Directives.ForName("deprecated") != nil {
				t.Errorf("%s asks for %s.%s, which is deprecated", document, s.ObjectDefinition.Name, s.Name)
			}
			notDeprecated(t, document, s.SelectionSet)
		case *ast.InlineFragment:
			notDeprecated(t, document, s.SelectionSet)
		}
	}
}

// TestSimulatorSpeaksShopifys holds the simulator's schema against the vendor's: whatever it has must be there under the same
// name, with the same type and the same arguments.
func TestSimulatorSpeaksShopifys(t *testing.T) {
	vendor, sim := vendorSchema(t), schemaOf(t, "shopifysim/graph/schema.graphql")
	if want, got := vendor.Directives["idempotent"], sim.Directives["idempotent"]; got == nil || got.Arguments[0].Type.String() != want.Arguments[0].Type.String() {
		t.Error("@idempotent differs")
	}
	types := 0
	for _, name := range slices.Sorted(maps.Keys(sim.Types)) {
		ours, theirs := sim.Types[name], vendor.Types[name]
		if ours.BuiltIn {
			continue
		}
		types++
		if theirs == nil || theirs.Kind != ours.Kind {
			t.Errorf("%s: Shopify has no such type of that kind", name)
			continue
		}
		for _, f := range ours.Fields {
			sameField(t, name, f, theirs.Fields.ForName(f.Name))
		}
		for _, m := range ours.Types {
			if !slices.Contains(theirs.Types, m) {
				t.Errorf("%s: %s is not of Shopify's union", name, m)
			}
		}
		for _, v := range ours.EnumValues {
			if theirs.EnumValues.ForName(v.Name) == nil {
				t.Errorf("%s.%s: Shopify has no such value", name, v.Name)
			}
		}
	}
	if types < 90 {
		t.Errorf("only %d types were held against Shopify's", types)
	}
}

func sameField(t *testing.T, of string, ours, theirs *ast.FieldDefinition) {
	t.Helper()
	if len(ours.Name) > 1 && ours.Name[:2] == "__" {
		return
	}
	if theirs == nil || theirs.Type.String() != ours.Type.String() {
		t.Errorf("%s.%s %s: Shopify has %v", of, ours.Name, ours.Type, theirs)
		return
	}
	for _, a := range ours.Arguments {
		if b := theirs.Arguments.ForName(a.Name); b == nil || b.Type.String() != a.Type.String() {
			t.Errorf("%s.%s(%s: %s): Shopify has %v", of, ours.Name, a.Name, a.Type, b)
		}
	}
	for _, b := range theirs.Arguments {
		if b.Type.NonNull && b.DefaultValue == nil && ours.Arguments.ForName(b.Name) == nil {
			t.Errorf("%s.%s: Shopify wants %s", of, ours.Name, b.Name)
		}
	}
}
