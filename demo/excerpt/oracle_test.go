package excerpt_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"testing"

	"github.com/creatorflow/creatorflow/demo/excerpt"
)

// oracle is what scripts/oracle.mjs prints, which shares nothing with the product.
type oracle struct {
	Orders    int                     `json:"orders"`
	Cancelled int                     `json:"cancelled"`
	NoStock   int                     `json:"no_stock"`
	Filled    int                     `json:"filled"`
	Currency  string                  `json:"currency"`
	Revenue   int64                   `json:"revenue"`
	Units     map[string]int          `json:"units"`
	Stock     map[string]oracleOfSKUs `json:"stock"`
}

type oracleOfSKUs struct{ Start, Taken, Available int }

func ask(t *testing.T, args ...string) oracle {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "node", append([]string{"../../scripts/oracle.mjs"}, args...)...).Output()
	if err != nil {
		t.Fatalf("run scripts/oracle.mjs with node: %v", err)
	}
	var o oracle
	if err := json.Unmarshal(out, &o); err != nil {
		t.Fatalf("read what scripts/oracle.mjs printed: %v", err)
	}
	return o
}

// TestOracleMini has its answer worked out by hand. 501 takes 5 of 13 mugs, 502 takes 4 and the only bowl, 503 wants 8 of
// the 4 left and stays without stock although 501's return would do for it, 504 takes both clocks, 505 takes 3 mugs, 506
// is short and then cancelled, 507 is short of clock and bowl.
func TestOracleMini(t *testing.T) {
	got := ask(t, "testdata/mini.jsonl")
	if got.Orders != 7 || got.Cancelled != 2 || got.NoStock != 2 || got.Filled != 3 || got.Revenue != 650+150+300 || got.Currency != "GBP" {
		t.Errorf("got %+v", got)
	}
	if want := map[string]int{"10001": 7, "10002B": 1, "10003": 2}; !maps.Equal(got.Units, want) {
		t.Errorf("units %v, want %v", got.Units, want)
	}
	want := map[string]oracleOfSKUs{"10001": {13, 7, 6}, "10002B": {1, 1, 0}, "10003": {2, 2, 0}, "10004": {1, 0, 1}}
	if !maps.Equal(got.Stock, want) {
		t.Errorf("stock %v, want %v", got.Stock, want)
	}
}

// TestOracleAndLoaderAgree holds what the loader counts and derives against the other opinion, over the whole log.
func TestOracleAndLoaderAgree(t *testing.T) {
	x, err := excerpt.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := ask(t)
	if got.Orders != x.Orders || got.Cancelled != x.Cancellations || got.NoStock+got.Filled != x.Orders-x.Cancellations {
		t.Errorf("oracle %d orders, %d cancelled; loader %d, %d", got.Orders, got.Cancelled, x.Orders, x.Cancellations)
	}
	if len(got.Stock) != len(x.Products) {
		t.Errorf("oracle %d SKUs, loader %d", len(got.Stock), len(x.Products))
	}
	soldOut := 0
	for _, p := range x.Products {
		s := got.Stock[p.SKU]
		if s.Start != p.Stock || s.Taken != got.Units[p.SKU] || s.Available != s.Start-s.Taken || s.Available < 0 {
			t.Errorf("%s starts with %d; the oracle says %+v and %d units", p.SKU, p.Stock, s, got.Units[p.SKU])
		}
		if s.Available == 0 {
			soldOut++
		}
	}
	if got.NoStock == 0 || soldOut == 0 {
		t.Errorf("%d orders without stock, %d SKUs sold out: the demo must show both", got.NoStock, soldOut)
	}
}
