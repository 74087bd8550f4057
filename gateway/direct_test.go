package gateway_test

import (
	"strings"
	"testing"

	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Where orders are entered here nothing is listed, so nothing can be written there.
func TestDirectSalesAreNotWritten(t *testing.T) {
	s := newSite(t)
	owner := "Bearer " + s.key(t, accounts.Owner)
	for id, want := range map[string]int{"k8": 200, "k9": 409} {
		e := shopevents.Connected{Connection: id, Channel: map[string]string{"k8": "tiktok", "k9": "direct"}[id], App: "a1", ShopID: "1", Name: "Shop"}
		_, err := s.log.Append(t.Context(), eventlog.Write{Stream: shopevents.Connection(workspace.Main, id), Events: []eventlog.Event{e}})
		fatal(t, err)
		a := s.command(t, nil, "push-quantities", `{"connection":"`+id+`","on":true}`, v7(), "Authorization", owner)
		if a.StatusCode != want || want == 409 && !strings.Contains(string(a.text), "Direct sales have no listings") {
			t.Errorf("%s: %d %s, want %d", e.Channel, a.StatusCode, a.text, want)
		}
	}
}
