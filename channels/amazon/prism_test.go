package amazon_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/channelstest"
)

// TestThroughPrism puts Prism between connector and simulator: it serves Amazon's own models and lets nothing through that they do not
// describe, neither a request nor an answer, by rules that share nothing with ours.
func TestThroughPrism(t *testing.T) {
	j := newJudge(t)
	r := newRig(t, channelstest.Knobs{})
	var host string // by which the simulator is known, also behind Prism
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.Host = host
		r.Handler().ServeHTTP(w, q)
	}))
	t.Cleanup(shop.Close)
	prism := httputil.NewSingleHostReverseProxy(j.prism(t, shop.URL))
	var faults []string
	var mu sync.Mutex
	prism.ModifyResponse = func(answer *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		if broken := answer.Header.Get("sl-violations"); broken != "" {
			faults = append(faults, answer.Request.Method+" "+answer.Request.URL.Path+": "+broken)
		}
		return nil
	}
	described := j.described()
	seen := map[string]bool{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		for name, path := range described {
			if path.MatchString(q.Method + " " + q.URL.EscapedPath()) {
				mu.Lock()
				seen[name] = true
				mu.Unlock()
				prism.ServeHTTP(w, q)
				return
			}
		}
		r.Handler().ServeHTTP(w, q) // logins, the queue, and where documents lie
	}))
	t.Cleanup(front.Close)
	host = front.Listener.Addr().String()
	r.everyCall(front.URL)
	for _, fault := range faults {
		t.Error(fault)
	}
	if len(seen) != len(described) {
		t.Errorf("%d of %d calls were made: %v", len(seen), len(described), seen)
	}

	// It does refuse: an order without the marketplace that the model requires, and one that is asked for by another verb.
	for _, wrong := range []string{"GET /fba/inventory/v1/summaries", "PATCH /listings/2021-08-01/items/" + seller + "/MUG?marketplaceIds=" + place} {
		method, path, _ := strings.Cut(wrong, " ")
		q, err := http.NewRequestWithContext(t.Context(), method, front.URL+path, strings.NewReader(`{}`))
		r.must(err)
		q.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(q)
		r.must(err)
		_ = answer.Body.Close()
		if answer.Header.Get("sl-violations") == "" && answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s passed with %d", wrong, answer.StatusCode)
		}
	}
}

// described are the calls of the models, by name: verb and path.
func (j *judge) described() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for _, m := range j.Models {
		for _, call := range m.Calls {
			path := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(call.Path), `[^/]+`)
			all[call.Name] = regexp.MustCompile("^" + call.Method + " " + path + "$")
		}
	}
	return all
}

// document is the models as one description. Names of definitions get their model's number; what an answer other than a success looks
// like is left open, as testdata does not have it.
func (j *judge) document(t *testing.T) []byte {
	t.Helper()
	paths, definitions := map[string]object{}, object{}
	for i, m := range j.Models {
		named := func(v, into any) {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.ReplaceAll(text, []byte(`"#/definitions/`), []byte(`"#/definitions/m`+strconv.Itoa(i)))
			if err := json.Unmarshal(text, into); err != nil {
				t.Fatal(err)
			}
		}
		for name, d := range m.Definitions {
			var definition any
			named(d, &definition)
			definitions["m"+strconv.Itoa(i)+name] = definition
		}
		for _, call := range m.Calls {
			responses := object{"default": object{"description": "anything"}}
			for status, schema := range call.Answers {
				answer := object{"description": "success"}
				if len(schema) > 0 {
					answer["schema"] = schema
				}
				responses[status] = answer
			}
			var operation any
			named(object{"operationId": call.Name, "parameters": call.Parameters, "responses": responses}, &operation)
			if paths[call.Path] == nil {
				paths[call.Path] = object{}
			}
			paths[call.Path][strings.ToLower(call.Method)] = operation
		}
	}
	text, err := json.Marshal(object{
		"swagger": "2.0", "info": object{"title": "Amazon", "version": "1"}, "consumes": []string{"application/json"}, "produces": []string{"application/json"},
		"paths": paths, "definitions": definitions,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// prism starts Prism before a shop and returns where.
func (j *judge) prism(t *testing.T, shop string) *url.URL {
	t.Helper()
	program, err := filepath.Abs("amazonsim/sdktest/node_modules/.bin/prism")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("Prism is not installed: run `make test`, or `npm ci` in channels/amazon/amazonsim/sdktest")
	}
	document := filepath.Join(t.TempDir(), "amazon.json")
	if err := os.WriteFile(document, j.document(t), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.CommandContext(t.Context(), program, "proxy", document, shop, "--host", "127.0.0.1", "--port", port, "--errors")
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // ended by the test's end
		close(ended)
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			return &url.URL{Scheme: "http", Host: address}
		}
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("prism ended: %s", said.String())
		}
	}
}
