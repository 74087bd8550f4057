package amazon_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/outbound"
)

type object = map[string]any

// models are the vendor's own descriptions of its calls (testdata says from where).
type models struct {
	Models []struct {
		Calls []struct {
			Name       string            `json:"name"`
			Method     string            `json:"method"`
			Path       string            `json:"path"`
			Parameters []object          `json:"parameters"`
			Answers    map[string]object `json:"answers"`
		} `json:"calls"`
		Definitions object `json:"definitions"`
	} `json:"models"`
	Change object `json:"order_change"`
}

// judge holds what passes between connector and simulator against the models.
type judge struct {
	models
	mu     sync.Mutex
	seen   map[string]bool // names of calls
	faults []string
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	raw, err := os.ReadFile("testdata/models.json")
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{seen: map[string]bool{}}
	if err := json.Unmarshal(raw, &j.models); err != nil {
		t.Fatal(err)
	}
	return j
}

// check tells what a value breaks of a schema.
func check(schema, definitions object, at string, v any) (faults []string) {
	if ref, ok := schema["$ref"].(string); ok {
		named, ok := definitions[ref[strings.LastIndex(ref, "/")+1:]].(object)
		if !ok {
			return []string{at + ": no definition " + ref}
		}
		return check(named, definitions, at, v)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		faults = append(faults, fmt.Sprintf("%s: %v is none of %v", at, v, enum))
	}
	properties, _ := schema["properties"].(object)
	kind, _ := schema["type"].(string)
	if kind == "" && properties != nil {
		kind = "object"
	}
	switch kind {
	case "object":
		o, ok := v.(object)
		if !ok {
			return append(faults, fmt.Sprintf("%s: %v is no object", at, v))
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := o[name.(string)]; !ok {
				faults = append(faults, at+": "+name.(string)+" is missing")
			}
		}
		for name, value := range o {
			property, known := properties[name].(object)
			if known {
				faults = append(faults, check(property, definitions, at+"."+name, value)...)
			} else if len(properties) > 0 && schema["additionalProperties"] == nil {
				faults = append(faults, at+": "+name+" is not in the model")
			}
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return append(faults, fmt.Sprintf("%s: %v is no list", at, v))
		}
		items, _ := schema["items"].(object)
		for i, item := range list {
			faults = append(faults, check(items, definitions, at+"["+strconv.Itoa(i)+"]", item)...)
		}
		if most, ok := schema["maxItems"].(float64); ok && float64(len(list)) > most {
			faults = append(faults, at+": too many")
		}
	case "string":
		text, ok := v.(string)
		if !ok {
			return append(faults, fmt.Sprintf("%s: %v is no string", at, v))
		}
		if schema["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				faults = append(faults, at+": "+text+" is no time")
			}
		}
		if pattern, ok := schema["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(text) {
			faults = append(faults, at+": "+text+" does not match "+pattern)
		}
	case "integer", "number":
		n, ok := v.(float64)
		if !ok || kind == "integer" && n != float64(int64(n)) {
			return append(faults, fmt.Sprintf("%s: %v is no %s", at, v, kind))
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			faults = append(faults, fmt.Sprintf("%s: %v is no boolean", at, v))
		}
	}
	return faults
}

// serve passes a call on and judges it and its answer.
func (j *judge) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		faults := j.call(r, body, kept.Code, kept.Body.Bytes())
		j.mu.Lock()
		j.faults = append(j.faults, faults...)
		j.mu.Unlock()
		maps.Copy(w.Header(), kept.Header())
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}

func (j *judge) call(r *http.Request, body []byte, status int, answer []byte) (faults []string) {
	for _, m := range j.Models {
		for _, c := range m.Calls {
			pattern := "^" + regexp.QuoteMeta(strings.NewReplacer("{", "<", "}", ">").Replace(c.Path))
			pattern = regexp.MustCompile(`<\w+>`).ReplaceAllString(pattern, "[^/]+") + "$"
			if r.Method != c.Method || !regexp.MustCompile(pattern).MatchString(r.URL.EscapedPath()) {
				continue
			}
			j.mu.Lock()
			j.seen[c.Name] = true
			j.mu.Unlock()
			query := r.URL.Query()
			for _, p := range c.Parameters {
				name, _ := p["name"].(string)
				at := c.Name + " " + name
				switch p["in"] {
				case "query":
					values, given := query[name]
					delete(query, name)
					if !given {
						if p["required"] == true {
							faults = append(faults, at+": missing")
						}
						continue
					}
					faults = append(faults, check(p, m.Definitions, at, parameter(p, values[0]))...)
				case "body":
					var v any
					if err := json.Unmarshal(body, &v); err != nil {
						return append(faults, at+": "+err.Error())
					}
					schema, _ := p["schema"].(object)
					faults = append(faults, check(schema, m.Definitions, at, v)...)
				}
			}
			for name := range query {
				faults = append(faults, c.Name+": the parameter "+name+" is not in the model")
			}
			if status >= 300 {
				return faults
			}
			schema, known := c.Answers[strconv.Itoa(status)]
			if !known {
				return append(faults, fmt.Sprintf("%s answers %d, which is not in the model", c.Name, status))
			}
			if len(schema) == 0 {
				return faults
			}
			var v any
			if err := json.Unmarshal(answer, &v); err != nil {
				return append(faults, c.Name+" answers "+err.Error())
			}
			return append(faults, check(schema, m.Definitions, c.Name+" answers", v)...)
		}
	}
	if !slices.Contains([]string{"/auth/o2/token", "/"}, r.URL.Path) && !strings.HasPrefix(r.URL.Path, "/feed-documents/") {
		faults = append(faults, r.Method+" "+r.URL.Path+" is in no model")
	}
	return faults
}

// parameter is a query parameter's value in the type that the model gives it.
func parameter(p object, value string) any {
	switch p["type"] {
	case "integer":
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			return n
		}
	case "array":
		list := []any{}
		for _, item := range strings.Split(value, ",") {
			list = append(list, item)
		}
		return list
	}
	return value
}

// A shop is connected again although its news go to a queue of somebody else's, which is left alone.
func TestConnectingWhileNewsGoElsewhere(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	r.Redirect(seller, "arn:aws:sqs:eu-west-1:999988887777:another")
	refresh, err := r.RefreshToken(seller)
	r.must(err)
	before := r.Counts().Requests["POST /notifications/v1/subscriptions/{type}"]
	if _, shops, err := amazon.Vendor.Authorize(t.Context(), r.opening, r.grant(refresh)); err != nil || len(shops) != 1 {
		t.Errorf("connected %v, %v", shops, err)
	}
	if n := r.Counts().Requests["POST /notifications/v1/subscriptions/{type}"]; n != before {
		t.Errorf("asked for the news %d times", n-before)
	}
}

// News of quantities need an event source in the owner's AWS account: nobody asks Amazon for one unless the owner said so.
func TestNewsOfQuantitiesAreAskedForBySetting(t *testing.T) {
	for asked, want := range map[string]int{"": 0, "yes": 1} {
		r := newRig(t, channelstest.Knobs{})
		refresh, err := r.RefreshToken(seller)
		r.must(err)
		given := r.grant(refresh)
		given["quantity-news"] = asked
		_, shops, err := amazon.Vendor.Authorize(t.Context(), r.opening, given)
		r.must(err)
		o := r.opening
		o.Connection.Extra = shops[0].Extra
		o.Tokens = amazon.Vendor.Keeper(o, r.tokens)
		c := amazon.New(o)
		counts := func() (destinations, subscriptions int) {
			n := r.Counts().Requests
			return n["POST /notifications/v1/destinations"], n["POST /notifications/v1/subscriptions/{type}"]
		}
		destinations, subscriptions := counts()
		added := 0
		for range 3 {
			s, err := c.Listen(t.Context())
			r.must(err)
			if s.Topic == wire.QuantityChange {
				added++
			}
		}
		more, others := counts()
		if more-destinations != want || others-subscriptions != want || added != want {
			t.Errorf("%q: %d destinations and %d subscriptions were asked for, %d told; want %d", asked, more-destinations, others-subscriptions, added, want)
		}
		for _, f := range c.Examine(t.Context(), "") {
			if f.Check == channels.CheckWebhooks && (f.State != channels.Green || strings.Contains(f.Found, "quantities") != (want > 0)) {
				t.Errorf("%q: examined: %+v", asked, f)
			}
		}
	}
	r := newRig(t, channelstest.Knobs{})
	refresh, err := r.RefreshToken(seller)
	r.must(err)
	for _, wrong := range []map[string]string{{"quantity-news": "perhaps"}, {"queue-url": ""}} {
		given := r.grant(refresh)
		for name, value := range wrong {
			given[name] = value
		}
		if _, _, err := amazon.Vendor.Authorize(t.Context(), r.opening, given); err == nil || !strings.Contains(err.Error(), "quantity-news") {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}

// What the connector asks and the simulator answers is held against Amazon's own models, call by call.
func TestAgainstTheModels(t *testing.T) {
	j := newJudge(t)
	r := newRig(t, channelstest.Knobs{})
	server := httptest.NewServer(j.serve(r.Handler()))
	t.Cleanup(server.Close)
	c := r.everyCall(server.URL)
	messages, err := c.Queue().Receive(t.Context(), time.Second)
	if err != nil || len(messages) == 0 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	for _, m := range messages {
		var v any
		r.must(json.Unmarshal(m.Body, &v))
		j.faults = append(j.faults, check(j.Change, nil, "ORDER_CHANGE", v)...)
	}
	for _, fault := range j.faults {
		t.Error(fault)
	}
	for _, m := range j.Models {
		for _, call := range m.Calls {
			if !j.seen[call.Name] {
				t.Errorf("%s was never called", call.Name)
			}
		}
	}
}

// everyCall lets a connector that finds Amazon at an address do all that it can, and makes the calls that the simulator answers and
// the connector does not make.
func (r *rig) everyCall(address string) *amazon.Connector {
	t := r.t
	t.Helper()
	client, err := outbound.NewClient(address)
	r.must(err)
	t.Cleanup(client.CloseIdleConnections)
	o := r.opening
	o.App.BaseURL, o.App.AuthURL, o.Client = address, address, client
	r.Unsubscribe(seller)
	refresh, err := r.RefreshToken(seller)
	r.must(err)
	given := r.grant(refresh)
	given["queue-url"] = r.QueueURL(address)
	_, shops, err := amazon.Vendor.Authorize(t.Context(), o, given)
	r.must(err)
	o.Connection = shops[0]
	o.Tokens = amazon.Vendor.Keeper(o, r.tokens)
	c := amazon.New(o)
	h := handle{r}
	product, listing := h.List("MUG, white", "5.00", 10)
	h.List("HOODIE-M", "19.99", 10)
	_, err = r.AddListing(seller, amazonsim.Listing{SKU: "FBA-1", Title: "Cap", Price: "9.00", Quantity: 4, AFN: true})
	r.must(err)
	order := h.Place(false, channelstest.Line{Listing: "HOODIE-M", Price: "19.99", Quantity: 2})
	h.Place(true, channelstest.Line{Listing: listing, Price: "5.00", Quantity: 1})
	h.Place(false, channelstest.Line{Listing: "FBA-1", Price: "9.00", Quantity: 1})
	cancelled := h.Place(false, channelstest.Line{Listing: "HOODIE-M", Price: "19.99", Quantity: 1})
	h.Cancel(cancelled)
	h.Pass(3 * time.Minute)
	page, err := c.Changed(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "")
	if err != nil || len(page.Orders) != 4 || len(page.Invalid) != 0 {
		t.Fatalf("changed: %d orders, %v, %v", len(page.Orders), page.Invalid, err)
	}
	list, err := c.Listings(t.Context(), "")
	if err != nil || len(list.Listings) != 2 { // what Amazon's warehouse holds is left out
		t.Fatalf("listings %+v, %v", list, err)
	}
	if got, err := c.Quantities(t.Context(), []string{listing, "HOODIE-M"}); err != nil || len(got) != 2 {
		t.Fatalf("quantities %+v, %v", got, err)
	}
	r.must(c.SetQuantity(t.Context(), product, listing, 3))
	half := channels.Parcel{Reference: "p-1", Carrier: "Royal Mail", Service: "Tracked 48", Tracking: "RM1GB", Items: []channels.ParcelItem{{ListingID: "HOODIE-M", Quantity: 1}}}
	if _, err := c.Send(t.Context(), order, half); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), order, channels.Parcel{Reference: "p-2", Carrier: "Pony Express", Tracking: "PE2"}); err != nil {
		t.Fatal(err)
	}
	if parcels, err := c.Parcels(t.Context(), order); err != nil || len(parcels) != 2 || parcels[0].Items[0] != half.Items[0] || parcels[1].Carrier != "Pony Express" {
		t.Errorf("parcels %+v, %v", parcels, err)
	}
	_, err = r.RequestReturn(seller, order, "HOODIE-M", 1, "DEFECTIVE")
	r.must(err)
	returned := 0
	for range 2 { // the first asks for the report
		page, err := c.ClaimsChanged(t.Context(), channels.Return, time.Time{}, time.Time{}, "")
		r.must(err)
		returned += len(page.Claims)
	}
	if returned != 1 {
		t.Errorf("%d returns", returned)
	}
	for _, f := range c.Examine(t.Context(), "") {
		if f.State != channels.Green {
			t.Errorf("examined: %+v", f)
		}
	}
	r.api(address)
	return c
}

func (r *rig) api(address string) {
	r.t.Helper()
	token := func() string {
		t, err := r.opening.Tokens.Current(r.t.Context())
		r.must(err)
		return t.Access
	}()
	ask := func(method, path string, body any) (out object) {
		r.t.Helper()
		raw, err := json.Marshal(body)
		r.must(err)
		q, err := http.NewRequestWithContext(r.t.Context(), method, address+path, bytes.NewReader(raw))
		r.must(err)
		q.Header.Set("x-amz-access-token", token)
		q.Header.Set("Content-Type", "application/json")
		q.Close = true
		answer, err := http.DefaultClient.Do(q)
		r.must(err)
		defer func() { _ = answer.Body.Close() }()
		r.must(json.NewDecoder(answer.Body).Decode(&out))
		return out
	}
	ask(http.MethodGet, "/fba/inventory/v1/summaries?granularityType=Marketplace&granularityId="+place+"&marketplaceIds="+place, nil)
	document := ask(http.MethodPost, "/feeds/2021-06-30/documents", object{"contentType": "text/xml"})["feedDocumentId"].(string)
	ask(http.MethodGet, "/feeds/2021-06-30/documents/"+url.PathEscape(document), nil)
	feed := ask(http.MethodPost, "/feeds/2021-06-30/feeds", object{
		"feedType": "POST_ORDER_ACKNOWLEDGEMENT_DATA", "marketplaceIds": []string{place}, "inputFeedDocumentId": document,
	})["feedId"].(string)
	ask(http.MethodGet, "/feeds/2021-06-30/feeds/"+feed, nil)
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"sellingpartnerapi::notifications"}, "client_id": {"amzn1.client"}, "client_secret": {"client-secret"},
	}
	answer, err := http.PostForm(address+"/auth/o2/token", form)
	r.must(err)
	defer func() { _ = answer.Body.Close() }()
	var login struct {
		Access string `json:"access_token"`
	}
	r.must(json.NewDecoder(answer.Body).Decode(&login))
	token = login.Access
	ask(http.MethodPost, "/notifications/v1/destinations", object{
		"name": "again", "resourceSpecification": object{"sqs": object{"arn": "arn:aws:sqs:eu-west-1:111122223333:cf-spapi"}},
	})
}
