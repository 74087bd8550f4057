package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/corrections"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/vault"
)

// TestCorrectedLetter: a webhook that cannot be read is corrected by hand. The copy is taken in, what was received stays as it
// came, and the log says who changed which field, without a value. One that is wrong again has a letter of its own.
func TestCorrectedLetter(t *testing.T) {
	r := newRig(t, knobs{silent: true})
	id := r.place(shopID, false)
	broken := strings.Replace(hint(1, shopID, id, r.now()), `"`+id+`"`, `"`+id+` /x"`, 1)
	if status := r.post(broken); status != 200 {
		t.Fatal(status)
	}
	r.until("it has a letter", func() bool { return len(r.opened()) == 1 })
	if e := r.opened()[0]; e.Letter != "inbox-1" || e.Field != "data.order_id" {
		t.Fatalf("opened %+v", e)
	}
	desk := corrections.Desk{Vault: r.vault, Workspace: "main"}
	correct := func(letter, body string) error {
		request, err := desk.Plan(t.Context(), corrections.Correction{ID: letter, Body: body, Reason: "a stray ending"})
		if err == nil {
			request.Meta = eventlog.Meta{Actor: "user:ana"}
			_, err = r.log.Execute(t.Context(), request)
		}
		return err
	}
	var invalid *edge.Problem
	for _, no := range []struct {
		letter, body string
		err          error
	}{
		{"inbox-1", broken, letters.ErrSame},
		{"inbox-8", `{}`, letters.ErrNone},
		{letters.OrderID(r.shop.ID + ":" + id), `{}`, letters.ErrRecord},
	} {
		if err := correct(no.letter, no.body); !errors.Is(err, no.err) {
			t.Errorf("%s with %s: %v, want %v", no.letter, no.body, err, no.err)
		}
	}
	if err := correct("inbox-1", `{"type":`); !errors.As(err, &invalid) {
		t.Errorf("with what is no JSON: %v", err)
	}
	r.must(correct("inbox-1", strings.Replace(broken, id+" /x", id+"/y", 1)))
	r.until("the copy has a letter", func() bool { return len(r.opened()) == 2 })
	second := r.opened()[1].Letter
	r.must(correct(second, strings.Replace(broken, id+" /x", id, 1)))
	r.until("the order is there", func() bool { return strings.HasPrefix(r.names(r.shop, id), "placed") })
	r.caughtUp()
	if err := correct("inbox-1", `{}`); !errors.Is(err, letters.ErrClosed) {
		t.Errorf("once more: %v", err)
	}
	first := r.wantState(1, vault.Superseded)
	if string(first.Body) != broken || !strings.Contains(first.Reason, "A person corrected it") {
		t.Errorf("what was received is %s, %q", first.Body, first.Reason)
	}
	told := found[letterevents.Corrected](r)
	if len(told) != 2 || told[0].Inbox != 1 || !slices.Equal(told[0].Fields, []string{"data.order_id"}) || told[1].Letter != second {
		t.Fatalf("told %+v", told)
	}
	r.wantState(told[0].Copy, vault.Superseded)
	r.wantState(told[1].Copy, vault.Done)
	for _, record := range r.records() {
		if e, ok := record.Event.(letterevents.Corrected); ok && (record.Actor != "user:ana" || strings.Contains(string(record.Data), id)) {
			t.Errorf("%s: %+v", record.Actor, e)
		}
	}
	if s := r.status(r.shop); s.Quarantined != 0 {
		t.Errorf("%d are still quarantined", s.Quarantined)
	}
	before := len(r.records())
	r.restart(nil) // the decisions are read again, and done once
	r.caughtUp()
	if got := len(r.records()); got != before {
		t.Errorf("%d events more after a restart", got-before)
	}
}
