package instagramsim

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestSDK lets public clients that share nothing with us read the catalogue, write to it and judge the webhooks' signatures.
func TestSDK(t *testing.T) {
	for _, name := range []string{"facebook-nodejs-business-sdk", "@octokit/webhooks-methods"} {
		if _, err := os.Stat("sdktest/node_modules/" + name); err != nil {
			t.Fatal("the public clients are not installed: run `make test`, or `npm ci` in channels/instagram/instagramsim/sdktest")
		}
	}
	r := newRig(t, Config{Clock: time.Now})
	for n, code := range []string{"SKU-1", "SKU-2", "SKU-3", "SKU-4", "SKU-5"} {
		r.item(code, 10+n)
	}
	type delivery struct {
		Body      string `json:"body"`
		Signature string `json:"signature"`
	}
	webhooks := []delivery{}
	r.SetCallback("http://hub.test/", "comments")
	for _, text := range []string{"need this hoodie 🔥 café", "https://example.test/a\"b"} {
		r.comment(Comment{Text: text})
		header, body := r.next()
		webhooks = append(webhooks, delivery{string(body), header.Get("X-Hub-Signature-256")})
	}
	list, err := json.Marshal(webhooks)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), "node", "drive.mjs")
	cmd.Dir = "sdktest"
	cmd.Env = append(os.Environ(), "SIM_URL="+server.URL, "TOKEN="+r.token, "CATALOG="+catalogID, "APP_SECRET="+appSecret, "WEBHOOKS="+string(list))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("node drive.mjs: %v\n%s%s", err, errs.String(), out.String())
	}
	var got struct {
		Found   [][]any  `json:"found"`
		Pages   int      `json:"pages"`
		Signed  []bool   `json:"signed"`
		Status  string   `json:"status"`
		Errors  int      `json:"errors"`
		Invalid []string `json:"invalid"`
		After   int      `json:"after"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	want := [][]any{{"SKU-1", 10.0}, {"SKU-2", 11.0}, {"SKU-3", 12.0}, {"SKU-4", 13.0}, {"SKU-5", 14.0}}
	if !reflect.DeepEqual(got.Found, want) || got.Pages != 3 {
		t.Errorf("pages: %+v", got)
	}
	if got.Status != "finished" || got.Errors != 1 || !slices.Equal(got.Invalid, []string{"SKU-9"}) || got.After != 7 {
		t.Errorf("the batch: %+v", got)
	}
	if !slices.Equal(got.Signed, []bool{true, true}) {
		t.Errorf("signatures: %v, want each good for the bytes that were sent and for no others", got.Signed)
	}
	if n := r.Counts().Writes["SKU-1"]; n != 1 {
		t.Errorf("SKU-1 written %d times", n)
	}
	if r.Counts().Codes[190] != 1 || r.Counts().Requests["items_batch"] != 1 {
		t.Errorf("counts %+v", r.Counts())
	}
}
