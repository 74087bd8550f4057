package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/creatorflow/creatorflow/channels"

	commandevents "github.com/creatorflow/creatorflow/domain/events/commands"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// changes counts the events behind a position, but for those that say that something was refused.
func (s *site) changes(t *testing.T, after eventlog.Position) (n int) {
	t.Helper()
	records, err := s.log.ReadAll(t.Context(), after, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if _, refused := r.Event.(commandevents.Refused); !refused {
			n++
		}
	}
	return n
}

// TestRefusedIsKept: what was refused stands in the log, once, with who asked and what, and not what they typed as the reason.
func TestRefusedIsKept(t *testing.T) {
	s := newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	id := v7()
	for _, status := range []int{409, 409} { // the second is a replay
		if a := s.command(t, nil, "adjust-stock", `{"sku":"HAT","delta":-3,"reason":"for Ana"}`, id, "Authorization", bearer); a.StatusCode != status {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
	records, err := s.log.ReadStream(t.Context(), eventlog.Stream{Workspace: "main", Kind: commandevents.Kind, ID: "stock/HAT"}, 0, 10)
	if err != nil || len(records) != 1 {
		t.Fatalf("%d events, %v, want 1", len(records), err)
	}
	e := records[0].Event.(commandevents.Refused)
	var asked map[string]any
	if err := json.Unmarshal([]byte(e.Asked), &asked); err != nil || len(asked) != 2 || asked["sku"] != "HAT" || asked["delta"] != -3.0 ||
		e.Command != "adjust-stock" || e.Key != id || e.Why == "" || records[0].Actor == "" || records[0].Cause != "command:"+id {
		t.Errorf("kept %+v by %s, cause %s", e, records[0].Actor, records[0].Cause)
	}
	if n := s.changes(t, 0); n != 0 {
		t.Errorf("it changed something: %d events", n)
	}
}

// TestRefusedAgain: a program that asks again and again, under a key of its own each time, is in the log once; another wish is news.
func TestRefusedAgain(t *testing.T) {
	s := newSite(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	for _, delta := range []int{-3, -3, -3, -4, -4} {
		if a := s.command(t, nil, "adjust-stock", fmt.Sprintf(`{"sku":"HAT","delta":%d,"reason":"broken"}`, delta), v7(), "Authorization", bearer); a.StatusCode != 409 {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
	records, err := s.log.ReadAll(t.Context(), 0, 100)
	if err != nil || len(records) != 2 {
		t.Errorf("%d events of two wishes, %v", len(records), err)
	}
}

// TestRefusedNamesNobody: who buys, what a webhook says and what a person typed stay out of the log when a command is refused.
func TestRefusedNamesNobody(t *testing.T) {
	s := newSite(t, func(o *gateway.Options) {
		o.KeepBuyer = func(context.Context, string, channels.Order) (string, orderevents.Destination, error) {
			return "person:1", orderevents.Destination{}, nil
		}
	})
	bearer := "Bearer " + s.key(t, accounts.Operator)
	number, _, err := s.vault.Put(t.Context(), vault.Delivery{Channel: "tiktok", App: "app", Delivery: "1", Body: []byte(`{"name":"Ana"}`), State: vault.Quarantined})
	fatal(t, err)
	letter := letters.InboxID(number)
	_, err = s.log.Append(t.Context(), eventlog.Write{Stream: letterevents.Stream(workspace.Main, letter), Events: []eventlog.Event{
		letterevents.Opened{Letter: letter, Inbox: number}, letterevents.Discarded{Letter: letter},
	}})
	fatal(t, err)
	refused := map[string]string{
		"place-order": `{"connection":"k9","number":"M-1","currency":"GBP","lines":[{"sku":"HAT","name":"for Ana","quantity":1,"price":100}],"pay":"elsewhere",
			"buyer":{"name":"Ana Lima","address":"1 First Street","email":"ana@example.org","phone":"+44 1"}}`,
		"correct-deadletter": `{"id":"` + letter + `","body":"{\"name\":\"Ana Lima\"}","reason":"Ana called"}`,
		"import-stock":       `{"lines":["sku,counted,reason","HAT,3,returned by Ana"]}`,
		"discard-deadletter": `{"id":"` + letter + `","reason":"Ana called"}`,
	}
	for name, body := range refused {
		if a := s.command(t, nil, name, body, v7(), "Authorization", bearer); a.StatusCode != 409 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
	}
	records, err := s.log.ReadAll(t.Context(), 2, 100)
	if err != nil || len(records) != len(refused) {
		t.Errorf("%d events of %d refused commands, %v", len(records), len(refused), err)
	}
	for _, r := range records {
		text, err := json.Marshal(r.Event)
		fatal(t, err)
		for _, part := range []string{"Ana", "First Street", "example.org", "+44"} {
			if bytes.Contains(text, []byte(part)) {
				t.Errorf("%s is in the log: %s", part, text)
			}
		}
	}
}
