package hub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	flowevents "github.com/creatorflow/creatorflow/domain/events/flows"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
)

// watch opens the socket of a screen for one topic. What comes is in the order in which it came; the first is the value as it was.
func (c *clinic) watch(topic string) <-chan json.RawMessage {
	c.t.Helper()
	header := http.Header{"Authorization": {"Bearer " + c.key}}
	var conn *websocket.Conn
	c.until("the socket opens", func() bool { // the part that serves sockets may not have begun yet
		got, answer, err := websocket.DefaultDialer.DialContext(c.t.Context(), "ws"+strings.TrimPrefix(c.address, "http")+"/live", header)
		if err != nil && answer == nil {
			c.t.Fatal(err)
		}
		conn = got
		return err == nil
	})
	c.t.Cleanup(func() { _ = conn.Close() })
	for _, line := range []string{`{"id":1,"connect":{}}`, fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, topic)} {
		fatal(c.t, conn.WriteMessage(websocket.TextMessage, []byte(line)))
	}
	values := make(chan json.RawMessage, 1000)
	go func() {
		defer close(values)
		for {
			_, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			for line := range bytes.Lines(message) {
				type publication struct{ Data json.RawMessage }
				var r struct {
					Subscribe struct{ Publications []publication }
					Push      struct{ Pub *publication }
				}
				if bytes.Equal(bytes.TrimSpace(line), []byte("{}")) {
					_ = conn.WriteMessage(websocket.TextMessage, []byte("{}")) // a ping; an error shows when reading
				}
				_ = json.Unmarshal(line, &r) // what is none of these has no value
				for _, p := range r.Subscribe.Publications {
					values <- p.Data
				}
				if r.Push.Pub != nil {
					values <- r.Push.Pub.Data
				}
			}
		}
	}()
	return values
}

// frame waits for the first value of a topic that fits.
func frame[T any](t *testing.T, values <-chan json.RawMessage, what string, fits func(T) bool) T {
	t.Helper()
	for deadline := time.After(time.Minute); ; {
		select {
		case text, open := <-values:
			var v T
			if !open {
				t.Fatalf("the socket closed before %s", what)
			}
			fatal(t, json.Unmarshal(text, &v))
			if fits(v) {
				return v
			}
		case <-deadline:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// TestEachFailureIsToldWithItsCause: whatever way a shop fails, the third time in a row (the second where we are not let in) is an
// event with its cause and its mend, and open screens get both by themselves.
func TestEachFailureIsToldWithItsCause(t *testing.T) {
	t.Parallel()
	answer := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}
	for _, test := range []struct {
		name          string
		front         http.HandlerFunc
		error, remedy string
	}{
		{"500", answer(http.StatusInternalServerError, `{"code":36009003,"message":"Internal error"}`), "does not answer", "tried again by itself"},
		{"401", answer(http.StatusUnauthorized, `{"code":105002,"message":"access token is expired"}`), "no longer lets us in", "Connect the shop again"},
		{"429", answer(http.StatusTooManyRequests, `{"code":36009002,"message":"too many requests"}`), "asks to slow down", "tried again by itself"},
		{"no answer in time", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then is it heard that the client gives up
			<-r.Context().Done()
		}, "does not answer", "tried again by itself"},
		{"garbage", answer(http.StatusOK, `<html>gateway</html>`), "does not answer", "tried again by itself"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t, "", func(o *hub.Options) {
				o.Poll, o.Client = 50*time.Millisecond, &http.Client{Timeout: 300 * time.Millisecond, Transport: &http.Transport{}}
			})
			type shops struct {
				Items []struct{ ID, State, Error, Mend string }
			}
			mine := func(s shops, state string) (text string, ok bool) {
				for _, i := range s.Items {
					if i.ID == c.connection.ID && i.State == state {
						return i.Error + " " + i.Mend, true
					}
				}
				return "", false
			}
			values := c.watch("sync")
			frame(t, values, "the shop is well", func(s shops) bool { _, ok := mine(s, "ok"); return ok })
			c.front.Store(&test.front)
			failing := frame(t, values, "a screen says that it fails", func(s shops) bool { _, ok := mine(s, "failing"); return ok })
			came := time.Now()
			text, _ := mine(failing, "failing")
			if !strings.Contains(text, test.error) || !strings.Contains(text, test.remedy) {
				t.Errorf("the screen says %q, want %q and %q", text, test.error, test.remedy)
			}
			records, err := c.hub.Log.ReadStream(t.Context(), shopevents.Connection(workspace.Main, c.connection.ID), 0, 1000)
			fatal(t, err)
			i := slices.IndexFunc(records, func(r eventlog.Record) bool { _, ok := r.Event.(shopevents.Failing); return ok })
			if i < 0 {
				t.Fatal("the log does not say that the shop fails")
			}
			r := records[i]
			if e := r.Event.(shopevents.Failing); !strings.Contains(e.Reason, test.error) || !strings.Contains(e.Mend, test.remedy) {
				t.Errorf("the log says %+v", e)
			}
			if r.Correlation != c.connection.ID || r.Cause != "poll:"+c.connection.ID {
				t.Errorf("caused by %q, of %q: want the poll and the connection", r.Cause, r.Correlation)
			}
			t.Logf("%v from the event to the frame", came.Sub(r.At))
		})
	}
}

// TestEndOfAFlowReachesTheScreen: the figures of an order that has gone through stand on an open screen; how soon is printed.
func TestEndOfAFlowReachesTheScreen(t *testing.T) {
	t.Parallel()
	c := newClinic(t, own)
	_, err := c.AddProduct(shopID, tiktoksim.Product{Title: "Cap", SKUs: []tiktoksim.SKU{{ID: "17290001", SellerSKU: "CAP", Price: "9.00", Quantity: 90}}})
	fatal(t, err)
	d := &desk{clinic: c}
	d.command("receive-stock", `{"sku":"CAP","quantity":90}`, http.StatusOK)
	values := c.watch("kpis")
	type kpis struct {
		Position   int64
		Automation struct {
			Finished int64
			Mean     *float64 `json:"mean_seconds"`
		}
	}
	frame(t, values, "the figures are there", func(kpis) bool { return true })
	const orders = 20
	var took []time.Duration
	for n := range int64(orders) {
		_, err := c.PlaceOrder(shopID, tiktoksim.NewOrder{
			BuyerID: "9001", BuyerName: "Ana", Address: fmt.Sprintf("%d High Street", n), City: "Leeds", PostalCode: "LS1 1AA", Lines: []tiktoksim.Line{{SKUID: "17290001", Quantity: 1, Price: "9.00"}},
		})
		fatal(t, err)
		got := frame(t, values, "the figures count the order", func(k kpis) bool { return k.Automation.Finished > n })
		came := time.Now()
		if got.Automation.Mean == nil || *got.Automation.Mean <= 0 {
			t.Errorf("%d orders took %v on average", n+1, got.Automation.Mean)
		}
		records, err := c.hub.Log.ReadAll(t.Context(), 0, 100_000)
		fatal(t, err)
		for _, r := range slices.Backward(records) {
			if _, ended := r.Event.(flowevents.Finished); ended {
				took = append(took, came.Sub(r.At))
				if got.Position < int64(r.Position) {
					t.Errorf("the figures count order %d and name position %d, which is before %d, where its flow ended", n, got.Position, r.Position)
				}
				break
			}
		}
	}
	slices.Sort(took)
	if len(took) != orders {
		t.Fatalf("%d of %d flows ended", len(took), orders)
	}
	t.Logf("from the end of a flow to the frame: median %v, p95 %v", took[orders/2], took[orders*95/100-1])
}
