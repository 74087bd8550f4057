package amazonsim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/queue"
)

// What is received and not deleted comes again, in any order; what is deleted does not.
func TestQueueRedelivers(t *testing.T) {
	r := newRig(t, Config{})
	r.subscribe()
	for range 3 {
		r.place(NewOrder{}) // each is told of as Pending, then Unshipped
	}
	receipts, bodies := r.receive()
	if len(bodies) != 6 {
		t.Fatalf("%d messages", len(bodies))
	}
	if _, again := r.receive(); len(again) != 0 {
		t.Errorf("%d messages come while they are hidden", len(again))
	}
	if status, _ := r.sqs("DeleteMessage", obj{"QueueUrl": base + "/111122223333/cf-spapi", "ReceiptHandle": receipts[0]}, nil); status != http.StatusOK {
		t.Errorf("delete: %d", status)
	}
	r.now = r.now.Add(30 * time.Second)
	fresh, again := r.receive()
	if len(again) != 5 || strings.Join(again, "") == strings.Join(bodies[1:], "") {
		t.Errorf("%d messages came again, in the same order: %v", len(again), strings.Join(again, "") == strings.Join(bodies[1:], ""))
	}
	var old []obj
	for i, receipt := range receipts[1:] {
		old = append(old, obj{"Id": string(rune('a' + i)), "ReceiptHandle": receipt})
	}
	r.sqs("DeleteMessageBatch", obj{"QueueUrl": base + "/111122223333/cf-spapi", "Entries": old}, nil)
	if r.Waiting() != 5 {
		t.Errorf("a receipt of before deleted something: %d wait", r.Waiting())
	}
	for i := range fresh {
		old[i]["ReceiptHandle"] = fresh[i]
	}
	r.sqs("DeleteMessageBatch", obj{"QueueUrl": base + "/111122223333/cf-spapi", "Entries": old}, nil)
	if c := r.Counts().Queue; r.Waiting() != 0 || c.Sent != 6 || c.Received != 11 || c.Redelivered != 5 || c.Deleted != 6 {
		t.Errorf("%d wait, %+v", r.Waiting(), c)
	}
}

func TestNotificationFaults(t *testing.T) {
	r := newRig(t, Config{Visibility: time.Hour})
	r.place(NewOrder{}) // before anybody subscribed: nobody is told
	r.subscribe()
	tests := []struct {
		faults   Faults
		messages int
		readable bool
	}{
		{Faults{}, 2, true}, {Faults{Duplicate: 1}, 4, true}, {Faults{Lose: 1}, 0, true}, {Faults{Garble: 1}, 2, false}, {Faults{Delay: 1}, 2, true},
	}
	for _, tt := range tests {
		r.SetFaults(tt.faults)
		r.place(NewOrder{})
		if tt.faults.Delay > 0 {
			if _, got := r.receive(); len(got) != 0 {
				t.Errorf("%d messages were not late", len(got))
			}
			r.now = r.now.Add(5 * time.Second)
		}
		_, bodies := r.receive()
		ids := map[string]bool{}
		for _, body := range bodies {
			var n struct {
				Metadata struct{ NotificationID string } `json:"NotificationMetadata"`
			}
			if err := json.Unmarshal([]byte(body), &n); (err == nil) != tt.readable {
				t.Errorf("%+v: %v", tt.faults, err)
			}
			ids[n.Metadata.NotificationID] = true
		}
		if len(bodies) != tt.messages || tt.readable && len(bodies) > 0 && len(ids) != 2 {
			t.Errorf("%+v: %d messages, %d notification ids", tt.faults, len(bodies), len(ids))
		}
	}
	r.SetFaults(Faults{})
	r.Unsubscribe(seller)
	r.place(NewOrder{})
	if _, got := r.receive(); len(got) != 0 {
		t.Error("told without a subscription")
	}
}

// News of quantities go to an event bus alone, and a rule leads them on to the queue, each in an event: of an edit by hand, a sale, a
// cancellation that puts units back, and a write once it takes effect.
func TestQuantityNews(t *testing.T) {
	r := newRig(t, Config{Restock: true, ApplyDelay: time.Minute, Visibility: time.Hour})
	own := r.token
	app := r.login(url.Values{"grant_type": {"client_credentials"}, "scope": {notifications}})
	destination := func(resource obj) (status int, id any) {
		r.token = app
		status, out, _ := r.call(http.MethodPost, "/notifications/v1/destinations", obj{"name": "cf", "resourceSpecification": resource})
		r.token = own
		made, _ := out["payload"].(map[string]any)
		return status, made["destinationId"]
	}
	const topic = "/notifications/v1/subscriptions/LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
	_, queue := destination(obj{"sqs": obj{"arn": "arn:aws:sqs:eu-west-1:111122223333:cf-spapi"}})
	if status, _, _ := r.call(http.MethodPost, topic, obj{"payloadVersion": "1.0", "destinationId": queue}); status != http.StatusBadRequest {
		t.Errorf("a queue is taken for quantities: %d", status)
	}
	if status, _ := destination(obj{"eventBridge": obj{"region": "eu-west-1", "accountId": "999988887777"}}); status != http.StatusBadRequest {
		t.Errorf("the bus of another account is taken: %d", status)
	}
	_, bus := destination(obj{"eventBridge": obj{"region": "eu-west-1", "accountId": "111122223333"}})
	if status, out, _ := r.call(http.MethodPost, topic, obj{"payloadVersion": "1.0", "destinationId": bus}); status != http.StatusOK {
		t.Fatalf("subscription: %d %v", status, out)
	}
	told := func(what string, want int) {
		t.Helper()
		_, bodies := r.receive()
		var n struct {
			Type   string `json:"detail-type"`
			Detail struct {
				Type    string `json:"NotificationType"`
				Payload struct {
					Seller   string `json:"SellerId"`
					SKU      string `json:"Sku"`
					Quantity int
				}
			} `json:"detail"`
		}
		if len(bodies) != 1 || json.Unmarshal([]byte(bodies[0]), &n) != nil || n.Type != "LISTINGS_ITEM_MFN_QUANTITY_CHANGE" || n.Detail.Type != n.Type ||
			n.Detail.Payload.Seller != seller || n.Detail.Payload.SKU != skuA || n.Detail.Payload.Quantity != want {
			t.Errorf("%s: %v, want one of %d", what, bodies, want)
		}
	}
	r.must(r.SetQuantity(seller, skuA, 4))
	told("an edit", 4)
	r.must(r.SetQuantity(seller, skuA, 4))
	if _, bodies := r.receive(); len(bodies) != 0 {
		t.Errorf("told of nothing: %v", bodies)
	}
	order := r.place(NewOrder{})
	told("a sale", 3)
	r.must(r.CancelOrder(seller, order, "NO_LONGER_NEEDED"))
	told("a cancellation", 4)
	m, l, err := r.market.Listing(seller, skuA)
	r.must(err)
	r.market.SetStock(m, l, market.Availability{Quantity: 8, Merge: true}, false)
	if _, bodies := r.receive(); len(bodies) != 0 {
		t.Errorf("told before it takes effect: %v", bodies)
	}
	r.now = r.now.Add(time.Minute)
	told("a write", 8)
}

func TestQueueChecksSignatures(t *testing.T) {
	r := newRig(t, Config{})
	body := obj{"QueueUrl": base + "/111122223333/cf-spapi"}
	for name, tt := range map[string]struct {
		edit   func(*http.Request)
		status int
	}{
		"good":           {nil, http.StatusOK},
		"none":           {func(q *http.Request) { q.Header.Del("Authorization") }, http.StatusForbidden},
		"another secret": {func(q *http.Request) { resign(q, r.now, "AKIDSIM", "x", "eu-west-1") }, http.StatusForbidden},
		"another key":    {func(q *http.Request) { resign(q, r.now, "AKIDX", "sim-secret", "eu-west-1") }, http.StatusForbidden},
		"another region": {func(q *http.Request) { resign(q, r.now, "AKIDSIM", "sim-secret", "us-east-1") }, http.StatusForbidden},
		"an hour old":    {func(q *http.Request) { resign(q, r.now.Add(-time.Hour), "AKIDSIM", "sim-secret", "eu-west-1") }, http.StatusForbidden},
		"another action": {func(q *http.Request) { q.Header.Set("X-Amz-Target", "AmazonSQS.DeleteMessage") }, http.StatusForbidden},
	} {
		if status, out := r.sqs("ReceiveMessage", body, tt.edit); status != tt.status {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if status, out := r.sqs("ReceiveMessage", obj{"QueueUrl": base + "/1/another"}, nil); status != http.StatusBadRequest {
		t.Errorf("another queue: %d %v", status, out)
	}
	if got := r.Counts().Unsigned; got != 6 {
		t.Errorf("%d refusals counted", got)
	}
}

func resign(q *http.Request, at time.Time, key, secret, region string) {
	raw := `{"QueueUrl":"` + base + `/111122223333/cf-spapi"}`
	sign(q, []byte(raw), at, key, secret, region)
}

// The vector was computed by two libraries that are not ours.
func TestVector(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Key     string         `json:"access_key"`
			Secret  string         `json:"secret_key"`
			Region  string         `json:"region"`
			URL     string         `json:"url"`
			Headers map[string]any `json:"headers"`
			Body    string         `json:"body"`
			Want    string         `json:"expected_authorization"`
		} `json:"aws_sigv4_sqs_receive"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		q := httptest.NewRequest(http.MethodPost, v.URL, strings.NewReader(v.Body))
		for name, value := range v.Headers {
			if text, ok := value.(string); ok {
				q.Header.Set(name, text)
			}
		}
		q.Header.Set("Authorization", v.Want)
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Fatal(err)
		}
		c := queue.Credentials{Key: v.Key, Secret: v.Secret, Region: v.Region}
		at := time.Date(2026, 1, 1, 0, 0, 5, 0, time.UTC)
		if kind, message := c.Check(q, body, at); kind != "" {
			t.Errorf("the vector is refused: %s %s", kind, message)
		}
		if kind, _ := c.Check(q, append(body, ' '), at); kind == "" {
			t.Error("another body passes")
		}
	}
}

// A long poll ends with the first message, or when its time is over.
func TestLongPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Clock: time.Now})
		r.subscribe()
		poll := obj{"QueueUrl": base + "/111122223333/cf-spapi", "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20}
		begun := time.Now()
		if _, out := r.sqs("ReceiveMessage", poll, nil); out["Messages"] != nil || time.Since(begun) != 20*time.Second {
			t.Errorf("an empty queue answered %v after %v", out, time.Since(begun))
		}
		r.now = time.Now()
		begun = r.now
		go func() {
			<-time.After(7 * time.Second)
			r.place(NewOrder{})
		}()
		if _, out := r.sqs("ReceiveMessage", poll, nil); out["Messages"] == nil || time.Since(begun) != 7*time.Second {
			t.Errorf("a message answered %v after %v", out, time.Since(begun))
		}
	})
}
