package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	mutationCost   = 10
	connectionCost = 2
)

// price is the most a selection can cost by the documented rule: a scalar 0, an object 1, a connection two and its size
// times what one of its nodes costs, a list that takes "first" that often its items.
func (p *Plan) price(set ast.SelectionSet) (cost int) {
	for _, f := range p.fields(set, "") {
		cost += p.priceField(f)
	}
	return cost
}

func (p *Plan) priceField(f *ast.Field) int {
	named := schema.Types[f.Definition.Type.Name()]
	if named == nil || named.Kind == ast.Scalar || named.Kind == ast.Enum || strings.HasPrefix(f.Name, "__") {
		return 0
	}
	times := p.size(f)
	if strings.HasSuffix(named.Name, "Connection") {
		return connectionCost + times*p.priceNodes(f.SelectionSet)
	}
	return times * (1 + p.price(f.SelectionSet))
}

// size is how many objects a field may give: what first or last ask for, what ids name, or one.
func (p *Plan) size(f *ast.Field) int {
	args := Args(f.ArgumentMap(p.vars))
	for _, name := range []string{"first", "last"} {
		if n, ok := args.Whole(name); ok {
			return int(max(n, 0))
		}
	}
	if f.Name == "nodes" && args.Has("ids") {
		return max(len(args.Texts("ids")), 1)
	}
	return 1
}

// priceNodes is the price of one node of a connection; edges are free, pageInfo is too.
func (p *Plan) priceNodes(set ast.SelectionSet) (cost int) {
	for _, f := range p.fields(set, "") {
		switch f.Name {
		case "nodes", "node":
			cost += 1 + p.price(f.SelectionSet)
		case "edges":
			cost += p.priceNodes(f.SelectionSet)
		}
	}
	return cost
}

// fields are the fields of a selection that are not skipped, with those of its fragments; of is the type of what is
// selected from, "" when fragments on every type count: the dearest is then not known, and the sum is the safe side.
func (p *Plan) fields(set ast.SelectionSet, of string) (list []*ast.Field) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if p.wanted(s.Directives) {
				list = append(list, s)
			}
		case *ast.InlineFragment:
			if p.wanted(s.Directives) && applies(s.TypeCondition, of) {
				list = append(list, p.fields(s.SelectionSet, of)...)
			}
		case *ast.FragmentSpread:
			if p.wanted(s.Directives) && applies(s.Definition.TypeCondition, of) {
				list = append(list, p.fields(s.Definition.SelectionSet, of)...)
			}
		}
	}
	return list
}

func (p *Plan) wanted(list ast.DirectiveList) bool {
	for _, d := range list {
		switch yes := Args(d.ArgumentMap(p.vars)).Flag("if"); d.Name {
		case "skip":
			if yes {
				return false
			}
		case "include":
			if !yes {
				return false
			}
		}
	}
	return true
}

func applies(condition, of string) bool {
	if condition == "" || of == "" || condition == of {
		return true
	}
	def := schema.Types[of]
	if def == nil {
		return false
	}
	for _, name := range def.Interfaces {
		if name == condition {
			return true
		}
	}
	return false
}
