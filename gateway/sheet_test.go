package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/files"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// sheetBody is a sheet as the route and the command take it.
func sheetBody(t *testing.T, lines ...string) string {
	t.Helper()
	text, err := json.Marshal(map[string][]string{"lines": lines})
	fatal(t, err)
	return string(text)
}

// A sheet goes out, somebody counts while orders come in, and what comes back books what was counted: all of it or nothing, once.
func TestStockSheet(t *testing.T) {
	s := newSite(t)
	operator := "Bearer " + s.key(t, accounts.Operator)
	stock := func(sku string) inventory.State {
		state, err := s.log.Fold(t.Context(), inventory.Fold(workspace.Main, sku))
		fatal(t, err)
		return state.Value.(inventory.State)
	}
	for _, sku := range []string{"A-1", "=B"} {
		_, err := s.log.Append(t.Context(), eventlog.Write{Stream: stockevents.Stream(workspace.Main, sku), Events: []eventlog.Event{
			stockevents.Received{SKU: sku, Name: "Mug, blue", Quantity: 10},
		}})
		fatal(t, err)
	}
	s.caught(t)
	file := s.ask(t, nil, http.MethodGet, "/api/v1/sheets/stock", "", "Authorization", operator)
	if file.StatusCode != 200 || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") || !strings.Contains(file.Header.Get("Content-Disposition"), "stock.csv") {
		t.Fatalf("%d %v %s", file.StatusCode, file.Header, file.text)
	}
	lines := strings.Split(string(file.text), "\r\n")
	if len(lines) != 4 || lines[1] != "'=B,\"Mug, blue\",10,0,10,0,,," || lines[2] != "A-1,\"Mug, blue\",10,0,10,0,,," {
		t.Fatalf("%q", lines)
	}
	lines[1] = strings.Replace(lines[1], ",0,,,", ",0,8,,shelf 3", 1)

	_, err := s.log.Append(t.Context(), eventlog.Write{Stream: stockevents.Stream(workspace.Main, "=B"), Expected: 1, Events: []eventlog.Event{
		stockevents.Reserved{SKU: "=B", Order: "k7:1", Attempt: 1, Quantity: 3}, stockevents.Shipped{SKU: "=B", Order: "k7:1", Attempt: 1, Quantity: 3},
	}})
	fatal(t, err)
	lines[3] = "NEW,,,,,,,25,first delivery"
	var preview files.SheetPreview
	a := s.ask(t, nil, http.MethodPost, "/api/v1/sheets/stock", sheetBody(t, lines...), "Authorization", operator)
	fatal(t, json.Unmarshal(a.text, &preview))
	if want := []files.SheetChange{{Line: 2, SKU: "=B", Was: 7, Will: 5}, {Line: 4, SKU: "NEW", Will: 25, New: true}}; a.StatusCode != 200 || fmt.Sprint(preview.Changes) != fmt.Sprint(want) || preview.Blank != 1 || len(preview.Faults) > 0 {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	if stock("=B").OnHand() != 7 || stock("NEW").Known {
		t.Fatal("a preview wrote")
	}
	key := v7()
	for range 2 {
		if a := s.command(t, nil, "import-stock", sheetBody(t, lines...), key, "Authorization", operator); a.StatusCode != 200 {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
	if stock("=B").OnHand() != 5 || stock("NEW").OnHand() != 25 || stock("A-1").OnHand() != 10 {
		t.Errorf("%+v %+v %+v", stock("=B"), stock("NEW"), stock("A-1"))
	}

	records, err := s.log.ReadStream(t.Context(), stockevents.Stream(workspace.Main, "=B"), 3, 10)
	fatal(t, err)
	adjusted, ok := records[0].Event.(stockevents.Adjusted)
	if !ok || len(records) != 1 || adjusted.Delta != -2 || adjusted.Reason != "Counted 8, the ledger said 10. shelf 3" || !strings.HasPrefix(records[0].Actor, "key:") {
		t.Errorf("the ledger does not say who corrected by how much and why: %+v", records)
	}
	if a := s.command(t, nil, "adjust-stock", `{"sku":"=B","delta":1,"reason":" "}`, v7(), "Authorization", operator); a.StatusCode != 409 || !strings.Contains(string(a.text), "needs a reason") {
		t.Errorf("without a reason: %d %s", a.StatusCode, a.text)
	}

	// the same sheet once more: what it was counted against is not what the ledger says any more
	if a := s.command(t, nil, "import-stock", sheetBody(t, lines...), v7(), "Authorization", operator); a.StatusCode != 409 || !strings.Contains(string(a.text), "Line 2: Somebody else corrected this SKU by -2") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if stock("NEW").OnHand() != 25 {
		t.Error("half of a sheet was booked")
	}
	a = s.command(t, nil, "import-stock", sheetBody(t, "sku,counted", "A-1,ten", "A-1,11"), v7(), "Authorization", operator)
	if p := a.problem(t); a.StatusCode != 422 || !strings.Contains(p.Detail, "Line 2: counted must be a whole number") || len(p.Errors) != 1 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if a := s.command(t, nil, "import-stock", sheetBody(t, lines...), v7(), "Authorization", "Bearer "+s.key(t, accounts.Viewer)); a.StatusCode != 403 {
		t.Errorf("a viewer: %d", a.StatusCode)
	}
	many := []string{"sku,received"}
	for i := range 3000 {
		many = append(many, fmt.Sprintf("M-%d,1", i))
	}
	if a := s.command(t, nil, "import-stock", sheetBody(t, many...), v7(), "Authorization", operator); a.StatusCode != 200 || stock("M-2999").OnHand() != 1 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
}
