package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/vault"
)

// TestMissingLabels: labels are looked for beside the hub that keeps them, also when their file is gone.
func TestMissingLabels(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			p := fresh(t, engine)
			fill(t, p)
			s := opened(t, p)
			defer func() { _ = s.Close() }()
			v, err := vault.Open(s.Vault, vault.Master{1}, vault.Options{Clock: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range []vault.Label{{ID: "l1", File: []byte("pdf")}, {ID: "l2", Person: "p1", File: []byte("pdf")}} {
				if err := v.PutLabel(t.Context(), l); err != nil {
					t.Fatal(err)
				}
			}
			if err := v.Erase(t.Context(), "p1"); err != nil {
				t.Fatal(err)
			}
			got, err := beside(t, p).MissingLabels(t.Context(), []string{"l1", "l2", `l"3`})
			if err != nil || !slices.Equal(got, []string{`l"3`}) {
				t.Errorf("missing %q, %v", got, err)
			}
		})
	}
}
