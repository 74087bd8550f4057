package gateway_test

import (
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// An order that was cancelled late has one letter with one way to put its units back, and that works once.
func TestPutBack(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	w, order := workspace.Main, "k7:576"
	id := fulfilment.ReturnID(order)
	write := func(stream eventlog.Stream, expected eventlog.Version, all ...eventlog.Event) {
		t.Helper()
		_, err := s.log.Append(t.Context(), eventlog.Write{Stream: stream, Expected: expected, Events: all})
		fatal(t, err)
	}
	write(orderevents.Stream(w, order), 1, orderevents.Matched{Order: order, SKUs: []string{"85123A"}}, orderevents.Cancelled{Order: order})
	write(stockevents.Stream(w, "85123A"), 1,
		stockevents.Reserved{SKU: "85123A", Order: order, Attempt: 1, Quantity: 2}, stockevents.Shipped{SKU: "85123A", Order: order, Attempt: 1, Quantity: 2})
	write(eventlog.Stream{Workspace: w, Kind: fulfilment.Kind, ID: order}, 0, flows.Started{Kind: fulfilment.Kind, Flow: order}, flows.Finished{Flow: order})
	bearer := "Bearer " + s.key(t, accounts.Operator)
	do := func(command, id string, status int, detail string) {
		t.Helper()
		a := s.command(t, nil, command, `{"id":"`+id+`","reason":"found on the shelf"}`, v7(), "Authorization", bearer)
		if a.StatusCode != status {
			t.Fatalf("%s %s: %d %s, want %d", command, id, a.StatusCode, a.text, status)
		}
		if status == 200 {
			return
		}
		if p := a.problem(t); !strings.Contains(p.Detail, detail) {
			t.Errorf("%s %s: %q, want a sentence with %q", command, id, p.Detail, detail)
		}
	}
	stock := func(want string) {
		t.Helper()
		s.caught(t)
		if a := s.ask(t, nil, "GET", "/api/v1/stock/85123A", "", "Authorization", bearer); !strings.Contains(compact(t, a.text), want) {
			t.Errorf("%s, want %s", compact(t, a.text), want)
		}
	}
	do("put-back", id, 409, "no such dead letter")
	write(letterevents.Stream(w, id), 0, letterevents.Opened{Letter: id, Connection: "k7", Subject: order, Reason: "It was cancelled late."})
	short := fulfilment.ShortID(order)
	write(letterevents.Stream(w, short), 0, letterevents.Opened{Letter: short, Connection: "k7", Subject: order, Reason: "Count."})
	s.caught(t)
	list := compact(t, s.ask(t, nil, "GET", "/api/v1/deadletters", "", "Authorization", bearer).text)
	for _, want := range []string{`"kind":"stock"`, `"actions":["put-back","discard"]`, `"actions":["discard"]`} {
		if !strings.Contains(list, want) {
			t.Errorf("listed %s, want %s in it", list, want)
		}
	}
	stock(`"on_hand":38`)
	do("replay-deadletter", id, 409, "nothing to take in again")
	do("put-back", short, 422, "")
	do("put-back", id, 200, "")
	stock(`"on_hand":40`)
	do("put-back", id, 409, "closed already")
	do("discard-deadletter", id, 409, "closed already")
	stock(`"on_hand":40`)
	do("discard-deadletter", short, 200, "")
	s.caught(t)
	if list := compact(t, s.ask(t, nil, "GET", "/api/v1/deadletters", "", "Authorization", bearer).text); !strings.Contains(list, `"total":0`) {
		t.Errorf("still listed: %s", list)
	}
}
