package access

import (
	"fmt"
	"testing"

	"github.com/creatorflow/creatorflow/vault/accounts"
)

func TestCan(t *testing.T) {
	all := []Action{Open, Read, ReadPrivate, Operate, Configure, Administer, Account, Measure}
	for name, test := range map[string]struct {
		s    Subject
		want []Action
	}{
		"nobody":            {Subject{}, []Action{Open}},
		"nobody with role":  {Subject{Role: accounts.Owner}, []Action{Open}},
		"an unknown role":   {Subject{Name: "user:x", Role: "king"}, []Action{Open}},
		"a scoped key":      {Subject{Name: "key:x", Role: accounts.Owner, Scopes: []string{"operate"}}, []Action{Open, Operate}},
		"a scope too far":   {Subject{Name: "key:x", Role: accounts.Viewer, Scopes: []string{"operate", "read"}}, []Action{Open, Read}},
		"administer scoped": {Subject{Name: "key:x", Role: accounts.Owner, Scopes: []string{"read", "administer"}}, []Action{Open, Read}},
		"an operator":       {Subject{Name: "user:x", Role: accounts.Operator}, []Action{Open, Read, ReadPrivate, Operate, Account, Measure}},
		"an owner":          {Subject{Name: "user:x", Role: accounts.Owner}, all},
		"a viewer's rights": {Subject{Name: "user:x", Role: accounts.Viewer}, []Action{Open, Read, Account, Measure}},
	} {
		var got []Action
		for _, a := range all {
			if Can(test.s, a) {
				got = append(got, a)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
