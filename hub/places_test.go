package hub_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/domain/audit"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// owns does what only an owner may.
func (s *store) owns(r eventlog.Request) {
	s.t.Helper()
	_, err := s.hub.Log.Execute(s.t.Context(), r)
	fatal(s.t, err)
}

// places is what lies where, as the SKU's page shows it.
func (s *store) places() string {
	s.t.Helper()
	var parts []string
	for _, at := range s.stock().Where {
		parts = append(parts, fmt.Sprintf("%s %d", at.Name, at.OnHand))
		if at.Picked > 0 {
			parts[len(parts)-1] += fmt.Sprintf(" (%d picked)", at.Picked)
		}
	}
	return strings.Join(parts, ", ")
}

// TestSeveralLocations: a seller has a shelf at home, a warehouse and a stall that ships nothing. The shop lists what ships; an order
// is sent from the warehouse, which is asked first, unless somebody chooses another one, and its units leave from there; the books agree.
func TestSeveralLocations(t *testing.T) {
	s := newStore(t, time.Hour, true)
	s.owns(plans.SetLocation{Name: "Warehouse", Ships: true}.Plan(workspace.Main))
	s.owns(plans.SetLocation{Name: "Market stall", Ships: false}.Plan(workspace.Main))
	s.owns(plans.SetLocation{Location: "main", Name: "Home shelf", Ships: true}.Plan(workspace.Main))
	s.owns(plans.OrderLocations{Locations: []string{"warehouse", "main", "market-stall"}}.Plan(workspace.Main))
	s.command("receive-stock", `{"sku":"HOODIE-M","quantity":6,"location":"warehouse"}`, http.StatusOK)
	s.command("transfer-stock", `{"sku":"HOODIE-M","from":"main","to":"market-stall","quantity":3,"reason":"for Saturday"}`, http.StatusOK)
	if no := s.command("transfer-stock", `{"sku":"HOODIE-M","from":"main","to":"warehouse","quantity":8}`, http.StatusConflict); !strings.Contains(no, "Only 7 of HOODIE-M lie at Home shelf") {
		t.Errorf("more than there is goes: %q", no)
	}
	s.until("the page shows where it lies", func() bool { return s.places() == "Warehouse 6, Home shelf 7, Market stall 3" })
	if st := s.stock(); st.OnHand != 16 || st.Aside != 3 || st.Available != 13 || !strings.Contains(st.Explain, "3 where orders are not shipped from") {
		t.Errorf("the stock is %+v", st.StockItem)
	}
	s.owns(plans.PushQuantities(workspace.Main, shopevents.Pushing{Connection: s.connection.ID, On: true}))
	listed := func() int64 {
		level, err := s.sim.Stock(myshopify, s.variant)
		fatal(t, err)
		return level.Available
	}
	s.until("the shop lists what ships", func() bool { s.passed.Add(int64(time.Second)); return listed() == 13 })

	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 5}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("the order waits for its parcel", func() bool { return s.page().Waiting == "tracking" })
	if o := s.page().Origin; o == nil || o.Sentence != "Ships from Warehouse: it is the first location that has all of it." || len(o.Others) != 2 {
		t.Fatalf("the order's page says %+v", o)
	}
	if got := s.places(); got != "Warehouse 6 (5 picked), Home shelf 7, Market stall 3" {
		t.Errorf("it lies at %s", got)
	}
	if no := s.command("transfer-stock", `{"sku":"HOODIE-M","from":"warehouse","to":"main","quantity":2}`, http.StatusConflict); !strings.Contains(no, "so 1 of HOODIE-M can go") {
		t.Errorf("what an order is sent with goes: %q", no)
	}
	if no := s.command("choose-location", s.about(`,"location":"market-stall"`), http.StatusConflict); !strings.Contains(no, "At Market stall there are 3 of 5 HOODIE-M") {
		t.Errorf("chosen where there is too little: %q", no)
	}
	s.command("choose-location", s.about(`,"location":"main"`), http.StatusOK)
	s.until("somebody chose another location", func() bool { return s.page().Origin.Sentence == "Ships from Home shelf: somebody chose it." })
	s.command("choose-location", s.about(`,"location":"warehouse"`), http.StatusOK)
	s.command("ship-order", s.about(`,"carrier":"Royal Mail","tracking":"AB123456789GB"`), http.StatusOK)
	s.until("the order is sent", func() bool { f := s.page().Flow; return f != nil && f.State == "finished" })
	if o := s.page().Origin; o == nil || o.Sentence != "Left from Warehouse." || len(o.Others) > 0 {
		t.Errorf("of what was sent the order's page says %+v", o)
	}
	s.until("its units left from the warehouse", func() bool { return s.places() == "Warehouse 1, Home shelf 7, Market stall 3" })
	s.until("the shop lists the rest", func() bool { return listed() == 8 })

	s.owns(plans.SetLocation{Location: "warehouse", Name: "Warehouse", Ships: false}.Plan(workspace.Main))
	s.until("the shop lists no more what does not ship", func() bool { s.passed.Add(int64(time.Second)); return listed() == 7 })
	closing, err := plans.CloseLocation{Location: "warehouse", To: "main"}.Plan(t.Context(), s.hub.Views, workspace.Main)
	fatal(t, err)
	s.owns(closing)
	s.until("a closed location's units are elsewhere", func() bool { return s.places() == "Home shelf 8, Market stall 3" && listed() == 8 })

	books, err := audit.Log(t.Context(), s.hub.Log, s.hub.Views, func(context.Context, []string) ([]string, error) { return nil, nil })
	if err != nil || books.Count > 0 || !books.Compared {
		t.Errorf("the books: %q, compared %t, %v", books.Findings, books.Compared, err)
	}
}
